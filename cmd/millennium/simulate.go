package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/simulate"
)

func simulating() *cobra.Command {
	house, asJSON, table := &remote{}, false, false
	options := simulate.Options{
		Channel: simulate.Generic, Contacts: 1000, Seed: 1, AtOnce: 32, Patience: time.Minute, FakeAddress: "127.0.0.1:0",
		Weather: simulate.Weather{Duplicates: 0.05, Reorder: 0.05, Lost: 0.02},
	}
	command := &cobra.Command{
		Use: "simulate", Short: "Play a campaign against a running api, with duplicates and losses, and check every total", Args: cobra.NoArgs,
		Long: "Makes a bot of its own and plays a campaign of many contacts with it, as badly as platforms behave: webhooks come twice, out of\n" +
			"order, late, or are lost at first. Then it reads everything back and compares it with what it must be; it exits with 1 when\n" +
			"anything differs. The same seed is the same campaign.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := house.key()
			if err != nil {
				return err
			}
			options.API, options.Token = house.address, token
			options.Progress, options.Live = cmd.ErrOrStderr(), isTerminal(os.Stderr)
			report, bot, err := simulate.Play(cmd.Context(), options)
			if err != nil {
				options.Bot = bot
				return unfinished(options, err)
			}
			return tell(cmd, report, asJSON, table)
		},
	}
	flags := command.Flags()
	house.flags(command)
	flags.StringVar(&options.Channel, "channel", options.Channel, "generic, or telegram against a strict stand-in that is started here")
	flags.StringVar(&options.FakeAddress, "fake-addr", options.FakeAddress, "where the stand-in for Telegram listens; the house's worker must reach it")
	flags.StringVar(&options.Bot, "bot", "", "the bot that plays, made if it isn't there, going on if it is (default sim-<seed>-<n>, a new one)")
	flags.IntVar(&options.Contacts, "contacts", options.Contacts, "how many people there are")
	flags.Uint64Var(&options.Seed, "seed", options.Seed, "what the campaign is made from")
	flags.Float64Var(&options.Rate, "rate", 0, "webhooks a second; 0 is as many as it can")
	flags.IntVar(&options.AtOnce, "at-once", options.AtOnce, "webhooks under way at most")
	flags.Float64Var(&options.Duplicates, "duplicates", options.Duplicates, "share of webhooks that come twice, at once or much later")
	flags.Float64Var(&options.Reorder, "reorder", options.Reorder, "share of webhooks that come out of order")
	flags.Float64Var(&options.Lost, "lost", options.Lost, "share of webhooks that don't arrive at first and are sent again later")
	flags.DurationVar(&options.Delay, "delay", 0, "the most a webhook is held back; it takes a place among --at-once meanwhile")
	flags.DurationVar(&options.Patience, "patience", options.Patience, "how long nothing may go on before it is given up")
	flags.BoolVar(&table, "report", false, "print every total beside what it must be, and how fast it went")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	return command
}

// isTerminal says whether people look at a file as it is written.
func isTerminal(file *os.File) bool {
	about, err := file.Stat()
	return err == nil && about.Mode()&os.ModeCharDevice != 0
}

// unfinished says how to go on with a campaign that stopped before its end.
func unfinished(o simulate.Options, cause error) error {
	stopped := errors.Is(cause, context.Canceled)
	if o.Bot == "" || !stopped && !client.Passing(cause) {
		return cause
	}
	if stopped {
		cause = errors.New("stopped before the end")
	}
	return fmt.Errorf("%w\nWhat was sent is safe. To go on:\n  millennium simulate --api %s --bot %s --seed %d --contacts %d --channel %s",
		cause, o.API, o.Bot, o.Seed, o.Contacts, o.Channel)
}

func tell(cmd *cobra.Command, report simulate.Report, asJSON, table bool) error {
	out := cmd.OutOrStdout()
	switch {
	case asJSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	case table:
		report.Table(out)
	}
	if report.Sound() {
		fmt.Fprintf(cmd.ErrOrStderr(), "Everything is as it must be: %s, %d contacts.\n", report.Bot, report.People)
		return nil
	}
	var wrong strings.Builder
	report.Tell(&wrong)
	return fmt.Errorf("%s is not as it must be:\n%s", report.Bot, strings.TrimSpace(wrong.String()))
}
