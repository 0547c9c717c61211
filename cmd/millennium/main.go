// Command millennium is the referral engine: the api that takes webhooks in, the worker that settles referrals, and the
// tools around them. It alone joins the books, the channels and the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "millennium",
		Short:         "The referral engine for chatbots",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		serving("serve", "Run the api and a worker in one process", true, true),
		serving("api", "Run the api: webhooks, REST, pages", true, false),
		serving("worker", "Run a worker: the relay and the Temporal workers", false, true),
		migrating(), seeding(), programs(), healthchecking(), fakeTelegram(), simulating(),
	)
	if err := root.ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errDifferent) {
			fmt.Fprintln(os.Stderr, "millennium:", err)
		}
		stop()
		os.Exit(exitCode(err)) //nolint:gocritic // stop was called
	}
}

func exitCode(err error) int {
	var troubled trouble
	if errors.As(err, &troubled) {
		return 2
	}
	return 1
}
