package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
)

const (
	webhook = "/webhooks/telegram/cafe/tg"
	signed  = "X-Telegram-Bot-Api-Secret-Token: " + webhookSecret
)

func update(id int, text string) []byte {
	return fmt.Appendf(nil, `{"update_id":%d,"message":{"message_id":%d,"date":1767322800,"text":%q,
		"from":{"id":1001,"is_bot":false,"first_name":"Ana"},"chat":{"id":1001,"type":"private","first_name":"Ana"}}}`, id, id, text)
}

// deaf is an inbox without its database.
type deaf struct{ api.Inbox }

var errDeaf = errors.New("connection to 10.0.0.7 as millennium lost")

func (deaf) Add(context.Context, string, string, []channel.Event) ([]channel.Arrived, error) {
	return nil, errDeaf
}

func (deaf) Park(context.Context, string, string, []byte, string) error { return errDeaf }

// picky is an inbox whose database refuses every event's data.
type picky struct{ api.Inbox }

func (picky) Add(context.Context, string, string, []channel.Event) ([]channel.Arrived, error) {
	return nil, fmt.Errorf("%w: a key too long", channel.ErrBadEvent)
}

func (f *front) stored(t *testing.T) (pending, parked int) {
	t.Helper()
	pending, _, err := f.books.Backlog(t.Context())
	f.check(err)
	views, err := f.books.Parked(t.Context(), "cafe", 0, 10)
	f.check(err)
	return pending, len(views)
}

func TestAWebhook(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for name, test := range map[string]struct {
		path            string
		body            string
		headers         []string
		status          int
		kind            string
		pending, parked int
	}{
		"signed and readable is stored":              {body: string(update(1, "hi")), headers: []string{signed}, status: 200, pending: 1},
		"signed, without anything for us, is fine":   {body: `{"update_id":2,"poll":{}}`, headers: []string{signed}, status: 200},
		"signed and unreadable is parked":            {body: `{"update_id": "no`, headers: []string{signed}, status: 200, parked: 1},
		"signed and empty is parked":                 {headers: []string{signed}, status: 200, parked: 1},
		"unsigned is refused":                        {body: string(update(1, "hi")), status: 401, kind: "bad_signature"},
		"signed wrongly is refused":                  {body: string(update(1, "hi")), headers: []string{signed + "x"}, status: 401, kind: "bad_signature"},
		"the admin token is no signature":            {body: string(update(1, "hi")), headers: []string{"X-Telegram-Bot-Api-Secret-Token: " + adminToken}, status: 401, kind: "bad_signature"},
		"too large is refused":                       {body: strings.Repeat(" ", 4<<20+1), headers: []string{signed}, status: 413, kind: "too_large"},
		"to an account that isn't there":             {path: "/webhooks/telegram/cafe/nosuch", headers: []string{signed}, status: 404, kind: "unknown_account"},
		"to a bot that isn't there":                  {path: "/webhooks/telegram/nosuch/tg", headers: []string{signed}, status: 404, kind: "unknown_account"},
		"to an account of another channel":           {path: "/webhooks/generic/cafe/tg", headers: []string{signed}, status: 404, kind: "unknown_account"},
		"to a generic account, which has no webhook": {path: "/webhooks/generic/cafe/own", body: "{}", headers: []string{signed}, status: 401, kind: "bad_signature"},
		"to a channel nobody speaks":                 {path: "/webhooks/pigeon/cafe/tg", body: "{}", headers: []string{signed}, status: 404, kind: "unknown_account"},
	} {
		t.Run(name, func(t *testing.T) {
			pendingBefore, parkedBefore := f.stored(t)
			if test.path == "" {
				test.path = webhook
			}
			got := f.send(t, "POST", test.path, test.body, append(test.headers, "Authorization:")...)
			if test.kind != "" {
				refused(t, got, test.status, test.kind)
			} else if got.status != test.status || len(got.body) != 0 {
				t.Errorf("%d %q", got.status, got.body)
			}
			pending, parked := f.stored(t)
			if pending -= pendingBefore; pending != test.pending {
				t.Errorf("%d events are stored", pending)
			}
			if parked -= parkedBefore; parked != test.parked {
				t.Errorf("%d are parked", parked)
			}
		})
	}
}

func TestAWebhookTwiceIsStoredOnce(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for range 3 {
		f.send(t, "POST", webhook, string(update(1, "hi")), signed)
		f.send(t, "POST", webhook, `{"update_id": "no`, signed)
	}
	if pending, parked := f.stored(t); pending != 1 || parked != 1 {
		t.Errorf("%d events and %d parked are stored", pending, parked)
	}
}

func TestAWebhookThatCanNotBeStored(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"readable": string(update(1, "hi")), "unreadable": "{"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCafe(t, func(c *api.Config) { c.Inbox = deaf{} })
			got := f.send(t, "POST", webhook, body, signed)
			refused(t, got, http.StatusServiceUnavailable, "unavailable")
			if strings.Contains(string(got.body), errDeaf.Error()) {
				t.Errorf("it shows the cause: %s", got.body)
			}
			if !strings.Contains(f.log.String(), errDeaf.Error()) || !strings.Contains(f.log.String(), "bot=cafe account=tg") {
				t.Errorf("the log doesn't name the cause and the account: %s", f.log)
			}
		})
	}
}

func TestAWebhookWhoseDataTheDatabaseRefusesIsParked(t *testing.T) {
	t.Parallel()
	f := newCafe(t, func(c *api.Config) { c.Inbox = picky{c.Inbox} })
	if got := f.send(t, "POST", webhook, string(update(1, "hi")), signed); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	if pending, parked := f.stored(t); pending != 0 || parked != 1 {
		t.Errorf("%d events and %d parked are stored", pending, parked)
	}
	said := refused(t, f.send(t, "POST", "/v1/bots/cafe/events", `{"id":"1","account":"own","contact":{"external_id":"z"}}`), http.StatusBadRequest, "bad_request")
	if !strings.Contains(said.Detail, "can't be stored") {
		t.Errorf("it says %q", said.Detail)
	}
}

func TestAParkedWebhookIsReadAgain(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	f.check(startInbox(t, f.books).Park(t.Context(), "cafe", "tg", update(5, "hi"), "an older release couldn't read it"))
	parked, err := f.books.Parked(t.Context(), "cafe", 0, 1)
	f.check(err)
	if got := f.send(t, "POST", fmt.Sprintf("/v1/bots/cafe/parked/%d/replay", parked[0].ID), ""); got.status != http.StatusAccepted {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if pending, parked := f.stored(t); pending != 1 || parked != 0 {
		t.Errorf("%d events and %d parked are stored", pending, parked)
	}
}
