package postgres_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/millenniumm/referrals/referral"
)

func TestReferralsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana, bob := b.contact("ana"), b.contact("bob")
	b.refer("campaign1", ana, "one")
	b.refer("club", ana, "two")
	b.refer("campaign1", bob, "three")
	b.refer("campaign1", bob, "one")
	one := b.text("SELECT user_id FROM contacts JOIN identities USING (bot_id, contact_id) WHERE external_id = 'one'")

	tests := map[string]struct {
		filter referral.Filter
		want   []string // newest first
	}{
		"all":                    {referral.Filter{}, []string{"rejected", "credited", "credited", "credited"}},
		"by status":              {referral.Filter{Status: referral.Rejected}, []string{"rejected"}},
		"by entry point":         {referral.Filter{EntryPoint: "club"}, []string{"credited"}},
		"by referrer":            {referral.Filter{Referrer: bob}, []string{"rejected", "credited"}},
		"by invitee":             {referral.Filter{Invitee: one}, []string{"rejected", "credited"}},
		"by several":             {referral.Filter{Invitee: one, Status: referral.Credited, Referrer: ana}, []string{"credited"}},
		"by somebody unknown":    {referral.Filter{Referrer: "nobody"}, nil},
		"by an unused condition": {referral.Filter{Status: referral.Voided}, nil},
	}
	for name, test := range tests {
		var got []string
		before := int64(0)
		for { // one at a time, as a reader turning pages
			page, err := b.Referrals(t.Context(), "shop", test.filter, before, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			before = page[0].ID
			got = append(got, string(page[0].Status))
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	if other, err := b.Referrals(t.Context(), "another", referral.Filter{}, 0, 10); err != nil || len(other) != 0 {
		t.Errorf("another bot sees %v, %v", other, err)
	}
}

func TestAReferralTellsWhatItLedTo(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	b.refer("campaign1", ana, "one")
	b.refer("campaign1", ana, "two")
	page, err := b.Referrals(t.Context(), "shop", referral.Filter{}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	detail, err := b.Referral(t.Context(), "shop", page[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if detail.Points != 2 || detail.Kind != referral.New || detail.Referrer != ana || detail.SettledAt == nil {
		t.Errorf("the referral: %+v", detail.View)
	}
	if len(detail.Ledger) != 1 || detail.Ledger[0].Balance != 4 || detail.Ledger[0].UserID != ana {
		t.Errorf("its ledger: %+v", detail.Ledger)
	}
	if len(detail.Grants) != 1 || detail.Grants[0].Reward != "coffee" || detail.Grants[0].Stocked {
		t.Errorf("its grants: %+v", detail.Grants)
	}
	if len(detail.Deliveries) != 2 || detail.Deliveries[1].Text != "Your code: …" || detail.Deliveries[1].WaitingFor != "stock" {
		t.Errorf("its messages: %+v", detail.Deliveries)
	}
	if _, err := b.Referral(t.Context(), "shop", page[0].ID+1); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("one that isn't there: %v", err)
	}
}

func TestTheLeaderboardRanksByPointsThenByWhoWasFirst(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	users := map[string]string{}
	for _, person := range []string{"last", "first", "second", "third"} {
		users[person] = b.contact(person)
	}
	b.refer("campaign1", users["second"], "a")
	b.refer("campaign1", users["third"], "b")
	b.refer("campaign1", users["first"], "c")
	b.refer("campaign1", users["first"], "d")
	b.refer("campaign1", users["first"], "first") // refused: counts for nothing
	leaders, err := b.Leaderboard(t.Context(), "shop", "points", 2)
	if err != nil || len(leaders) != 2 {
		t.Fatalf("%v, %v", leaders, err)
	}
	want := []referral.Leader{{Place: 1, UserID: users["first"], Points: 4, Referrals: 2}, {Place: 2, UserID: users["second"], Points: 2, Referrals: 1}}
	if !reflect.DeepEqual(leaders, want) {
		t.Errorf("got %+v", leaders)
	}
	leaders, err = b.Leaderboard(t.Context(), "shop", "points", 10)
	if err != nil || len(leaders) != 3 || leaders[2].UserID != users["third"] {
		t.Errorf("to its end: %+v, %v", leaders, err)
	}
}

func TestAContactsViewHoldsAllThatIsKnown(t *testing.T) {
	t.Parallel()
	b := withProgram(t, everything)
	ana := b.contact("ana")
	b.exec("UPDATE identities SET first_name = 'Ana'")
	b.exec("INSERT INTO fields (bot_id, contact_id, field, number, text) SELECT bot_id, contact_id, 'points', 7, NULL FROM contacts")
	b.exec("INSERT INTO fields (bot_id, contact_id, field, text) SELECT bot_id, contact_id, 'city', 'Lima' FROM contacts")
	b.exec("INSERT INTO tags (bot_id, contact_id, tag) SELECT bot_id, contact_id, unnest(ARRAY['vip', 'early']) FROM contacts")
	b.exec("INSERT INTO grants (bot_id, contact_id, reward, run, segment, ordinal) SELECT bot_id, contact_id, 'cake', '', '', 0 FROM contacts")
	view, err := b.Contact(t.Context(), "shop", ana)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(view.Fields, map[string]any{"points": 7.0, "city": "Lima"}) || !reflect.DeepEqual(view.Tags, []string{"early", "vip"}) {
		t.Errorf("fields %v, tags %v", view.Fields, view.Tags)
	}
	if !reflect.DeepEqual(view.Identities, []referral.IdentityView{{Account: "tg", ExternalID: "ana", FirstName: "Ana"}}) {
		t.Errorf("identities %+v", view.Identities)
	}
	if len(view.Grants) != 1 || view.Grants[0].Reward != "cake" || view.Grants[0].HasCode {
		t.Errorf("grants %+v", view.Grants)
	}
	if _, err := b.Contact(t.Context(), "shop", "nobody"); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	bare, err := b.Contact(t.Context(), "shop", b.contact("bare"))
	if err != nil || bare.Fields == nil || bare.Tags == nil || bare.Grants == nil {
		t.Errorf("somebody of whom nothing is known: %+v, %v", bare, err)
	}
}

func TestALinkIsForTheAccountTheyWroteFrom(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	url, ref, account, err := b.Link(t.Context(), "shop", ana, "campaign1", "")
	if err != nil || account != "tg" || ref != "campaign1-c"+ana || url != "https://telegram.example/shop_on_tg?ref="+ref {
		t.Errorf("%s, %s, %s, %v", url, ref, account, err)
	}
	for _, where := range [][2]string{{ana, "wa"}, {"nobody", ""}} {
		if _, _, _, err := b.Link(t.Context(), "shop", where[0], "campaign1", where[1]); !errors.Is(err, referral.ErrNotFound) {
			t.Errorf("%v: %v", where, err)
		}
	}
}
