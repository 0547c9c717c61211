package postgres_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// patientProgram has a flow that checks, waits and checks again, for both people.
const patientProgram = `
name: Patient
locale: en
fields:
  points: {type: number}
  visits: {type: number}
entry_points:
  campaign1: {flow: welcome, attribution: first_touch}
triggers:
  - on: referred_new_contact
    do:
      - if: {tag: vip, is_set: true}
        then: [{increment: points, by: 100}]
        else: [{increment: points, by: 2}]
      - if: {field: points, reaches: 2}
        then: [{grant_reward: coffee}, {send: "Your code: {{reward.code}}"}]
      - wait: 2d
      - if: {field: points, at_least: 3}
        then: [{send: "many"}]
        else: [{set: points, to: 50}]
flows:
  welcome: [{send: "Welcome"}, {increment: visits}]
rewards:
  coffee: {title: A coffee, codes: pool}
`

func (b books) timeline(id int64) []referral.Moment {
	b.t.Helper()
	_, moments, err := b.Timeline(b.t.Context(), "shop", id, 1000)
	if err != nil {
		b.t.Fatal(err)
	}
	return moments
}

// outline is what moments say, a line each: the kind, whom it happened to, and the named facts.
func outline(moments []referral.Moment, facts ...string) []string {
	lines := make([]string, len(moments))
	for i, m := range moments {
		lines[i] = string(m.Kind) + " " + m.To.Name()
		for _, name := range facts {
			if value, told := m.Data[name]; told {
				lines[i] += fmt.Sprintf(" %s=%v", name, value)
			}
		}
	}
	return lines
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func (b books) leave(delivery int64, classes ...channel.Class) {
	b.t.Helper()
	for i, class := range classes {
		b.end(b.begun(delivery), class)
		if class != "" {
			b.exec(`INSERT INTO failed_attempts (bot_id, delivery_id, attempt, error_class, error)
			        VALUES ('shop', $1, $2, $3, $4) ON CONFLICT DO NOTHING`, delivery, i+1, class, string(class)+" (1): it failed")
		}
	}
}

func TestATimelineTellsACreditedReferralInOrder(t *testing.T) {
	t.Parallel()
	b := withProgram(t, patientProgram)
	ana := b.named("tg", "ana", "Ana", "", "")
	opening := b.opening("campaign1", ana, "eva")
	admission := b.admit(opening)
	applied := b.apply(settleOf(opening))
	b.leave(applied.Lanes[0].Deliveries[0], channel.Retry, channel.Unknown, "")
	b.apply(referral.Segment{
		Bot: "shop", Run: opening.Run, Name: "settle.0", Contact: opening.Invitee, Account: "tg", From: []program.Cursor{applied.Waits[0].Cursor},
	})
	eva := opening.Invitee
	wantLines(t, outline(b.timeline(admission.Referral),
		"account", "ref", "contact", "field", "operator", "with", "before", "now", "held", "delta", "balance", "why", "reward", "threshold", "stocked",
		"text", "waiting_for", "seconds", "attempt", "class", "error", "state", "attempts", "points"),
		"opening "+eva+" account=tg ref=campaign1-c"+ana+" contact=new",
		"admitted "+eva,
		"check Ana field=tag:vip operator=is_set with=true before=false now=false held=false",
		"points Ana field=points delta=2 balance=2 why=referred_new_contact",
		"check Ana field=points operator=reaches with=2 before=0 now=2 held=true",
		"grant Ana field=points why=referred_new_contact reward=coffee threshold=2 stocked=false",
		"message Ana account=tg why=referred_new_contact text=Your code: … waiting_for=stock state=waiting",
		"message "+eva+" account=tg why=welcome text=Welcome waiting_for= state=accepted",
		"points "+eva+" field=visits delta=1 balance=1 why=welcome",
		"wait Ana seconds=172800",
		"settled "+eva+" points=2",
		"attempt "+eva+" account=tg attempt=1 class=retry error=retry (1): it failed",
		"attempt "+eva+" account=tg attempt=2 class=unknown error=unknown (1): it failed",
		"outcome "+eva+" account=tg class= error= state=accepted attempts=3",
		"check Ana field=points operator=at_least with=3 before=2 now=2 held=false",
		"set Ana field=points delta=48 balance=50 why=resume",
	)
}

func TestATimelineTellsWhyAReferralWasRefused(t *testing.T) {
	t.Parallel()
	tests := map[referral.Reason]struct {
		open func(b books, ana, bob string) referral.Opening
		want func(ana, bob, invitee string) string // who else is in the refusal
	}{
		referral.SelfReferral: {
			func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "ana") },
			func(ana, _, _ string) string { return ana },
		},
		referral.AlreadyReferred: {
			func(b books, ana, bob string) referral.Opening {
				b.refer("campaign1", bob, "eva")
				b.refer("campaign1", "aaaaaaaaaa", "eva") // refused itself: it is no reason
				return b.opening("campaign1", ana, "eva")
			},
			func(_, bob, _ string) string { return bob },
		},
		referral.MutualReferral: {
			func(b books, ana, bob string) referral.Opening {
				b.refer("campaign1", bob, "ana")
				return b.opening("campaign1", ana, "bob")
			},
			func(ana, _, _ string) string { return ana },
		},
		referral.UnknownReferrer: {
			func(b books, _, _ string) referral.Opening { return b.opening("campaign1", "aaaaaaaaaa", "eva") },
			func(_, _, _ string) string { return "" },
		},
		referral.UnknownEntryPoint: {
			func(b books, ana, _ string) referral.Opening { return b.opening("nowhere", ana, "eva") },
			func(ana, _, _ string) string { return ana },
		},
	}
	for reason, test := range tests {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, shopProgram)
			ana, bob := b.contact("ana"), b.contact("bob")
			opening := test.open(b, ana, bob)
			admission := b.admit(opening)
			b.apply(settleOf(opening))
			moments := b.timeline(admission.Referral)
			wantLines(t, outline(moments, "reason", "text"),
				"opening "+opening.Invitee, "rejected "+opening.Invitee+" reason="+string(reason), "message "+opening.Invitee+" text=Welcome, you")
			if got := moments[1].Other.UserID; got != test.want(ana, bob, opening.Invitee) {
				t.Errorf("the other one is %q", got)
			}
			_, names := moments[1].Data["earlier_referral"]
			if names != (reason == referral.AlreadyReferred) {
				t.Errorf("an earlier referral is named: %t", names)
			}
		})
	}
}

