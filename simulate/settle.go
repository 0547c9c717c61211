package simulate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/api/openapi"
)

const (
	lookEvery = 200 * time.Millisecond
	// countEvery is how often messages are counted while other bots keep the inbox busy.
	countEvery = 5 * time.Second
	// lingerWithin bounds the wait for an empty inbox once all is there: what isn't ours may keep it busy for ever.
	lingerWithin = 10 * time.Second
)

// settle waits until everything the waves so far lead to is in the books and sent. When nothing goes on for Patience it says what is
// missing: that is a difference, not an error.
func (p *player) settle(ctx context.Context, waves int) (stuck string, err error) {
	expected := sum(p.campaign.Expect(waves, p.line.link()).Messages)
	p.tally.expected.Store(int64(expected))
	var last standing
	changed, counted := time.Now(), time.Time{}
	for {
		now, err := p.look(ctx)
		if err != nil {
			return "", err
		}
		now.messages = last.messages
		if now.idle() || time.Since(counted) > countEvery {
			if now.messages, err = p.sortMail(ctx); err != nil {
				return "", err
			}
			counted = time.Now()
			p.tally.settled.Store(int64(now.messages))
		}
		if now.messages >= expected && !now.open && (now.waiting == 0 || time.Since(changed) > lingerWithin) {
			return "", p.closeMail(ctx)
		}
		if now.messages != last.messages || now.waiting < last.waiting || now.open != last.open {
			changed = time.Now()
		}
		if last = now; time.Since(changed) > p.Patience {
			return now.stuck(waves, expected, p.Patience), nil
		}
		if err := pause(ctx, lookEvery); err != nil {
			return "", err
		}
	}
}

// A standing is how far the house is.
type standing struct {
	waiting  int  // in the inbox, of all bots
	open     bool // referrals are pending, or messages not final
	messages int
	temporal string
}

func (s standing) idle() bool { return s.waiting == 0 && !s.open }

func (s standing) stuck(waves, expected int, patience time.Duration) string {
	return fmt.Sprintf("nothing went on for %v after wave %d: %d of %d messages, %d events in the inbox, Temporal is %s. Is a worker running?",
		patience, waves, s.messages, expected, s.waiting, s.temporal)
}

func (p *player) look(ctx context.Context) (standing, error) {
	var ready struct {
		InboxPending int `json:"inbox_pending"`
		Temporal     string
	}
	err := p.insist(ctx, func() error { return p.client.Call(ctx, http.MethodGet, "/readyz", nil, &ready) })
	now := standing{waiting: ready.InboxPending, temporal: ready.Temporal}
	if err != nil {
		return now, err
	}
	for _, list := range []string{
		"/referrals?limit=1&status=pending",
		"/deliveries?limit=1&state=queued", "/deliveries?limit=1&state=sending", "/deliveries?limit=1&state=waiting",
	} {
		var page client.Page[struct{}]
		if err := p.get(ctx, list, &page); err != nil {
			return now, err
		}
		now.open = now.open || len(page.Items) > 0
	}
	return now, nil
}

// sortMail counts all messages and learns from those that came since the last wave who has which public id, as people learn
// their links.
func (p *player) sortMail(ctx context.Context) (int, error) {
	count := 0
	err := pages(ctx, p, "/deliveries", nil, func(deliveries []openapi.Delivery) bool {
		for _, delivery := range deliveries {
			if id, _ := strconv.ParseInt(delivery.Id, 10, 64); id <= p.mailSeen {
				return false
			}
			p.people.meet(delivery.To, delivery.UserId)
			count++
		}
		return true
	})
	return count + p.mailBefore, err
}

// closeMail marks everything up to now as seen: what is settled doesn't grow any more.
func (p *player) closeMail(ctx context.Context) error {
	var newest client.Page[openapi.Delivery]
	if err := p.get(ctx, "/deliveries?limit=1", &newest); err != nil || len(newest.Items) == 0 {
		return err
	}
	p.mailBefore = int(p.tally.settled.Load())
	p.mailSeen, _ = strconv.ParseInt(newest.Items[0].Id, 10, 64)
	return nil
}

// pages reads a list of the bot page by page, as long as it takes.
func pages[T any](ctx context.Context, p *player, path string, query url.Values, take func([]T) bool) error {
	get := func(path string, into any) error { return p.get(ctx, path, into) }
	return client.Pages(path, query, get, take)
}
