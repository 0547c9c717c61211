package postgres_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestHotQueriesUseTheirIndexes asks the planner about the statements as they are, over tables big enough to matter.
func TestHotQueriesUseTheirIndexes(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.makeBot("zoo")
	for _, statement := range []string{
		`INSERT INTO contacts (bot_id, contact_id, user_id) SELECT 'shop', n, 'user' || n FROM generate_series(100000, 120000) n`,
		`INSERT INTO inbox (bot_id, account, dedupe_key, kind, contact_id, occurred_at, done_at)
		 SELECT 'shop', 'tg', 'e' || n, 'message', n, now(), CASE WHEN n % 100 > 0 THEN now() END FROM generate_series(100000, 120000) n`,
		`INSERT INTO fields (bot_id, contact_id, field, number) SELECT 'shop', n, 'points', n % 97 FROM generate_series(100000, 120000) n`,
		`INSERT INTO referrals (bot_id, run, event_id, entry_point, referrer_id, invitee_id, kind, status, attribution_key, account, program_version, received_at)
		 SELECT 'shop', 'r' || n, n, 'campaign1', 100000 + n % 50, n, 'new', 'credited', 'campaign1/' || n, 'tg', 1, now() FROM generate_series(100000, 120000) n`,
		`INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		 SELECT 'shop', 'tg', 'visitor' || n % 5000, n, n, 'bot', '' FROM generate_series(1, 20000) n`,
		`ANALYZE`,
	} {
		b.exec(statement)
	}
	tests := map[string]struct {
		file, query string
		arguments   pgx.NamedArgs
		want        []string
	}{
		"leasing events": {
			"relay.sql", "LeaseEvents", pgx.NamedArgs{"most": 64, "lease": 1, "seconds": 15}, []string{"inbox_pending"},
		},
		"admitting": {
			"referrals.sql", "AdmissionFacts",
			pgx.NamedArgs{"bot_id": "shop", "event_id": 1, "attribution_key": "campaign1/1", "referrer_id": 100001, "invitee_id": 100002, "entry_point": "campaign1"},
			[]string{"referrals_attribution", "inbox_pkey"},
		},
		"admitting where everything is bounded": {
			"referrals.sql", "AdmissionFacts",
			pgx.NamedArgs{
				"bot_id": "shop", "event_id": 1, "attribution_key": "campaign1/1", "referrer_id": 100001, "invitee_id": 100002, "entry_point": "campaign1",
				"per_day": 5, "per_referrer": 50, "total": 0, "at_most": 5, "within_seconds": 600,
			},
			[]string{"referrals_counting", "referrals_pace"},
		},
		"locking a referral with its facts": {
			"referrals.sql", "LockReferral", pgx.NamedArgs{"bot_id": "shop", "referral_id": 1}, []string{"inbox_left"},
		},
		"looking for news in chats": {
			"chat.sql", "ChatsWithNews", newsOf(5000), []string{"chat_lines_pkey"},
		},
		"the leaderboard": {
			"rest.sql", "Leaderboard",
			pgx.NamedArgs{"bot_id": "shop", "field": "points", "most": 10},
			[]string{"fields_leaderboard"},
		},
	}
	for name, test := range tests {
		plan := b.explain(query(t, test.file, test.query), test.arguments)
		for _, index := range test.want {
			if !strings.Contains(plan, index) {
				t.Errorf("%s doesn't use %s:\n%s", name, index, plan)
			}
		}
		for _, table := range []string{"inbox", "referrals", "fields", "chat_lines"} {
			if strings.Contains(plan, "Seq Scan on "+table) {
				t.Errorf("%s reads all of %s:\n%s", name, table, plan)
			}
		}
	}
}

// newsOf asks for as many chats as a busy process has open.
func newsOf(chats int) pgx.NamedArgs {
	bots, accounts, visitors := make([]string, chats), make([]string, chats), make([]string, chats)
	for i := range chats {
		bots[i], accounts[i], visitors[i] = "shop", "tg", fmt.Sprint("visitor", i)
	}
	return pgx.NamedArgs{"bots": bots, "accounts": accounts, "visitors": visitors, "afters": make([]int64, chats)}
}

// query is a statement as it is written, with the names of its arguments.
func query(t *testing.T, file, name string) string {
	t.Helper()
	all, err := os.ReadFile("queries/" + file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(all), "-- name: "+name+" ")
	if !found {
		t.Fatalf("there is no query %s", name)
	}
	_, statement, _ := strings.Cut(after, "\n")
	statement, _, _ = strings.Cut(statement, "-- name: ")
	return regexp.MustCompile(`--[^\n]*`).ReplaceAllString(statement, "")
}

func (b books) explain(statement string, arguments pgx.NamedArgs) string {
	b.t.Helper()
	// Planned for the arguments given, as a prepared statement is at first.
	rows, err := b.sql.Query(b.t.Context(), "EXPLAIN "+statement, arguments)
	if err != nil {
		b.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