func TestATimelineTellsWhatAVoidTookBack(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	opening := b.opening("campaign1", b.named("tg", "ana", "Ana", "", ""), "eva")
	admission := b.admit(opening)
	b.apply(settleOf(opening))
	b.exec("UPDATE referrals SET status = 'voided', reason = 'voided_by_operator'")
	b.exec(`INSERT INTO ledger (bot_id, contact_id, field, delta, balance, cause, referral_id, run, segment, ordinal)
	        SELECT bot_id, contact_id, field, -delta, 0, 'reversal', referral_id, run, 'void', 0 FROM ledger`)
	moments := outline(b.timeline(admission.Referral), "cause", "delta", "reason", "points")
	wantLines(t, moments[len(moments)-3:],
		"settled "+opening.Invitee+" points=2", "points Ana cause=reversal delta=-2", "voided "+opening.Invitee+" reason=voided_by_operator")
}

func TestATimelineKnowsItsRefAfterTheInboxForgot(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	opening := b.opening("campaign1", ana, "eva")
	admission := b.admit(opening)
	b.exec("DELETE FROM inbox")
	if got := b.timeline(admission.Referral)[0].Data["ref"]; got != "campaign1-c"+ana {
		t.Errorf("the ref is %v", got)
	}
}

func TestATimelineOfAnEmptyPoolChangesWithTheImport(t *testing.T) {
	t.Parallel()
	b := withProgram(t, patientProgram)
	opening := b.opening("campaign1", b.named("tg", "ana", "Ana", "", ""), "eva")
	admission := b.admit(opening)
	b.apply(settleOf(opening))
	if _, err := b.ImportCodes(t.Context(), "shop", "coffee", []string{"LATTE"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range outline(b.timeline(admission.Referral), "stocked", "text", "state") {
		if strings.HasPrefix(line, "grant") || strings.HasPrefix(line, "message Ana") {
			got = append(got, line)
		}
	}
	wantLines(t, got, "grant Ana stocked=true", "message Ana text=Your code: LATTE state=queued")
}

func TestATimelineStopsWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	b := withProgram(t, patientProgram)
	opening := b.opening("campaign1", b.contact("ana"), "eva")
	admission := b.admit(opening)
	b.apply(settleOf(opening))
	_, moments, err := b.Timeline(t.Context(), "shop", admission.Referral, 2)
	if err != nil || len(moments) != 2 || moments[1].Kind != referral.MomentAdmitted {
		t.Errorf("%v, %v", outline(moments), err)
	}
	for bot, id := range map[string]int64{"shop": admission.Referral + 1, "another": admission.Referral} {
		if _, _, err := b.Timeline(t.Context(), bot, id, 2); !errors.Is(err, referral.ErrNotFound) {
			t.Errorf("%s, %d: %v", bot, id, err)
		}
	}
}

// TestChecksFromBeforeTheyToldTheirPlace: rows of an earlier version lack the newer members.
func TestChecksFromBeforeTheyToldTheirPlace(t *testing.T) {
	t.Parallel()
	b := withProgram(t, patientProgram)
	opening := b.opening("campaign1", b.contact("ana"), "eva")
	admission := b.admit(opening)
	b.apply(settleOf(opening))
	b.exec(`UPDATE segments SET checks = '[{"Path": "triggers[0].do[1].if", "Field": "points", "Operator": "reaches", "Before": "0", "After": "2", "Held": true}]'
	        WHERE segment = 'settle'`)
	wantLines(t, outline(b.timeline(admission.Referral), "path", "with", "now")[2:3], "check  path=triggers[0].do[1].if now=2")
}

func TestAHistoryTellsWhatHappenedToAContactNewestFirst(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	bob := b.named("tg", "bob", "Bob", "", "")
	ana := b.named("tg", "ana", "Ana", "", "")
	b.refer("campaign1", bob, "ana") // Bob brought Ana
	b.refer("campaign1", ana, "eva") // Ana brought Eva,
	b.refer("campaign1", ana, "leo") // and Leo, for which she gets a coffee
	b.refer("campaign1", ana, "ana") // and herself
	b.apply(referral.Segment{        // what she asks for herself
		Bot: "shop", Run: "flow/shop/1", Name: "flow", Contact: ana, Account: "tg",
		From: []program.Cursor{{For: program.Contact, At: "flows.welcome[0]"}},
	})
	moments, err := b.History(t.Context(), "shop", ana, referral.Newest(), 100)
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, outline(moments, "role", "status", "reason", "balance", "reward", "text", "why"),
		"message Ana text=Welcome, Ana why=flow",
		"message Ana role=invitee text=Welcome, Ana why=welcome",
		"opening Ana role=invitee status=rejected reason=self_referral",
		"message Ana role=referrer text=Your code: … why=referred_new_contact",
		"grant Ana role=referrer reward=coffee why=referred_new_contact",
		"points Ana role=referrer balance=4 why=referred_new_contact",
		"opening Ana role=referrer status=credited reason=",
		"message Ana role=referrer text=Somebody joined: 2 points why=referred_new_contact",
		"points Ana role=referrer balance=2 why=referred_new_contact",
		"opening Ana role=referrer status=credited reason=",
		"message Ana role=invitee text=Welcome, Ana why=welcome",
		"opening Ana role=invitee status=credited reason=",
		"contact Ana",
	)
	if moments[11].Other.Name() != "Bob" {
		t.Errorf("she came through %q", moments[11].Other.Name())
	}
	for bot, who := range map[string]string{"shop": "aaaaaaaaaa", "another": ana} {
		if _, err := b.History(t.Context(), bot, who, referral.Newest(), 1); !errors.Is(err, referral.ErrNotFound) {
			t.Errorf("%s, %s: %v", bot, who, err)
		}
	}
}

