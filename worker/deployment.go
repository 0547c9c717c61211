package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/millenniumm/referrals/workflows/contract"
)

const (
	attributesUsableWithin = time.Minute
	attributesCheck        = 500 * time.Millisecond
)

// eagerness says whether workflows may be started on this very process, past the matching service. An unversioned worker always
// may; a versioned one only while it is the current version and no other is being ramped up: else it would take what belongs to them.
func (w *Worker) eagerness(ctx context.Context, connection client.Client, group *sync.WaitGroup) func() bool {
	if !w.Deployment.versioned() {
		return func() bool { return true }
	}
	var current atomic.Bool
	look := func(ctx context.Context) { current.Store(w.isCurrent(ctx, connection)) }
	look(ctx)
	group.Go(func() { every(ctx, deploymentCheck, look) })
	return current.Load
}

func (w *Worker) isCurrent(ctx context.Context, connection client.Client) bool {
	found, err := connection.WorkerDeploymentClient().GetHandle(w.Deployment.Name).Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	if err != nil {
		return false // not promoted yet, or out of reach: matching decides
	}
	routing := found.Info.RoutingConfig
	return routing.CurrentVersion != nil && routing.CurrentVersion.BuildID == w.Deployment.BuildID && routing.RampingVersionPercentage == 0
}

// registerSearchAttributes makes ours known to the namespace and waits until they can be used: a workflow started with one the
// server's cache hasn't seen is refused.
func registerSearchAttributes(ctx context.Context, connection client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, attributesUsableWithin)
	defer cancel()
	if attributesUsable(ctx, connection, namespace) == nil {
		return nil
	}
	attributes := map[string]enumspb.IndexedValueType{}
	for _, name := range contract.SearchAttributes() {
		attributes[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	}
	for {
		// Refused where an operator registers them (Temporal Cloud), and by a server that is only just starting: asked again, and in
		// the end it is their being usable that counts.
		_, refused := connection.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: namespace, SearchAttributes: attributes,
		})
		err := attributesUsable(ctx, connection, namespace)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(attributesCheck):
		case <-ctx.Done():
			return fmt.Errorf("search attributes %v can't be used in namespace %q: register them as keywords: %w",
				contract.SearchAttributes(), namespace, errors.Join(err, refused))
		}
	}
}

// attributesUsable asks for workflows by all of them, which fails while one isn't known.
func attributesUsable(ctx context.Context, connection client.Client, namespace string) error {
	query := ""
	for i, name := range contract.SearchAttributes() {
		if i > 0 {
			query += " AND "
		}
		query += name + " = 'none'"
	}
	_, err := connection.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: namespace, Query: query})
	return err
}
