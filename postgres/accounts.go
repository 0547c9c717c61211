package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
)

// accountsFresh is how long an account read once is used without looking again: another process may have changed it.
const accountsFresh = 5 * time.Second

type accountKey struct{ bot, account string }

// Account gives an account with its credentials in the clear, at most accountsFresh old. ErrNotFound when there is none.
func (s *Store) Account(ctx context.Context, bot, account string) (channel.Account, error) {
	key := accountKey{bot, account}
	if known, ok := s.accounts.Get(key); ok {
		return known, nil
	}
	row, err := s.queries.Account(ctx, db.AccountParams{BotID: bot, Account: account})
	if err != nil {
		return channel.Account{}, notFound("read the account", err)
	}
	opened, err := s.openAccount(bot, db.AccountsRow(row))
	if err != nil {
		return channel.Account{}, err
	}
	s.accounts.Add(key, opened)
	return opened, nil
}

// Accounts gives all of a bot's accounts by name.
func (s *Store) Accounts(ctx context.Context, bot string) ([]channel.Account, error) {
	rows, err := s.queries.Accounts(ctx, bot)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	accounts := make([]channel.Account, len(rows))
	for i, row := range rows {
		if accounts[i], err = s.openAccount(bot, row); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func (s *Store) openAccount(bot string, row db.AccountsRow) (channel.Account, error) {
	credentials, err := s.seal.open(bot, row.Account, row.Credentials)
	if err != nil {
		return channel.Account{}, err
	}
	settings := map[string]string{}
	if err := json.Unmarshal(row.Settings, &settings); err != nil {
		return channel.Account{}, fmt.Errorf("read the account's settings: %w", err)
	}
	return channel.Account{
		Bot: bot, Name: row.Account, Channel: row.Channel, ExternalID: row.ExternalID, Credentials: credentials,
		Settings: settings, APIBaseURL: row.ApiBaseUrl, UpdatedAt: row.UpdatedAt,
	}, nil
}

// PutAccount saves an account as given, credentials sealed.
func (s *Store) PutAccount(ctx context.Context, account channel.Account) error {
	_, err := s.ChangeAccount(ctx, account.Bot, account.Name, func(*channel.Account) (channel.Account, error) { return account, nil })
	return err
}

// ChangeAccount saves what change makes of an account, nil when it is a new one, and gives it as it is now. Nobody else changes it
// meanwhile; change's own error is given as it is, and nothing is saved. ErrNotFound when the bot doesn't exist.
func (s *Store) ChangeAccount(
	ctx context.Context, bot, account string, change func(stored *channel.Account) (channel.Account, error),
) (channel.Account, error) {
	var saved channel.Account
	err := s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if locked, err := q.LockBot(ctx, bot); err != nil || len(locked) == 0 {
			return notFound("lock the bot", cmp.Or(err, pgx.ErrNoRows))
		}
		stored, err := s.storedAccount(ctx, q, bot, account)
		if err != nil {
			return err
		}
		changed, err := change(stored)
		if err != nil {
			return err
		}
		if err := s.writeAccount(ctx, q, changed); err != nil {
			return err
		}
		if stored, err = s.storedAccount(ctx, q, bot, account); err == nil {
			saved = *stored
		}
		return err
	})
	s.accounts.Remove(accountKey{bot, account})
	return saved, err
}

// storedAccount reads an account past the cache; nil when there is none.
func (s *Store) storedAccount(ctx context.Context, q *db.Queries, bot, account string) (*channel.Account, error) {
	row, err := q.Account(ctx, db.AccountParams{BotID: bot, Account: account})
	if isNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	opened, err := s.openAccount(bot, db.AccountsRow(row))
	return &opened, err
}

func (s *Store) writeAccount(ctx context.Context, q *db.Queries, account channel.Account) error {
	sealed, err := s.seal.close(account.Bot, account.Name, account.Credentials)
	if err != nil {
		return fmt.Errorf("seal the credentials: %w", err)
	}
	settings, err := json.Marshal(account.Settings)
	if err != nil {
		return fmt.Errorf("encode the settings: %w", err)
	}
	err = q.PutAccount(ctx, db.PutAccountParams{
		BotID: account.Bot, Account: account.Name, Channel: account.Channel, ExternalID: account.ExternalID,
		Credentials: sealed, Settings: settings, ApiBaseUrl: account.APIBaseURL,
	})
	if err != nil {
		return fmt.Errorf("save the account: %w", err)
	}
	return nil
}

// shown is a message's text as people may see it: a code that is still missing is a gap.
func shown(body string) string { return strings.ReplaceAll(body, program.CodeHole, "…") }
