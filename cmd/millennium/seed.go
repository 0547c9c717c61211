package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/generic"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/internal/config"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// demoCodes are in each demo bot's pool.
const demoCodes = 100

// A demo is a bot to try at once.
type demo struct{ bot, name, language, reward, title string }

// The Spanish one has the plain name: most bot authors speak Spanish.
var demos = []demo{
	{"demo", "Demo", "es", "cafe", "Invita y gana"},
	{"demo-en", "Demo in English", "en", "coffee", "Invite and win"},
}

// accounts are a chat to try at once, and a place for a bot that is hosted elsewhere.
func (d demo) accounts() []channel.Account {
	chat := channel.Account{Bot: d.bot, Name: "web", Channel: webchat.Name, Settings: map[string]string{"title": d.title}}
	return []channel.Account{
		{Bot: d.bot, Name: "generic", Channel: generic.Name, Settings: map[string]string{"link": "https://example.com/" + d.bot + "?ref={ref}"}},
		webchat.Adapter{}.Complete(chat),
	}
}

func seeding() *cobra.Command {
	return &cobra.Command{
		Use: "seed", Short: "Make the demo bots, one in Spanish and one in English: template, web chat, generic account, 100 reward codes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := config.Load(os.Getenv, config.Keys)
			if err != nil {
				return err
			}
			store, err := postgres.Open(cmd.Context(), postgres.Config{URL: settings.DatabaseURL, Key: settings.EncryptionKey})
			if err != nil {
				return err
			}
			defer store.Close()
			for _, demo := range demos {
				if err := demo.seed(cmd.Context(), store); err != nil {
					return fmt.Errorf("seed the bot %s: %w", demo.bot, err)
				}
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The bots demo and demo-en are there.")
			return nil
		},
	}
}

// seed makes what is missing of the bot, so that one interrupted half-way is completed and a changed one is left alone.
func (d demo) seed(ctx context.Context, store *postgres.Store) error {
	bot, _, err := store.CreateBot(ctx, d.bot, d.name)
	if err != nil {
		return err
	}
	for _, account := range d.accounts() {
		if err := seedAccount(ctx, store, account); err != nil {
			return err
		}
	}
	if bot.ProgramVersion == 0 {
		if _, err := store.SaveProgram(ctx, d.bot, string(program.Template(d.language))); err != nil {
			return err
		}
	}
	stock, err := store.Stock(ctx, d.bot, d.reward)
	if err != nil || stock.Free+stock.Taken > 0 {
		return err
	}
	_, err = store.ImportCodes(ctx, d.bot, d.reward, d.codes())
	return err
}

func seedAccount(ctx context.Context, store *postgres.Store, account channel.Account) error {
	_, err := store.Account(ctx, account.Bot, account.Name)
	if errors.Is(err, referral.ErrNotFound) {
		return store.PutAccount(ctx, account)
	}
	return err
}

func (d demo) codes() []string {
	codes := make([]string, demoCodes)
	for i := range codes {
		codes[i] = fmt.Sprintf("%s-%03d-%s", strings.ToUpper(d.reward), i+1, rand.Text()[:6])
	}
	return codes
}
