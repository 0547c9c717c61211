// Command millennium is the referral engine: the api that takes webhooks in, the worker that settles referrals, and the
// tools around them. It alone joins the books, the channels and the rest.
package main

import (
	"context"
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
		migrating(), seeding(), programs(), healthchecking(), fakeTelegram(),
	)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "millennium:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
