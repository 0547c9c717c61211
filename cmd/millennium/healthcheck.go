package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/millenniumm/referrals/internal/config"
	"github.com/millenniumm/referrals/workflows/contract"
)

// checkWithin bounds a health check: containers are asked every few seconds.
const checkWithin = 4 * time.Second

// polledWithin is the age of a poll that shows life: a poll is held open for a minute when there is nothing to do.
const polledWithin = 90 * time.Second

// healthchecking is for containers, whose image holds nothing but this binary to ask with.
func healthchecking() *cobra.Command {
	group := &cobra.Command{Use: "healthcheck", Short: "Say whether the api or worker of this container is well"}
	check := func(name, short string, parts config.Part, ask func(context.Context, config.Config) error) *cobra.Command {
		return &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := config.Load(os.Getenv, parts)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), checkWithin)
			defer cancel()
			return ask(ctx, settings)
		}}
	}
	group.AddCommand(
		check("api", "Ask the api at MILLENNIUM_ADDR whether it is ready", config.API, askAPI),
		check("worker", "Ask Temporal whether this host's worker polls", config.Workers, askForWorker),
	)
	return group
}

func askAPI(ctx context.Context, settings config.Config) error {
	host, port, err := net.SplitHostPort(settings.Address)
	if err != nil {
		return fmt.Errorf("read MILLENNIUM_ADDR: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask the api: %w", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask the api: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the api is not ready: %s", answer.Status)
	}
	return nil
}

// askForWorker looks for this host among those that poll the referral queue: the SDK names them process@host@.
func askForWorker(ctx context.Context, settings config.Config) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the host's name: %w", err)
	}
	settings.Temporal.Logger = sdkLog(settings)
	connection, err := client.DialContext(ctx, settings.Temporal)
	if err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	defer connection.Close()
	queue, err := connection.DescribeTaskQueue(ctx, contract.ReferralQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return fmt.Errorf("look at the queue: %w", err)
	}
	for _, poller := range queue.GetPollers() {
		_, at, _ := strings.Cut(poller.GetIdentity(), "@")
		name, _, _ := strings.Cut(at, "@")
		if name == host && time.Since(poller.GetLastAccessTime().AsTime()) < polledWithin {
			return nil
		}
	}
	return errors.New("no worker of this host polls the referral queue")
}
