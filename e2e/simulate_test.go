package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// plays runs millennium simulate against the house to its end and gives what it said and whether it exited with 0.
func (h *house) plays(arguments ...string) (out, said string, sound bool) {
	h.t.Helper()
	arguments = append([]string{"simulate", "--api", "http://" + h.address, "--token", adminToken}, arguments...)
	command := exec.CommandContext(background(h.t), binaries.millennium, arguments...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	return stdout.String(), stderr.String(), err == nil
}

func TestASimulatedCampaignEndsAsItMust(t *testing.T) {
	t.Parallel()
	for _, channel := range []string{"generic", "telegram"} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, shared, spanish())
			h.startWorker()
			play := []string{
				"--channel", channel, "--contacts", "300", "--seed", "7", "--bot", "played",
				"--duplicates", "0.05", "--reorder", "0.05", "--lost", "0.02",
			}
			out, said, sound := h.plays(append(play, "--json")...)
			if !sound {
				t.Fatalf("it differs:\n%s", said)
			}
			var report struct {
				Duplicates, Lost int
				Totals           []struct {
					What            string
					Expected, Found int
				}
			}
			h.check(json.Unmarshal([]byte(out), &report))
			if report.Duplicates == 0 || report.Lost == 0 {
				t.Errorf("the weather was too good: %+v", report)
			}
			for _, total := range report.Totals {
				if total.Expected == 0 {
					t.Errorf("nothing was to be seen of %s", total.What)
				}
			}
			h.sound()

			if _, said, sound := h.plays(play...); !sound {
				t.Fatalf("played again by the same bot, which changes nothing, it differs:\n%s", said)
			}
			_, said, sound = h.plays("--channel", channel, "--contacts", "301", "--seed", "7", "--bot", "played")
			if sound || !strings.Contains(said, "--seed") {
				t.Errorf("another campaign with the same bot: %s", said)
			}

			_, err := h.database.Exec(background(t), `
				UPDATE ledger SET delta = delta + 1 WHERE entry_id = (SELECT max(entry_id) FROM ledger WHERE bot_id = 'played')`)
			h.check(err)
			if _, said, sound := h.plays(play...); sound || !strings.Contains(said, "referral of @") {
				t.Errorf("a falsified ledger is not noticed: %s", said)
			}
		})
	}
}

func TestAnAPIKilledInTheMiddleOfACampaignIsHarmless(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	said, sound := "", false
	played := make(chan struct{})
	go func() {
		defer close(played)
		_, said, sound = h.plays("--contacts", "150", "--seed", "11", "--bot", "played", "--rate", "100", "--duplicates", "0.2")
	}()
	eventually(t, "the campaign is under way", func() error {
		if stored := one[int](h, `SELECT count(*) FROM inbox WHERE bot_id = 'played'`); stored < 40 {
			return fmt.Errorf("%d webhooks are stored", stored)
		}
		return nil
	})
	h.api.kill()
	h.startAPI()
	if <-played; !sound {
		t.Errorf("it differs:\n%s", said)
	}
	h.sound()
}
