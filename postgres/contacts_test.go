package postgres_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// named makes a person known by name, and gives their public id.
func (b books) named(account, person, first, last, username string) string {
	b.t.Helper()
	e := event(channel.Text, b.newID(), person)
	e.From.FirstName, e.From.LastName, e.From.Username = first, last, username
	return b.add(account, e)[0].UserID
}

// found gives the names of those that a filter finds, page by page.
func (b books) found(filter referral.ContactFilter, perPage int) []string {
	b.t.Helper()
	var names []string
	for before := int64(0); ; {
		page, err := b.Contacts(b.t.Context(), "shop", filter, before, perPage)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, contact := range page {
			names, before = append(names, contact.Name), contact.Cursor
		}
		if len(page) < perPage {
			return names
		}
	}
}

func TestContactsAreSearchedFor(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	angela := b.named("tg", "1001", "Ángela", "Muñoz Pérez", "angie_mp")
	b.named("wa", "52155", "JOSÉ", "Ñandú", "")
	b.named("tg", "1002", "100%", "Natural", "ana%la")
	b.named("tg", "1003", "Ольга", "", "olga")
	b.named("tg", "1001", "Ángela", "", "") // the platform leaves names out now and then
	b.exec(`INSERT INTO tags (bot_id, contact_id, tag) SELECT bot_id, contact_id, 'vip' FROM identities WHERE external_id IN ('1001', '1002')`)
	const angelas, joses, percents, olgas = "Ángela Muñoz Pérez", "JOSÉ Ñandú", "100% Natural", "Ольга"

	for name, test := range map[string]struct {
		filter referral.ContactFilter
		want   []string
	}{
		"everybody, newest first":         {referral.ContactFilter{}, []string{olgas, percents, joses, angelas}},
		"without the accent":              {referral.ContactFilter{Text: "angela"}, []string{angelas}},
		"in capitals":                     {referral.ContactFilter{Text: "MUÑOZ"}, []string{angelas}},
		"a tilde less":                    {referral.ContactFilter{Text: "nandu"}, []string{joses}},
		"first and last name":             {referral.ContactFilter{Text: "  ángela   munoz "}, []string{angelas}},
		"a stretch within":                {referral.ContactFilter{Text: "ngel"}, []string{angelas}},
		"in Cyrillic":                     {referral.ContactFilter{Text: "ОЛЬГА"}, []string{olgas}},
		"a user name":                     {referral.ContactFilter{Text: "@angie"}, []string{angelas}},
		"a sign that elsewhere means all": {referral.ContactFilter{Text: "%"}, []string{percents}},
		"a sign that elsewhere means any": {referral.ContactFilter{Text: "angie_"}, []string{angelas}},
		"any letter for that sign":        {referral.ContactFilter{Text: "ang_la"}, nil},
		"a backslash":                     {referral.ContactFilter{Text: `\`}, nil},
		"a quote":                         {referral.ContactFilter{Text: `'`}, nil},
		"a whole user id":                 {referral.ContactFilter{Text: angela}, []string{angelas}},
		"half of a user id":               {referral.ContactFilter{Text: angela[:9]}, nil},
		"a whole external id":             {referral.ContactFilter{Text: "52155"}, []string{joses}},
		"half of an external id":          {referral.ContactFilter{Text: "5215"}, nil},
		"an accent alone":                 {referral.ContactFilter{Text: "\u0301"}, nil},
		"by account":                      {referral.ContactFilter{Account: "wa"}, []string{joses}},
		"by tag":                          {referral.ContactFilter{Tag: "vip"}, []string{percents, angelas}},
		"by all of them":                  {referral.ContactFilter{Tag: "vip", Account: "tg", Text: "a"}, []string{percents, angelas}},
		"by what nobody is":               {referral.ContactFilter{Tag: "vip", Account: "wa"}, nil},
	} {
		for _, perPage := range []int{1, 3, 50} {
			if got := b.found(test.filter, perPage); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s, %d a page: %q, want %q", name, perPage, got, test.want)
			}
		}
	}
	if others, err := b.Contacts(t.Context(), "another", referral.ContactFilter{}, 0, 10); err != nil || len(others) != 0 {
		t.Errorf("another bot sees %v, %v", others, err)
	}
}

func TestANewNameIsFoundAndTheOldOneIsNot(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.named("tg", "1", "Ana", "Ruiz", "ana")
	b.named("tg", "1", "Anabel", "", "")
	for text, found := range map[string]int{"anabel ruiz": 1, "ana ruiz": 0, "ruiz ana": 1, "anabel": 1} {
		if got := b.found(referral.ContactFilter{Text: text}, 10); len(got) != found {
			t.Errorf("%q finds %q", text, got)
		}
	}
}

func TestAContactIsCalledAsWhereTheyLastWroteFrom(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.named("tg", "1", "Ana", "Ruiz", "ana")
	b.refer("campaign1", ana, "luis")
	b.named("wa", "2", "Anita", "", "")
	b.exec(`UPDATE identities SET contact_id = (SELECT contact_id FROM contacts WHERE user_id = $1), last_inbound_at = $2 WHERE account = 'wa'`, ana, time.Now().Add(time.Minute))
	page, err := b.Contacts(t.Context(), "shop", referral.ContactFilter{Text: ana}, 0, 10)
	if err != nil || len(page) != 1 {
		t.Fatalf("%v, %v", page, err)
	}
	got := page[0]
	if got.Name != "Anita" || !reflect.DeepEqual(got.Accounts, []string{"tg", "wa"}) || got.Referrals != 1 || got.Fields["points"] != float64(2) {
		t.Errorf("%+v", got)
	}
	rules, problems := program.Parse([]byte("link_suffix: -amigo\nentry_points: {campaign1: {flow: f}, club: {flow: f}}\nflows: {f: [{send: hi}]}\n"))
	if rules == nil {
		t.Fatal(problems)
	}
	links, err := b.Links(t.Context(), "shop", ana, rules)
	if err != nil || len(links) != 4 {
		t.Fatalf("%v, %v", links, err)
	}
	if links[0].Account != "wa" || links[0].EntryPoint != "campaign1" || links[0].Ref != "campaign1-amigo"+ana || !strings.Contains(links[0].URL, "whatsapp") {
		t.Errorf("%+v", links)
	}
}

// TestSearchesWalkTheirIndexes: a page is read in the order it is shown, however many contacts there are.
func TestSearchesWalkTheirIndexes(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	for _, statement := range []string{
		`INSERT INTO contacts (bot_id, contact_id, user_id) SELECT 'shop', n, 'user' || n FROM generate_series(100000, 120000) n`,
		`INSERT INTO identities (bot_id, account, external_id, contact_id, search)
		 SELECT 'shop', 'tg', 'x' || n, n, 'ana' || n || E'\n\n' FROM generate_series(100000, 120000) n`,
		`INSERT INTO tags (bot_id, contact_id, tag) SELECT 'shop', n, 'tag' || n % 5 FROM generate_series(100000, 120000) n`,
		`ANALYZE`,
	} {
		b.exec(statement)
	}
	for name, index := range map[string]string{"NewestContacts": "contacts_pkey", "SearchContacts": "identities_contact", "TaggedContacts": "tags_newest"} {
		plan := b.explain(query(t, "contacts.sql", name), pgx.NamedArgs{
			"bot_id": "shop", "before": int64(119000), "tag": "tag3", "account": "", "asked": "ana", "folded": "ana", "most": 51,
		})
		if !strings.Contains(plan, index) || strings.Contains(plan, "Sort") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s doesn't walk %s:\n%s", name, index, plan)
		}
	}
}