func TestPagesOfAHistoryHoldStillWhileMoreHappens(t *testing.T) {
	t.Parallel()
	for size := 1; size <= 5; size++ {
		t.Run(fmt.Sprintf("%d at a time", size), func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, shopProgram)
			ana := b.named("tg", "ana", "Ana", "", "")
			b.refer("campaign1", ana, "eva")
			b.refer("campaign1", ana, "leo")
			before, err := b.History(t.Context(), "shop", ana, referral.Newest(), 100)
			if err != nil {
				t.Fatal(err)
			}
			var turned []referral.Moment
			for place := referral.Newest(); ; {
				page, err := b.History(t.Context(), "shop", ana, place, size)
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 || len(turned) > len(before) { // a page that repeats itself would go on for ever
					break
				}
				turned = append(turned, page...)
				var ok bool
				if place, ok = referral.ParsePlace(page[len(page)-1].Place.String()); !ok {
					t.Fatalf("%v is no place", page[len(page)-1].Place)
				}
				b.refer("campaign1", ana, fmt.Sprintf("more-%d", rand.Int64()))
				b.exec("UPDATE deliveries SET state = 'failed', updated_at = now()")
			}
			wantLines(t, outline(turned, "text", "balance", "reward"), outline(before, "text", "balance", "reward")...)
		})
	}
}

