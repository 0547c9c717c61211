package temporal

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/millenniumm/referrals/devstack/postgres"
)

const taskQueue = "greetings"

func greet(_ workflow.Context, name string) (string, error) { return "hello " + name, nil }

// A worker stays connected all the while, as the product does when Temporal is restarted under it.
func TestTheServerRunsWorkflowsAndFindsThemAfterARestart(t *testing.T) {
	t.Parallel()
	options := Options{DatabaseURL: startPostgres(t).URL("postgres"), Address: freeAddress(t)}
	server := start(t, options)
	temporal := dial(t, options.Address, namespace)
	startWorker(t, temporal)
	runWorkflow(t, temporal, "before")
	if _, err := Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), options.Address) {
		t.Errorf("a second server on the same address: %v", err)
	}
	stop(t, server)

	server = start(t, options)
	var greeting string
	if err := temporal.GetWorkflow(t.Context(), "before", "").Get(t.Context(), &greeting); err != nil || greeting != "hello before" {
		t.Errorf("got %q, %v", greeting, err)
	}
	runWorkflow(t, temporal, "after")
	stop(t, server)
}

func TestANewNamespaceAndItsSearchAttributeAreSoonUsable(t *testing.T) {
	t.Parallel()
	options := Options{DatabaseURL: startPostgres(t).URL("postgres"), Address: freeAddress(t)}
	server := start(t, options)
	createNamespace(t, options.Address, "other")
	stop(t, server)
}

func TestOnlyCompletePostgresURLsAreAccepted(t *testing.T) {
	for _, url := range []string{"", "mysql://u:p@host/db", "postgres:///db", "postgres://host/db", "postgres://u:secret@ho st/db"} {
		if _, err := parseStores(url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", url, err)
		}
	}
	got, err := parseStores("postgresql://u:p%40ss@host/db?sslmode=require")
	if err != nil {
		t.Fatal(err)
	}
	if got.server.ConnectAddr != "host:5432" || got.server.Password != "p@ss" || got.maintenance != "db" ||
		got.server.ConnectAttributes["sslmode"] != "require" {
		t.Errorf("got %+v", got)
	}
}

func start(t *testing.T, options Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func stop(t *testing.T, server *Server) {
	t.Helper()
	began := time.Now()
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %s", took)
	}
}

func startPostgres(t *testing.T) *postgres.Server {
	t.Helper()
	database, err := postgres.Start(t.Context(), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := database.Stop(); err != nil {
			t.Error(err)
		}
	})
	return database
}

func startWorker(t *testing.T, temporal client.Client) {
	t.Helper()
	greeter := worker.New(temporal, taskQueue, worker.Options{})
	greeter.RegisterWorkflow(greet)
	if err := greeter.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(greeter.Stop)
}

// runWorkflow runs one that is started eagerly: its first task travels with the answer to its start.
func runWorkflow(t *testing.T, temporal client.Client, id string) {
	t.Helper()
	options := client.StartWorkflowOptions{ID: id, TaskQueue: taskQueue, EnableEagerStart: true}
	run, err := temporal.ExecuteWorkflow(t.Context(), options, greet, id)
	if err != nil {
		t.Fatal(err)
	}
	var greeting string
	if err := run.Get(t.Context(), &greeting); err != nil || greeting != "hello "+id {
		t.Fatalf("got %q, %v", greeting, err)
	}
	history := temporal.GetWorkflowHistory(t.Context(), id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	started, err := history.Next()
	if err != nil || !started.GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted() {
		t.Errorf("not started eagerly: %v, %v", started, err)
	}
}

// createNamespace also adds a search attribute, as the product does, and allows both a few seconds to be usable.
func createNamespace(t *testing.T, address, name string) {
	t.Helper()
	temporal := dial(t, address, name)
	_, err := temporal.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	within(t, 5*time.Second, func() error {
		_, err := temporal.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
			Namespace:        name,
			SearchAttributes: map[string]enumspb.IndexedValueType{"Outcome": enumspb.INDEXED_VALUE_TYPE_KEYWORD},
		})
		return err
	})
	within(t, 5*time.Second, func() error {
		_, err := temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "Outcome = 'credited'"})
		return err
	})
	t.Logf("usable after %s", time.Since(began))
}

func within(t *testing.T, limit time.Duration, try func() error) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still after %s: %v", limit, err)
		}
	}
}

func dial(t *testing.T, address, namespace string) client.Client {
	t.Helper()
	temporal, err := client.Dial(client.Options{HostPort: address, Namespace: namespace})
	if err != nil {
		t.Fatal(fmt.Errorf("dial %s: %w", address, err))
	}
	t.Cleanup(temporal.Close)
	return temporal
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
