package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/millenniumm/referrals/referral"
)

// TestWhateverTheOrderTheBooksAgree throws random openings between few people at the books, each admitted, settled and perhaps taken
// back some times over, several at once, with imports in between. A reward goes with what earned it, and can be earned again.
func TestWhateverTheOrderTheBooksAgree(t *testing.T) {
	t.Parallel()
	b := withProgram(t, strings.Replace(shopProgram, "codes: pool}", "codes: pool, on_void: revoke}", 1))
	if _, err := b.ImportCodes(t.Context(), "shop", "coffee", []string{"first"}); err != nil {
		t.Fatal(err)
	}
	imports := 0
	rapid.Check(t, func(rt *rapid.T) {
		world := fmt.Sprint("world-", b.ids.Add(1), "-") // new people each time, in the same books
		people := make([]string, 4)
		users := make([]string, len(people))
		for i := range people {
			people[i] = world + fmt.Sprint(i)
			users[i] = b.contact(people[i])
		}
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 24).Draw(rt, "steps")
		var openings []referral.Opening
		for _, step := range steps {
			openings = append(openings, b.opening(step.entryPoint, users[step.referrer], people[step.invitee]))
		}
		var group sync.WaitGroup
		failed := make(chan error, 8*len(steps))
		for worker := range 3 {
			group.Go(func() {
				for i, step := range steps {
					if step.worker == worker || step.twice {
						failed <- b.whole(openings[i])
						if step.voided {
							failed <- b.voidNow(openings[i])
						}
					}
				}
			})
		}
		imports++
		if _, err := b.ImportCodes(t.Context(), "shop", "coffee", []string{fmt.Sprint("code-", imports)}); err != nil {
			rt.Error(err)
		}
		group.Wait()
		close(failed)
		for err := range failed {
			if err != nil {
				rt.Error(err)
			}
		}
		for complaint, query := range invariants {
			if broken := b.number(query); broken != 0 {
				rt.Errorf("%d times %s", broken, complaint)
			}
		}
	})
}

type step struct {
	entryPoint                string
	referrer, invitee, worker int
	twice                     bool // every worker does it
	voided                    bool // and takes it back
}

func drawStep(rt *rapid.T) step {
	return step{
		entryPoint: rapid.SampledFrom([]string{"campaign1", "club", "friends"}).Draw(rt, "entry point"),
		referrer:   rapid.IntRange(0, 3).Draw(rt, "referrer"),
		invitee:    rapid.IntRange(0, 3).Draw(rt, "invitee"),
		worker:     rapid.IntRange(0, 2).Draw(rt, "worker"),
		twice:      rapid.Bool().Draw(rt, "twice"),
		voided:     rapid.IntRange(0, 2).Draw(rt, "voided") == 0,
	}
}

func (b books) whole(o referral.Opening) error {
	if _, err := b.Admit(b.t.Context(), o, referral.Admit); err != nil {
		return err
	}
	_, err := b.Apply(b.t.Context(), settleOf(o), referral.Play)
	return err
}

// voidNow takes a referral back as an operator and its hold do. A rejected one refuses that.
func (b books) voidNow(o referral.Opening) error {
	detail, err := b.Referrals(b.t.Context(), o.Bot, referral.Filter{Invitee: o.Invitee, Referrer: o.Referrer}, 0, 100)
	if err != nil {
		return err
	}
	for _, view := range detail {
		if view.Workflow != o.Run {
			continue
		}
		var decided *referral.DecidedError
		if err := b.Void(b.t.Context(), o.Bot, view.ID, "", day(1)); err != nil && !errors.As(err, &decided) {
			return err
		}
	}
	_, err = b.Judge(b.t.Context(), referral.Segment{Bot: o.Bot, Run: o.Run, Contact: o.Invitee, Account: "tg", Now: day(1)}, referral.Play)
	return err
}

// invariants count what must never be.
var invariants = map[string]string{
	"a field isn't the sum of its ledger": `
		SELECT count(*) FROM fields f WHERE f.number <> (
			SELECT coalesce(sum(l.delta), 0) FROM ledger l
			WHERE l.bot_id = f.bot_id AND l.contact_id = f.contact_id AND l.field = f.field)`,
	"a ledger without its field": `
		SELECT count(*) FROM ledger l WHERE NOT EXISTS (
			SELECT FROM fields f WHERE f.bot_id = l.bot_id AND f.contact_id = l.contact_id AND f.field = l.field)`,
	"two referrals credited for one attribution": `
		SELECT count(*) FROM (SELECT FROM referrals WHERE status = 'credited' GROUP BY attribution_key HAVING count(*) > 1) AS twice`,
	"a referral left pending": `SELECT count(*) FROM referrals WHERE status = 'pending'`,
	"a credited referral without its one entry": `
		SELECT count(*) FROM referrals r
		WHERE r.status <> 'voided'
		  AND (SELECT count(*) FROM ledger l WHERE l.referral_id = r.referral_id) <> (CASE r.status WHEN 'credited' THEN 1 ELSE 0 END)`,
	"a voided referral that isn't undone by one entry": `
		SELECT count(*) FROM referrals r
		WHERE r.status = 'voided' AND NOT EXISTS (
			SELECT FROM ledger l WHERE l.referral_id = r.referral_id
			HAVING coalesce(sum(l.delta), 0) = 0 AND count(*) IN (0, 2) AND count(*) FILTER (WHERE l.cause = 'reversal') = count(*) / 2)`,
	"somebody referred by themselves and credited": `SELECT count(*) FROM referrals WHERE referrer_id = invitee_id AND status = 'credited'`,
	"two credited each other where that isn't allowed": `
		SELECT count(*) FROM referrals r JOIN referrals s ON s.referrer_id = r.invitee_id AND s.invitee_id = r.referrer_id AND s.entry_point = r.entry_point
		WHERE r.status = 'credited' AND s.status = 'credited' AND r.entry_point <> 'friends'`,
	"a threshold crossed without its one grant": `
		SELECT count(*) FROM fields f WHERE (f.number >= 4)::int <> (
			SELECT count(*) FROM grants g WHERE g.contact_id = f.contact_id AND g.reward = 'coffee' AND g.revoked_at IS NULL)`,
	"a grant without a code while one is free": `
		SELECT least((SELECT count(*) FROM reward_codes WHERE grant_id IS NULL),
		             (SELECT count(*) FROM grants g
		              WHERE g.revoked_at IS NULL AND NOT EXISTS (SELECT FROM reward_codes c WHERE c.grant_id = g.grant_id)))`,
	"a message that waits though its grant has a code": `
		SELECT count(*) FROM deliveries d WHERE d.waiting_for = 'stock' AND EXISTS (SELECT FROM reward_codes c WHERE c.grant_id = d.grant_id)`,
}
