package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// searchOf is what somebody is searched by. White space is folded to blanks, so lines part the names for good.
func searchOf(sender channel.Sender) string {
	return program.Fold(sender.FirstName) + "\n" + program.Fold(sender.LastName) + "\n" + program.Fold(sender.Username)
}

// Contacts gives up to most contacts older than the one at the cursor before (0: from the newest), newest first.
func (s *Store) Contacts(ctx context.Context, bot string, filter referral.ContactFilter, before int64, most int) ([]referral.ContactSummary, error) {
	found, err := s.find(ctx, bot, filter, orNewest(before), int32(most))
	if err != nil {
		return nil, fmt.Errorf("find contacts: %w", err)
	}
	rows, err := s.queries.ContactSummaries(ctx, db.ContactSummariesParams{BotID: bot, Contacts: found})
	if err != nil {
		return nil, fmt.Errorf("read the contacts: %w", err)
	}
	summaries := make([]referral.ContactSummary, len(rows))
	for i, row := range rows {
		summaries[i] = referral.ContactSummary{
			UserID: row.UserID, CreatedAt: row.CreatedAt, Name: row.Name, Username: row.Username, Accounts: row.Accounts,
			Tags: row.Tags, Referrals: row.Referrals, Cursor: row.ContactID,
		}
		if err := json.Unmarshal(row.Fields, &summaries[i].Fields); err != nil {
			return nil, fmt.Errorf("read the contacts: %w", err)
		}
	}
	return summaries, nil
}

// find walks the index that leads to the fewest contacts.
func (s *Store) find(ctx context.Context, bot string, filter referral.ContactFilter, before int64, most int32) ([]int64, error) {
	asked := strings.TrimSpace(filter.Text)
	folded := program.Fold(strings.TrimPrefix(asked, "@"))
	switch {
	case filter.Tag != "":
		return s.queries.TaggedContacts(ctx, db.TaggedContactsParams{
			BotID: bot, Tag: filter.Tag, Account: filter.Account, Asked: asked, Folded: folded, Before: before, Most: most,
		})
	case filter.Account != "" || asked != "":
		return s.queries.SearchContacts(ctx, db.SearchContactsParams{
			BotID: bot, Account: filter.Account, Asked: asked, Folded: folded, Before: before, Most: most,
		})
	default:
		return s.queries.NewestContacts(ctx, db.NewestContactsParams{BotID: bot, Before: before, Most: most})
	}
}

// Links gives a contact's referral links: one for each of the entry points on each account they are on. ErrNotFound when nobody has
// the user id.
func (s *Store) Links(ctx context.Context, bot, userID string, rules *program.Program) ([]referral.Link, error) {
	accounts, err := s.queries.AccountsOfContact(ctx, db.AccountsOfContactParams{BotID: bot, UserID: userID})
	if err != nil {
		return nil, fmt.Errorf("find the contact's accounts: %w", err)
	}
	if len(accounts) == 0 {
		return nil, fmt.Errorf("find the contact's accounts: %w", referral.ErrNotFound)
	}
	links := []referral.Link{}
	for _, name := range accounts {
		if name == "" {
			break // on no account at all
		}
		home, err := s.Account(ctx, bot, name)
		if err != nil {
			return nil, err
		}
		for _, entryPoint := range rules.EntryPoints {
			ref := referral.Ref{EntryPoint: entryPoint.Name, Referrer: userID}.With(rules.LinkSuffix)
			url, err := s.link(home, ref)
			if err != nil {
				continue // the account's own check says what its links lack; the others' work
			}
			links = append(links, referral.Link{EntryPoint: entryPoint.Name, Account: name, URL: url, Ref: ref})
		}
	}
	return links, nil
}
