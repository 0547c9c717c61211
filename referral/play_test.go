package referral_test

import (
	"strings"
	"testing"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

const told = `
locale: en
entry_points:
  campaign1: {flow: welcome}
  trial: {flow: welcome, hold: {until: qualified}}
triggers:
  - {on: referred_new_contact, do: [{send: new}]}
  - {on: referral_qualified, do: [{send: qualified}]}
  - {on: referral_voided, do: [{send: voided}, {wait: 1d}, {send: sorry}]}
flows: {welcome: [{send: hello}]}
`

func TestWhatIsToldWhenAReferralChanges(t *testing.T) {
	t.Parallel()
	rules := parsed(t, told)
	people := map[program.Role]*program.Person{program.Referrer: {UserID: "ana"}, program.Invitee: {UserID: "eva"}}
	settle, credit, void := referral.Segment{Name: "settle"}, referral.Segment{Name: "credit"}, referral.Segment{Name: "void"}
	goesOn := func(name string) referral.Segment {
		return referral.Segment{Name: name, From: []program.Cursor{{For: program.Referrer, At: "triggers[2].do[2]"}}}
	}
	tests := map[string]struct {
		scene referral.Scene
		want  string
	}{
		"settled and counted":                    {referral.Scene{Segment: settle, Status: referral.Pending, Becomes: referral.Credited}, "new hello"},
		"settled and held":                       {referral.Scene{Segment: settle, Status: referral.Pending, Becomes: referral.Pending}, "hello"},
		"settled after they left":                {referral.Scene{Segment: settle, Status: referral.Pending, Becomes: referral.Voided}, "voided hello"},
		"settled after its hold let it count":    {referral.Scene{Segment: settle, Status: referral.Credited, Becomes: referral.Credited}, "hello"},
		"a code typed late":                      {referral.Scene{Segment: settle, Status: referral.Pending, Becomes: referral.Credited, Late: true}, "new"},
		"a hold that ends well":                  {referral.Scene{Segment: credit, Status: referral.Pending, Becomes: referral.Credited}, "new"},
		"a hold for its invitee's qualifying":    {referral.Scene{Segment: credit, Status: referral.Pending, Becomes: referral.Credited, EntryPoint: "trial"}, "qualified new"},
		"the same, qualified before it settled":  {referral.Scene{Segment: settle, Status: referral.Pending, Becomes: referral.Credited, EntryPoint: "trial"}, "qualified new hello"},
		"a hold that ends badly":                 {referral.Scene{Segment: void, Status: referral.Pending, Becomes: referral.Voided}, "voided"},
		"one that counted, taken back":           {referral.Scene{Segment: void, Status: referral.Credited, Becomes: referral.Voided}, "voided"},
		"what was told of that going on":         {referral.Scene{Segment: goesOn("void.0"), Status: referral.Voided, Becomes: referral.Voided}, "sorry"},
		"what else was told, going on in a void": {referral.Scene{Segment: goesOn("settle.0"), Status: referral.Voided, Becomes: referral.Voided}, ""},
	}
	for name, test := range tests {
		test.scene.People, test.scene.Kind = people, referral.New
		if test.scene.EntryPoint == "" {
			test.scene.EntryPoint = "campaign1"
		}
		var said []string
		for _, op := range referral.Play(rules, test.scene).Ops {
			said = append(said, op.Text)
		}
		if got := strings.Join(said, " "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestWhatAWelcomeHoldsForTheReferrerIsTheirsOnlyWhereTheReferralCounts(t *testing.T) {
	t.Parallel()
	rules, problems := program.Parse([]byte(`
fields: {points: {type: number}}
rewards: {coffee: {title: A coffee}}
entry_points: {campaign1: {flow: welcome}}
triggers: [{on: referral_voided, do: [{send: voided}, {send: sorry, for: invitee}]}]
flows:
  welcome:
    - {increment: points, for: referrer}
    - {set: points, to: 5, for: referrer}
    - {grant_reward: coffee, for: referrer}
    - {add_tag: vip, for: referrer}
    - {send: they came, for: referrer}
    - {send: welcome}
`))
	if rules == nil {
		t.Fatal(problems)
	}
	people := map[program.Role]*program.Person{program.Referrer: {}, program.Invitee: {}}
	goesOn := referral.Segment{Name: "settle.0", From: []program.Cursor{{For: program.Invitee, At: "flows.welcome[0]"}}}
	tests := map[string]struct {
		scene    referral.Scene
		referrer int // operations for them
		invitee  int
	}{
		"it counts":                      {referral.Scene{Status: referral.Pending, Becomes: referral.Credited}, 5, 1},
		"it is held":                     {referral.Scene{Status: referral.Pending, Becomes: referral.Pending}, 0, 1},
		"it was rejected":                {referral.Scene{Status: referral.Rejected, Becomes: referral.Rejected}, 0, 1},
		"it is void by then":             {referral.Scene{Status: referral.Pending, Becomes: referral.Voided}, 1, 2}, // they are told of that
		"the welcome goes on, it counts": {referral.Scene{Segment: goesOn, Status: referral.Credited, Becomes: referral.Credited}, 5, 1},
		"the welcome goes on, voided":    {referral.Scene{Segment: goesOn, Status: referral.Voided, Becomes: referral.Voided}, 0, 1},
	}
	for name, test := range tests {
		test.scene.People, test.scene.Kind, test.scene.EntryPoint = people, referral.New, "campaign1"
		count := map[program.Role]int{}
		for _, op := range referral.Play(rules, test.scene).Ops {
			count[op.Who]++
		}
		if count[program.Referrer] != test.referrer || count[program.Invitee] != test.invitee {
			t.Errorf("%s: %v", name, count)
		}
	}
	if from := goesOn.From[0]; from.Alone {
		t.Error("the segment's own cursors were changed")
	}
}

func TestWhatAnArrivalFires(t *testing.T) {
	t.Parallel()
	rules, problems := program.Parse([]byte(`
entry_points: {campaign1: {flow: welcome}, club: {flow: welcome}}
triggers:
  - {on: entry_point_opened, entry_point: club, do: [{send: club}]}
  - {on: contact_created, do: [{send: created}, {send: told, for: referrer}]}
  - {on: referred_new_contact, do: [{send: new}]}
flows: {welcome: [{send: welcome}]}
`))
	if rules == nil {
		t.Fatal(problems)
	}
	people := map[program.Role]*program.Person{program.Referrer: {}, program.Invitee: {}}
	tests := map[string]struct {
		scene referral.Scene
		want  string
	}{
		"somebody new, and it counts": {
			referral.Scene{Kind: referral.New, EntryPoint: "campaign1", Status: referral.Pending, Becomes: referral.Credited}, "new created told welcome",
		},
		"somebody new, refused": {
			referral.Scene{Kind: referral.New, EntryPoint: "club", Status: referral.Rejected, Becomes: referral.Rejected}, "created club welcome",
		},
		"somebody known": {
			referral.Scene{Kind: referral.Existing, EntryPoint: "club", Status: referral.Pending, Becomes: referral.Credited}, "club welcome",
		},
		"by no entry point, which is the first": {
			referral.Scene{Kind: referral.Existing, EntryPoint: "nosuch", Status: referral.Rejected, Becomes: referral.Rejected}, "welcome",
		},
		"who typed the code later": {
			referral.Scene{Kind: referral.New, Late: true, EntryPoint: "club", Status: referral.Pending, Becomes: referral.Credited}, "new",
		},
		"when a hold ends": {
			referral.Scene{
				Kind: referral.New, EntryPoint: "club", Status: referral.Pending, Becomes: referral.Credited,
				Segment: referral.Segment{Name: referral.CreditSegment},
			}, "new",
		},
	}
	for name, test := range tests {
		test.scene.People = people
		var said []string
		for _, op := range referral.Play(rules, test.scene).Ops {
			said = append(said, op.Text)
		}
		if got := strings.Join(said, " "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
