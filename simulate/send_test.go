package simulate

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/telegram"
)

// An api of nothing but a door: it notes what comes, and refuses as it is told.
type door struct {
	mu      sync.Mutex
	refuse  func(request int) (status int) // 0 lets it in
	came    int
	bodies  []string
	request []*http.Request
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.came++
	if d.refuse != nil {
		if status := d.refuse(d.came); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	d.bodies, d.request = append(d.bodies, string(body)), append(d.request, r)
	w.WriteHeader(http.StatusOK)
}

func playerAt(t *testing.T, d *door, l line) *player {
	t.Helper()
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	p := &player{
		Options: Options{Bot: "b", AtOnce: 8, Patience: 10 * time.Second}, client: client.New(server.URL, "key", 8), line: l,
		campaign: Generate(1, 50), people: newPeople(), tally: &tally{},
	}
	for who := range p.campaign.People {
		p.people.meet(idString(who), idOf(who))
	}
	return p
}

func idString(who int) string { return strconv.FormatInt(externalID(who), 10) }

func sendingsOf(visits ...Visit) []placed {
	var all []placed
	for _, visit := range visits {
		all = append(all, placed{Sending: Sending{Visit: visit}})
	}
	return all
}

func TestEveryWebhookOfAWaveIsAcknowledgedWhateverTheAPISaysAtFirst(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(int) int{
		"all is well":   nil,
		"it is busy":    func(request int) int { return map[bool]int{true: http.StatusTooManyRequests}[request%3 == 0] },
		"it is away":    func(request int) int { return map[bool]int{true: http.StatusServiceUnavailable}[request < 20] },
		"a bad gateway": func(request int) int { return map[bool]int{true: http.StatusBadGateway}[request%5 == 0] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &door{refuse: refuse}
			p := playerAt(t, d, genericLine{})
			plan := p.campaign.forecast(Weather{Duplicates: 0.5, Reorder: 0.5, Lost: 0.2, Delay: time.Millisecond})
			want := 0
			for _, wave := range plan.waves {
				want += len(wave)
				if err := p.send(t.Context(), wave); err != nil {
					t.Fatal(err)
				}
			}
			if len(d.bodies) != want || int(p.tally.acknowledged.Load()) != want {
				t.Errorf("%d of %d webhooks came, %d were acknowledged", len(d.bodies), want, p.tally.acknowledged.Load())
			}
			if retried := int(p.tally.errors.Load()); retried != d.came-want {
				t.Errorf("%d errors were counted instead of %d", retried, d.came-want)
			}
		})
	}
}

func TestWhatTryingAgainCantMendEndsTheCampaignAtOnce(t *testing.T) {
	t.Parallel()
	d := &door{refuse: func(int) int { return http.StatusUnauthorized }}
	p := playerAt(t, d, genericLine{})
	err := p.send(t.Context(), sendingsOf(p.campaign.Waves[1]...))
	if !client.Is(err, http.StatusUnauthorized) || d.came > p.AtOnce {
		t.Errorf("after %d requests: %v", d.came, err)
	}
}

func TestAnAPIThatStaysAwayIsGivenUp(t *testing.T) {
	t.Parallel()
	d := &door{refuse: func(int) int { return http.StatusServiceUnavailable }}
	p := playerAt(t, d, genericLine{})
	p.Patience = 10 * time.Millisecond
	if err := p.send(t.Context(), sendingsOf(p.campaign.Waves[0][0])); !client.Is(err, http.StatusServiceUnavailable) {
		t.Errorf("it says %v", err)
	}
}

func TestStoppingLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	d := &door{}
	p := playerAt(t, d, genericLine{})
	ctx, stop := context.WithCancel(t.Context())
	d.refuse = func(request int) int {
		if request == 10 {
			stop()
		}
		return 0
	}
	p.AtOnce = 1
	if err := p.send(ctx, sendingsOf(p.campaign.Waves[1]...)); err == nil || len(d.bodies) > 10 {
		t.Errorf("%d webhooks were sent, and it says %v", len(d.bodies), err)
	}
}

func TestRateBoundsHowFastWebhooksGoOut(t *testing.T) {
	t.Parallel()
	p := playerAt(t, &door{}, genericLine{})
	p.Rate = 100
	began := time.Now()
	if err := p.send(t.Context(), sendingsOf(p.campaign.Waves[1][:11]...)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("11 webhooks at 100 a second took %v", took)
	}
}

func TestNobodysLinkIsOpenedBeforeItIsKnown(t *testing.T) {
	t.Parallel()
	d := &door{}
	p := playerAt(t, d, genericLine{})
	p.people = newPeople()
	if err := p.send(t.Context(), sendingsOf(Visit{Number: 1, Who: 2, Deed: Invited, Through: 1})); err == nil || d.came > 0 {
		t.Errorf("%d webhooks came, and it says %v", d.came, err)
	}
}

func TestWhatAPlatformSends(t *testing.T) {
	t.Parallel()
	visits := map[string]struct {
		visit             Visit
		ref, text, onChat string
	}{
		"a greeting":     {Visit{Number: 5, Who: 3, Deed: Greets, Through: nobody}, "", "hello", "hello"},
		"the keyword":    {Visit{Number: 6, Who: 3, Deed: AsksForLink, Through: nobody}, "", "link", "link"},
		"a shared link":  {Visit{Number: 7, Who: 3, Deed: Invited, Through: 1}, "campaign1-cz000000001", "", "/start campaign1-cz000000001"},
		"a link of none": {Visit{Number: 8, Who: 3, Deed: OpensNonsense, Through: nobody, Ref: "!!!"}, "!!!", "", "/start !!!"},
	}
	for name, test := range visits {
		d := &door{}
		p := playerAt(t, d, genericLine{})
		if err := p.send(t.Context(), sendingsOf(test.visit)); err != nil {
			t.Fatal(err)
		}
		var event struct {
			ID, Account, Ref, Text string
			Contact                struct {
				ExternalID string `json:"external_id"`
			}
		}
		if err := json.Unmarshal([]byte(d.bodies[0]), &event); err != nil {
			t.Fatal(err)
		}
		if event.Ref != test.ref || event.Text != test.text || event.Contact.ExternalID != "7000000003" || event.ID == "" {
			t.Errorf("%s over generic: %s", name, d.bodies[0])
		}
		fake, err := startTelegram("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer fake.close()
		p.line = fake
		if err := p.send(t.Context(), sendingsOf(test.visit)); err != nil {
			t.Fatal(err)
		}
		checkUpdate(t, name, d, test.onChat)
	}
}

// checkUpdate reads a webhook as the house's own adapter does.
func checkUpdate(t *testing.T, name string, d *door, text string) {
	t.Helper()
	last := len(d.bodies) - 1
	account := channel.Account{Credentials: map[string]string{"secret_token": telegramSecret}}
	if err := (telegram.Adapter{}).Verify(account, d.request[last].Header, []byte(d.bodies[last])); err != nil {
		t.Errorf("%s over telegram: %v", name, err)
	}
	events, err := telegram.Adapter{}.Parse(account, []byte(d.bodies[last]))
	if err != nil || len(events) != 1 || events[0].From.ExternalID != "7000000003" {
		t.Fatalf("%s over telegram: %+v, %v", name, events, err)
	}
	said := events[0].Text
	if ref, opened := strings.CutPrefix(text, "/start "); opened {
		said, text = events[0].Ref, ref
	}
	if said != text {
		t.Errorf("%s over telegram: %s", name, d.bodies[last])
	}
}
