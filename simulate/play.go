package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/millenniumm/referrals/api/client"
)

// Options say what is played, against which house, and how badly the platform behaves.
type Options struct {
	API, Token string
	Channel    string // Generic or Telegram
	// Bot plays it. Empty makes a new one, sim-<seed>-<n>; one that played the same campaign before goes on with it.
	Bot      string
	Seed     uint64
	Contacts int
	Weather
	Rate     float64       // webhooks a second; 0 is as fast as it goes
	AtOnce   int           // webhooks under way at most
	Patience time.Duration // how long nothing may go on before it is given up
	// FakeAddress is where the stand-in for Telegram listens; the house's worker must reach it.
	FakeAddress string
	Progress    io.Writer
	Live        bool // Progress is a terminal
}

const (
	mostContacts = 1_000_000
	mostAtOnce   = 1024
	mostDelay    = time.Minute
)

// Check says everything that is wrong with the options.
func (o Options) Check() error {
	var problems []error
	for _, wrong := range []struct {
		is   bool
		what string
	}{
		{o.Channel != Generic && o.Channel != Telegram, "--channel is generic or telegram"},
		{o.Contacts < 1 || o.Contacts > mostContacts, fmt.Sprintf("--contacts is a number from 1 to %d", mostContacts)},
		{
			!isShare(o.Duplicates) || !isShare(o.Reorder) || !isShare(o.Lost),
			"--duplicates, --reorder and --lost are shares from 0 to 1: 0.05 is one in twenty",
		},
		{o.Rate < 0, "--rate is events a second, or 0 for as many as it can"},
		{o.AtOnce < 1 || o.AtOnce > mostAtOnce, fmt.Sprintf("--at-once is a number from 1 to %d", mostAtOnce)},
		{o.Delay < 0 || o.Delay > mostDelay, fmt.Sprintf("--delay is a time up to %v", mostDelay)},
		{o.Patience <= 0, "--patience is a time like 1m"},
	} {
		if wrong.is {
			problems = append(problems, errors.New(wrong.what))
		}
	}
	return errors.Join(problems...)
}

func isShare(share float64) bool { return share >= 0 && share <= 1 }

// A player is one campaign being played.
type player struct {
	Options
	client   *client.Client
	line     line
	campaign Campaign
	people   *people
	tally    *tally
	codes    map[string]bool
	resumed  bool // the bot played before: the fake can't have received everything
	// mailBefore messages, up to the one of id mailSeen, belong to waves that are settled.
	mailBefore int
	mailSeen   int64
}

// Play plays a campaign and compares the house's books with what they must say. bot is the one that played, also when ctx ended or
// something failed: the same options with it go on where it stopped. The report may tell of differences without there being an error.
func Play(ctx context.Context, options Options) (report Report, bot string, err error) {
	if err := options.Check(); err != nil {
		return Report{}, options.Bot, err
	}
	p := &player{
		Options: options, client: client.New(options.API, options.Token, options.AtOnce), line: genericLine{},
		campaign: Generate(options.Seed, options.Contacts), people: newPeople(), tally: &tally{},
	}
	if options.Channel == Telegram {
		fake, err := startTelegram(options.FakeAddress)
		if err != nil {
			return Report{}, options.Bot, err
		}
		defer fake.close()
		p.line = fake
	}
	stop := p.show(ctx)
	defer stop()
	report, err = p.play(ctx)
	return report, p.Bot, err
}

// show shows the progress until the function it gives is called.
func (p *player) show(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var shown sync.WaitGroup
	shown.Go(func() { p.tally.show(ctx, p.Progress, p.Live) })
	return func() {
		cancel()
		shown.Wait()
	}
}

func (p *player) play(ctx context.Context) (Report, error) {
	began := time.Now()
	if err := p.prepare(ctx); err != nil {
		return Report{}, err
	}
	plan := p.campaign.forecast(p.Weather)
	report := Report{
		Bot: p.Bot, Channel: p.Channel, Seed: p.Seed, People: p.Contacts, Duplicates: plan.duplicates, Lost: plan.lost, Webhooks: plan.webhooks(),
	}
	var sending, settling time.Duration
	waves := 0
	for waves < len(plan.waves) && report.Stuck == "" {
		waves++
		p.tally.wave.Store(int64(waves))
		took, err := timed(func() error { return p.send(ctx, plan.waves[waves-1]) })
		if sending += took; err != nil {
			return Report{}, err
		}
		took, err = timed(func() error { report.Stuck, err = p.settle(ctx, waves); return err })
		if settling += took; err != nil {
			return Report{}, err
		}
	}
	found, err := p.find(ctx)
	if err != nil {
		return Report{}, err
	}
	report.compare(p.campaign.Expect(waves, p.line.link()), found)
	report.time(p.tally, sending, settling, time.Since(began))
	return report, nil
}

func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}
