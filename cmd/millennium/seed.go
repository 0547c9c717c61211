package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/generic"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/internal/config"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// What the demo bot is made of.
const (
	demoBot    = "demo"
	demoReward = "cafe"
	demoCodes  = 100
)

// demoAccounts are the demo bot's: a chat to try at once, and a place for a bot that is hosted elsewhere.
func demoAccounts() []channel.Account {
	return []channel.Account{
		{Name: "generic", Channel: generic.Name, Settings: map[string]string{"link": "https://example.com/demo-bot?ref={ref}"}},
		webchat.Adapter{}.Complete(channel.Account{Name: "web", Channel: webchat.Name, Settings: map[string]string{"title": "Invita y gana"}}),
	}
}

func seeding() *cobra.Command {
	return &cobra.Command{
		Use: "seed", Short: "Make the demo bot, if it isn't there: Spanish template, a web chat, a generic account, 100 reward codes", Args: cobra.NoArgs,
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
			if err := seed(cmd.Context(), store); err != nil {
				return fmt.Errorf("seed the demo bot: %w", err)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The bot demo is there.")
			return nil
		},
	}
}

// seed makes what is missing of the demo bot, so that one interrupted half-way is completed and a changed one is left alone.
func seed(ctx context.Context, store *postgres.Store) error {
	bot, _, err := store.CreateBot(ctx, demoBot, "Demo")
	if err != nil {
		return err
	}
	for _, account := range demoAccounts() {
		if err := seedAccount(ctx, store, account); err != nil {
			return err
		}
	}
	if bot.ProgramVersion == 0 {
		if _, err := store.SaveProgram(ctx, demoBot, string(program.Template("es"))); err != nil {
			return err
		}
	}
	stock, err := store.Stock(ctx, demoBot, demoReward)
	if err != nil || stock.Free+stock.Taken > 0 {
		return err
	}
	_, err = store.ImportCodes(ctx, demoBot, demoReward, newCodes())
	return err
}

func seedAccount(ctx context.Context, store *postgres.Store, account channel.Account) error {
	account.Bot = demoBot
	_, err := store.Account(ctx, demoBot, account.Name)
	if errors.Is(err, referral.ErrNotFound) {
		return store.PutAccount(ctx, account)
	}
	return err
}

func newCodes() []string {
	codes := make([]string, demoCodes)
	for i := range codes {
		codes[i] = fmt.Sprintf("CAFE-%03d-%s", i+1, rand.Text()[:6])
	}
	return codes
}
