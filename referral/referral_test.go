package referral_test

import (
	"testing"
	"time"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

func TestTheFirstReasonThatAppliesIsTheOnePeopleSee(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	fine := referral.Facts{EntryPointKnown: true, ReferrerKnown: true, ReceivedAt: noon, Channel: "telegram"}
	door := func(change func(*program.EntryPoint, *referral.Facts)) referral.Facts {
		facts := fine
		change(&facts.EntryPoint, &facts)
		return facts
	}
	with := func(change func(*referral.Facts)) referral.Facts {
		facts := fine
		change(&facts)
		return facts
	}
	tests := map[string]struct {
		facts referral.Facts
		want  referral.Reason
	}{
		"nothing against it":                   {fine, ""},
		"everything against it":                {referral.Facts{Same: true, Attributed: true, ReferredBefore: true, Mutual: true}, referral.UnknownEntryPoint},
		"an unknown referrer":                  {with(func(f *referral.Facts) { f.ReferrerKnown = false }), referral.UnknownReferrer},
		"oneself, referred before":             {with(func(f *referral.Facts) { f.Same, f.Attributed = true, true }), referral.SelfReferral},
		"somebody else was first":              {with(func(f *referral.Facts) { f.Attributed = true }), referral.AlreadyReferred},
		"counted before and taken back":        {with(func(f *referral.Facts) { f.ReferredBefore = true }), referral.AlreadyReferred},
		"mutual":                               {with(func(f *referral.Facts) { f.Mutual = true }), referral.MutualReferral},
		"mutual and referred before":           {with(func(f *referral.Facts) { f.Mutual, f.Attributed = true, true }), referral.AlreadyReferred},
		"mutual, which is allowed":             {with(func(f *referral.Facts) { f.Mutual, f.EntryPoint.AllowMutual = true, true }), ""},
		"oneself, though mutual ones may be":   {with(func(f *referral.Facts) { f.Same, f.Mutual, f.EntryPoint.AllowMutual = true, true, true }), referral.SelfReferral},
		"allowed to be mutual, but was before": {with(func(f *referral.Facts) { f.EntryPoint.AllowMutual, f.ReferredBefore = true, true }), referral.AlreadyReferred},
		"not open yet":                         {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Active.From = noon.Add(1) }), referral.EntryPointInactive},
		"open from this moment":                {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Active.From = noon }), ""},
		"closed at this moment":                {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Active.Until = noon }), referral.EntryPointInactive},
		"open until later":                     {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Active.Until = noon.Add(1) }), ""},
		"paused":                               {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Paused = true }), referral.EntryPointInactive},
		"on another channel":                   {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Channels = []string{"webchat"} }), referral.ChannelExcluded},
		"on one of its channels":               {door(func(d *program.EntryPoint, _ *referral.Facts) { d.Channels = []string{"webchat", "telegram"} }), ""},
		"the day's last":                       {door(func(d *program.EntryPoint, f *referral.Facts) { d.Caps.PerDay, f.OfReferrerToday = 3, 2 }), ""},
		"one too many a day":                   {door(func(d *program.EntryPoint, f *referral.Facts) { d.Caps.PerDay, f.OfReferrerToday = 3, 3 }), referral.CapReached},
		"one too many of a referrer":           {door(func(d *program.EntryPoint, f *referral.Facts) { d.Caps.PerReferrer, f.OfReferrer = 3, 3 }), referral.CapReached},
		"one too many in all":                  {door(func(d *program.EntryPoint, f *referral.Facts) { d.Caps.Total, f.OfEntryPoint = 3, 4 }), referral.CapReached},
		"too fast":                             {door(func(d *program.EntryPoint, f *referral.Facts) { d.Velocity.AtMost, f.Recent = 5, 5 }), referral.VelocityExceeded},
		"fast, but bearable":                   {door(func(d *program.EntryPoint, f *referral.Facts) { d.Velocity.AtMost, f.Recent = 5, 4 }), ""},
		"known already, at a closed door":      {door(func(d *program.EntryPoint, f *referral.Facts) { d.Paused, f.Attributed = true, true }), referral.AlreadyReferred},
	}
	for name, test := range tests {
		want := referral.Rejected
		if test.want == "" {
			want = referral.Pending
		}
		if status, reason := referral.Admit(test.facts); status != want || reason != test.want {
			t.Errorf("%s: %s %q, want %s %q", name, status, reason, want, test.want)
		}
	}
}