func TestAHistoryTellsWhatBecameOfAMessage(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	opening := b.opening("campaign1", b.contact("ana"), "eva")
	b.admit(opening)
	applied := b.apply(settleOf(opening))
	lane := slices.IndexFunc(applied.Lanes, func(lane referral.Lane) bool {
		return b.text("SELECT external_id FROM deliveries WHERE delivery_id = $1", lane.Deliveries[0]) == "eva"
	})
	b.leave(applied.Lanes[lane].Deliveries[0], channel.Retry, channel.Gone)
	moments, err := b.History(t.Context(), "shop", opening.Invitee, referral.Newest(), 1)
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, outline(moments, "state", "attempts", "class"), "message "+opening.Invitee+" state=failed attempts=2 class=gone")
}

// TestAHistoryReadsOnlyItsContact: in tables of 20,000 rows, of which the contact has a part.
func TestAHistoryReadsOnlyItsContact(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.exec(`INSERT INTO contacts (bot_id, contact_id, user_id) SELECT 'shop', n, 'user' || n FROM generate_series(100000, 106000) n`)
	b.exec(`INSERT INTO referrals (bot_id, run, event_id, entry_point, referrer_id, invitee_id, kind, status, attribution_key, account, program_version, received_at)
	        SELECT 'shop', 'r' || n, n, 'campaign1', 100000 + n % 100, 100500 + n % 5000, 'new', 'credited', 'k' || n, 'tg', 1, now() FROM generate_series(1, 20000) n`)
	b.exec(`INSERT INTO ledger (bot_id, contact_id, field, delta, balance, cause, referral_id, run, segment, ordinal)
	        SELECT 'shop', 100000 + n % 100, 'points', 2, n, 'increment', n, 'r' || n, 'settle', 0 FROM generate_series(1, 20000) n`)
	b.exec(`INSERT INTO grants (bot_id, contact_id, reward, occurrence, run, segment, ordinal)
	        SELECT 'shop', 100000 + n % 100, 'coffee', n, 'r' || n, 'settle', 1 FROM generate_series(1, 20000) n`)
	b.exec(`INSERT INTO deliveries (bot_id, contact_id, account, external_id, body, run, segment, ordinal, state)
	        SELECT 'shop', 100000 + n % 100, 'tg', 'x', 'hello', 'r' || n, 'settle', 2, 'accepted' FROM generate_series(1, 20000) n`)
	b.exec("ANALYZE")
	plan := b.explain(query(t, "timeline.sql", "ContactMoments"), pgx.NamedArgs{
		"bot_id": "shop", "contact_id": int64(100001), "user_id": "user100001", "at": time.Now(), "place": 0, "id": 0, "most": 50,
	})
	for _, table := range []string{"referrals", "ledger", "grants", "deliveries"} {
		if strings.Contains(plan, "Seq Scan on "+table) {
			t.Errorf("it reads all of %s:\n%s", table, plan)
		}
	}
}

func TestNumbersOfAMomentAreExact(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	b.exec(`INSERT INTO ledger (bot_id, contact_id, field, delta, balance, cause, run, segment, ordinal)
	        SELECT bot_id, contact_id, 'points', 1, 9007199254740991, 'set', 'flow/x', 'flow', 0 FROM contacts`)
	moments, err := b.History(t.Context(), "shop", ana, referral.Newest(), 1)
	if err != nil || moments[0].Data["balance"] != json.Number("9007199254740991") {
		t.Errorf("%v, %v", moments, err)
	}
}
