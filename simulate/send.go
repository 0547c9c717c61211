package simulate

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/millenniumm/referrals/api/client"
)

const (
	// firstPause and longestPause bound the time before the same request is made again.
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// send plays a wave: every webhook once, as fast as Rate and AtOnce let it. It returns when each is acknowledged.
func (p *player) send(ctx context.Context, sendings []placed) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	queue := make(chan Sending)
	var senders sync.WaitGroup
	for range p.AtOnce {
		senders.Go(func() {
			for sending := range queue {
				if err := p.deliver(ctx, sending); err != nil {
					fail(err)
				}
			}
		})
	}
	p.feed(ctx, sendings, queue)
	close(queue)
	senders.Wait()
	return context.Cause(ctx)
}

// feed hands out the sendings, no more of them a second than Rate.
func (p *player) feed(ctx context.Context, sendings []placed, queue chan<- Sending) {
	var apart time.Duration
	if p.Rate > 0 {
		apart = time.Duration(float64(time.Second) / p.Rate)
	}
	began := time.Now()
	for i, sending := range sendings {
		if pause(ctx, time.Until(began.Add(time.Duration(i)*apart))) != nil {
			return
		}
		select {
		case queue <- sending.Sending:
		case <-ctx.Done():
			return
		}
	}
}

// deliver sends one webhook until it is acknowledged.
func (p *player) deliver(ctx context.Context, sending Sending) error {
	if err := pause(ctx, sending.Delay); err != nil {
		return err
	}
	ref, err := p.ref(sending.Visit)
	if err != nil {
		return err
	}
	request, err := p.line.request(p.Bot, sending.Visit, p.campaign.People[sending.Visit.Who], ref)
	if err != nil {
		return fmt.Errorf("write a webhook: %w", err)
	}
	p.tally.sent.Add(1)
	return p.insist(ctx, func() error {
		began := time.Now()
		if _, _, err := p.client.Do(ctx, request); err != nil {
			return fmt.Errorf("webhook %d: %w", sending.Visit.Number, err)
		}
		p.tally.acknowledge(time.Since(began))
		return nil
	})
}

// ref is what a visit opens: somebody's link as the house gave it out, or whatever else it says.
func (p *player) ref(visit Visit) (string, error) {
	if visit.Through == nobody {
		return visit.Ref, nil
	}
	userID, known := p.people.userID(visit.Through)
	if !known {
		return "", fmt.Errorf("nothing was ever written to @%d, so nobody knows their link", visit.Through)
	}
	return entryPoint + separator + userID, nil
}

// insist asks again, as platforms do, while the api is away or busy: for Patience at most. The ids stay the same, so an api that was
// restarted in the middle loses nothing and counts nothing twice.
func (p *player) insist(ctx context.Context, ask func() error) error {
	giveUp := time.Now().Add(p.Patience)
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		err := ask()
		if err == nil || ctx.Err() != nil || !client.Passing(err) {
			return errors.Join(err, ctx.Err())
		}
		p.tally.errors.Add(1)
		if time.Now().After(giveUp) {
			return fmt.Errorf("it stayed so for %v: %w", p.Patience, err)
		}
		var problem *client.Problem
		if errors.As(err, &problem) && problem.RetryAfter > wait {
			wait = problem.RetryAfter
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