func TestWhatAnAttributionKeyTellsApart(t *testing.T) {
	t.Parallel()
	first := program.EntryPoint{Name: "campaign1", Attribution: program.FirstTouch}
	each := program.EntryPoint{Name: "campaign1", Attribution: program.PerReferrer}
	key := referral.AttributionKey
	if key(first, "ana", "eva") != key(first, "bob", "eva") {
		t.Error("where the first takes all, referrers must share a key")
	}
	if key(each, "ana", "eva") == key(each, "bob", "eva") {
		t.Error("where each may count, referrers must not share a key")
	}
	other := program.EntryPoint{Name: "club", Attribution: program.FirstTouch}
	if key(first, "ana", "eva") == key(other, "ana", "eva") || key(first, "ana", "eva") == key(first, "ana", "leo") {
		t.Error("entry points and invitees must not share a key")
	}
}

const played = `
name: Played
locale: en
fields: {points: {type: number}}
entry_points: {campaign1: {flow: welcome}, club: {flow: vip}}
triggers:
  - {on: referred_new_contact, do: [{increment: points, by: 2}]}
  - {on: referred_existing_contact, entry_point: campaign1, do: [{increment: points, by: 1}]}
flows: {welcome: [{send: "hello"}], vip: [{send: "hello, club"}]}
`

func TestWhatAReferralPlays(t *testing.T) {
	t.Parallel()
	rules, problems := program.Parse([]byte(played))
	if rules == nil {
		t.Fatal(problems)
	}
	people := map[program.Role]*program.Person{program.Referrer: {UserID: "ana"}, program.Invitee: {UserID: "eva"}}
	tests := map[string]struct {
		scene   referral.Scene
		points  int64
		welcome string
	}{
		"a new contact":                  {referral.Scene{Status: referral.Pending, Becomes: referral.Credited, Kind: referral.New, EntryPoint: "campaign1"}, 2, "hello"},
		"an existing contact":            {referral.Scene{Status: referral.Pending, Becomes: referral.Credited, Kind: referral.Existing, EntryPoint: "campaign1"}, 1, "hello"},
		"an existing one elsewhere":      {referral.Scene{Status: referral.Pending, Becomes: referral.Credited, Kind: referral.Existing, EntryPoint: "club"}, 0, "hello, club"},
		"a held one":                     {referral.Scene{Status: referral.Pending, Becomes: referral.Pending, Kind: referral.New, EntryPoint: "campaign1"}, 0, "hello"},
		"a refused one":                  {referral.Scene{Status: referral.Rejected, Becomes: referral.Rejected, Kind: referral.New, EntryPoint: "campaign1"}, 0, "hello"},
		"a voided one":                   {referral.Scene{Status: referral.Voided, Becomes: referral.Voided, Kind: referral.New, EntryPoint: "campaign1"}, 0, "hello"},
		"one credited already":           {referral.Scene{Status: referral.Credited, Becomes: referral.Credited, Kind: referral.New, EntryPoint: "campaign1"}, 0, "hello"},
		"one through no known door":      {referral.Scene{Status: referral.Rejected, Becomes: referral.Rejected, Kind: referral.New, EntryPoint: "nowhere"}, 0, "hello"},
		"a flow that goes on by its own": {referral.Scene{Status: referral.Credited, Becomes: referral.Credited, EntryPoint: "campaign1", Segment: referral.Segment{From: []program.Cursor{{For: program.Invitee, At: "flows.vip[0]"}}}}, 0, "hello, club"},
	}
	for name, test := range tests {
		test.scene.People = people
		var points int64
		var said []string
		for _, op := range referral.Play(rules, test.scene).Ops {
			points += op.Delta
			if op.Kind == program.OpSend {
				said = append(said, op.Text)
			}
		}
		if points != test.points || len(said) != 1 || said[0] != test.welcome {
			t.Errorf("%s: %d points, %v", name, points, said)
		}
	}
}
