package simulate

import (
	"context"
	_ "embed" // the program the bot runs
	"fmt"
	"net/http"
	"strings"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/api/openapi"
)

//go:embed program.yaml
var programSource string

const (
	// spareCodes are in the pool beyond those that will be won.
	spareCodes = 10
	// codesAtOnce is the most the api takes in one import.
	codesAtOnce = 10_000
	mostBots    = 10_000
)

// program is what the bot runs, named after its campaign and channel.
func (p *player) program() string {
	return strings.Replace(programSource, "CAMPAIGN", p.campaign.Title()+" over "+p.Channel, 1)
}

// prepare makes the bot with everything in it, or what is missing of one that was made before.
func (p *player) prepare(ctx context.Context) error {
	if _, _, err := p.client.Do(ctx, client.Request{Method: http.MethodGet, Path: "/healthz"}); err != nil {
		return fmt.Errorf("nobody answers at %s: is the api running, as with `make run`? %v", p.API, err) //nolint:errorlint // nothing was sent: there is nothing to go on with
	}
	if err := p.makeBot(ctx); err != nil {
		return err
	}
	if err := p.saveProgram(ctx); err != nil {
		return err
	}
	if err := p.call(ctx, http.MethodPut, "/accounts/"+account, p.line.account(), nil); err != nil {
		return fmt.Errorf("connect the account: %w", err)
	}
	return p.importCodes(ctx)
}

func (p *player) makeBot(ctx context.Context) error {
	if p.Bot != "" {
		created, err := p.createBot(ctx, p.Bot)
		p.resumed = !created
		return err
	}
	for n := 1; n <= mostBots; n++ {
		p.Bot = fmt.Sprintf("sim-%d-%d", p.Seed, n)
		if created, err := p.createBot(ctx, p.Bot); created || err != nil {
			return err
		}
	}
	return fmt.Errorf("there are %d simulated bots of this seed: choose another --seed", mostBots)
}

// createBot gives false when there is a bot of this id.
func (p *player) createBot(ctx context.Context, id string) (bool, error) {
	err := p.insist(ctx, func() error {
		return p.client.Call(ctx, http.MethodPost, "/v1/bots", openapi.NewBot{Id: id, Name: p.campaign.Title()}, nil)
	})
	if client.Is(err, http.StatusConflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("create the bot %s: %w", id, err)
	}
	return true, nil
}

// saveProgram gives a new bot its program, and refuses to play with somebody else's bot or another campaign's.
func (p *player) saveProgram(ctx context.Context) error {
	path := "/v1/bots/" + p.Bot + "/program"
	var source []byte
	err := p.insist(ctx, func() (err error) {
		source, _, err = p.client.Do(ctx, client.Request{Method: http.MethodGet, Path: path})
		return err
	})
	if client.Is(err, http.StatusConflict) {
		save := client.Request{
			Method: http.MethodPut, Path: path, Body: []byte(p.program()), Header: map[string]string{"Content-Type": "application/yaml"},
		}
		if err = p.insist(ctx, func() error { _, _, err := p.client.Do(ctx, save); return err }); err != nil {
			return fmt.Errorf("save the program: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the program: %w", err)
	}
	if string(source) != p.program() {
		return fmt.Errorf(
			"the bot %s doesn't play this campaign: give the --seed, --contacts and --channel it was started with, or another --bot", p.Bot)
	}
	return nil
}

func (p *player) importCodes(ctx context.Context) error {
	count := p.campaign.Expect(wavesInAll, p.line.link()).CodesUsed + spareCodes
	p.codes = make(map[string]bool, count)
	batch := make([]string, 0, codesAtOnce)
	for i := range count {
		code := fmt.Sprintf("SIM-%07d", i+1)
		p.codes[code] = true
		if batch = append(batch, code); len(batch) < codesAtOnce && i < count-1 {
			continue
		}
		if err := p.call(ctx, http.MethodPost, "/rewards/"+coffee+"/codes", openapi.NewCodes{Codes: batch}, nil); err != nil {
			return fmt.Errorf("import codes: %w", err)
		}
		batch = batch[:0]
	}
	return nil
}

// call asks the api about the bot, as long as it takes.
func (p *player) call(ctx context.Context, method, path string, body, into any) error {
	return p.insist(ctx, func() error { return p.client.Call(ctx, method, "/v1/bots/"+p.Bot+path, body, into) })
}

func (p *player) get(ctx context.Context, path string, into any) error {
	return p.call(ctx, http.MethodGet, path, nil, into)
}
