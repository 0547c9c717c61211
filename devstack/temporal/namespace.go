package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	namespace = "default"

	// retention is how long a finished workflow can be looked at.
	retention = 7 * 24 * time.Hour

	// namespaceTimeout covers the caches of a server that has just started.
	namespaceTimeout = 30 * time.Second
)

// registerNamespace creates the namespace unless it exists, and waits until the frontend knows it.
func registerNamespace(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, namespaceTimeout)
	defer cancel()
	temporal, err := client.DialContext(ctx, client.Options{
		HostPort: reachable(address), Namespace: namespace, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return fmt.Errorf("connect to the temporal server: %w", err)
	}
	defer temporal.Close()
	_, err = temporal.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        namespace,
		WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if _, exists := errors.AsType[*serviceerror.NamespaceAlreadyExists](err); err != nil && !exists {
		return fmt.Errorf("register the namespace %s: %w", namespace, err)
	}
	return awaitNamespace(ctx, temporal)
}

func awaitNamespace(ctx context.Context, temporal client.Client) error {
	for {
		_, err := temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the namespace %s is not usable: %w", namespace, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
