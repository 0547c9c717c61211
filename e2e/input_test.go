package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestBadInputIsRefusedClearlyAndLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()

	t.Run("an unsigned or wrongly signed webhook is refused and nothing is stored", func(t *testing.T) {
		before := one[int](h, `SELECT count(*) FROM inbox`)
		for _, secret := range []string{"", "wrong"} {
			if status := h.post(h.update(901, luis, "Luis", "/start campaign1-c"+anaID), secret); status != http.StatusUnauthorized {
				t.Errorf("secret %q: %d instead of 401", secret, status)
			}
		}
		if after := one[int](h, `SELECT count(*) FROM inbox`); after != before {
			t.Errorf("%d rows were stored", after-before)
		}
	})
	t.Run("a signed body that can't be read is parked, visible and answered with 200", func(t *testing.T) {
		if status := h.post([]byte(`{"update_id": "no`), webhookSecret); status != http.StatusOK {
			t.Errorf("%d instead of 200", status)
		}
		var parked struct {
			Items []struct {
				ID, Kind, Reason string
				RawBytes         int `json:"raw_bytes"`
			}
		}
		h.get("/parked", &parked)
		if len(parked.Items) != 1 || parked.Items[0].RawBytes == 0 || parked.Items[0].Reason == "" {
			t.Fatalf("parked: %+v", parked)
		}
		if status, body := h.call("POST", "/v1/bots/cafe/parked/"+parked.Items[0].ID+"/replay", ""); status != http.StatusConflict {
			t.Errorf("replaying what still can't be read: %d %s", status, body)
		}
	})
	t.Run("a hostile ref is welcomed without credit", func(t *testing.T) {
		for i, ref := range []string{"'; DROP TABLE referrals; --", "campaign1-c", strings.Repeat("x", 5000), "campaign1-c../../etc", "%00", "nosuch-cabcdefghij"} {
			person := 3000 + int64(i)
			h.says(person, "Eva", "/start "+ref)
			if got := h.hears(person, 1)[0]; !strings.Contains(got, "¡Hola, Eva!") {
				t.Errorf("ref %q was answered with %q", ref, got)
			}
		}
		if credited := one[int](h, `SELECT count(*) FROM referrals WHERE status = 'credited'`); credited != 0 {
			t.Errorf("%d hostile refs were credited", credited)
		}
		booked(h, 1, `SELECT count(*) FROM referrals WHERE reason = 'unknown_entry_point'`)
	})
	t.Run("NUL and invalid UTF-8 hurt nobody", func(t *testing.T) {
		h.says(ana, "An\x00a", "hola\x00")
		broken := []byte(strings.Replace(string(h.update(950, 4001, "Bo", "ho\\u0000la")), "Bo", "B\xff\xfeo", 1))
		if status := h.post(broken, webhookSecret); status != http.StatusOK {
			t.Errorf("%d instead of 200", status)
		}
		h.open(luis, "Luis", anaID)
		h.hears(luis, 1)
	})
	t.Run("addresses and sizes", func(t *testing.T) {
		for path, want := range map[string]int{
			"/webhooks/telegram/cafe/nosuch": http.StatusNotFound,
			"/webhooks/generic/cafe/tg":      http.StatusNotFound,
			"/webhooks/telegram/nosuch/tg":   http.StatusNotFound,
		} {
			if status, body := h.call("POST", path, "{}"); status != want || !json.Valid(body) {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		if status := h.post(make([]byte, 5<<20), webhookSecret); status != http.StatusRequestEntityTooLarge {
			t.Errorf("an oversized webhook: %d", status)
		}
	})
	t.Run("a program with ten mistakes is refused with all of them and nothing is saved", func(t *testing.T) {
		status, body := h.call("PUT", "/v1/bots/cafe/program", tenMistakes)
		var refused struct {
			Problems []struct{ Path, Detail, Severity string }
		}
		h.check(json.Unmarshal(body, &refused))
		errors := 0
		for _, problem := range refused.Problems {
			if problem.Severity == "error" && problem.Path != "" && problem.Detail != "" {
				errors++
			}
		}
		if status != http.StatusUnprocessableEntity || errors != 10 {
			t.Errorf("%d with %d mistakes: %s", status, errors, body)
		}
		if version := one[int](h, `SELECT program_version FROM bots`); version != 1 {
			t.Errorf("version %d is in force", version)
		}
	})
	h.sound()
}

const tenMistakes = `
name: Ten mistakes
fields:
  points: {type: numeric}
  nick: {type: text}
entry_points:
  campaign1: {flow: nowhere}
triggers:
  - on: referred_somebody
    do: [{increment: nick}]
  - on: referred_new_contact
    entry_point: campaign2
    do: [{run_flow: check}]
flows:
  check:
    - if: {field: score, at_least: 3}
      then: [{grant_reward: mug}]
    - wait: soon
    - send: ""
    - send: "{{firstname}}"
`

func TestWhatComesBeforeAProgramIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	h.must("POST", "/v1/bots", `{"id":"later","name":"Later"}`, http.StatusCreated)
	h.must("PUT", "/v1/bots/later/accounts/own", `{"channel":"generic","settings":{"link":"https://bot.example.com/?ref={ref}"}}`, http.StatusOK)
	h.must("POST", "/v1/bots/later/events", `{"id":"1","account":"own","contact":{"external_id":"a","name":"Eva"}}`, http.StatusAccepted)
	booked(h, 1, `SELECT count(*) FROM inbox WHERE bot_id = 'later' AND parked_at IS NOT NULL`)
	h.must("PUT", "/v1/bots/later/program", spanish(), http.StatusOK)
	booked(h, 1, `SELECT count(*) FROM deliveries WHERE bot_id = 'later' AND state = 'accepted'`)
}

func TestHealthchecksTellWhoIsWell(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	well := func(part string) error {
		process, err := startChild("healthcheck", h.environment, binaries.millennium, "healthcheck", part)
		h.check(err)
		<-process.exited
		if !process.command.ProcessState.Success() {
			return errors.New(process.output.String())
		}
		return nil
	}
	h.check(well("api"))
	if well("worker") == nil {
		t.Error("a worker that was never started is called well")
	}
	h.startWorker()
	eventually(t, "the worker is well", func() error { return well("worker") })
	h.api.kill()
	if well("api") == nil {
		t.Error("an api that is dead is called well")
	}
}
