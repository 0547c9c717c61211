// Package worker runs the durable path: the Temporal workers of both task queues, and the relay that carries events from the
// inbox to them. It copes with a Temporal that isn't there yet or goes away: events wait in the inbox meanwhile.
package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/workflows"
	"github.com/millenniumm/referrals/workflows/contract"
)

const (
	// redial is the pause between tries to reach a Temporal that isn't there.
	redial = time.Second
	// connectTimeout bounds one try.
	connectTimeout = 10 * time.Second
	// tasksAtOnce bounds the workflow tasks under way in a process, and with them the steps that wait for one hot referrer's turn: more
	// would time out, become ordinary activities and cost three times as much. What is beyond waits in Temporal's queue, for free.
	tasksAtOnce = 48
	// deploymentCheck is how often a versioned worker asks whether it is the current version.
	deploymentCheck = 10 * time.Second
)

// A Worker is one process of the durable path. Make it with its exported fields set and call Run once.
type Worker struct {
	// Temporal says where the server is and how to reach it (the SDK's environment configuration).
	Temporal client.Options
	// Deployment is set for worker versioning; empty fields mean an unversioned worker.
	Deployment Deployment
	Activities *activities.Activities
	Inbox      Inbox
	Log        *slog.Logger

	connected atomic.Bool
}

// A Deployment names a worker's version, as in TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID.
type Deployment struct{ Name, BuildID string }

func (d Deployment) versioned() bool { return d.Name != "" && d.BuildID != "" }

// Connected says whether the worker has reached Temporal and works.
func (w *Worker) Connected() bool { return w.connected.Load() }

// Run works until ctx ends. A Temporal that isn't there, or a worker that fails for good, leads to a fresh worker, after a pause.
func (w *Worker) Run(ctx context.Context) {
	w.Log.Info("worker: looking for Temporal", "address", w.Temporal.HostPort, "namespace", w.Temporal.Namespace)
	for told := false; ctx.Err() == nil; {
		err := w.session(ctx)
		w.connected.Store(false)
		if ctx.Err() != nil {
			return
		}
		if !told || err == nil {
			w.Log.Warn("worker: no Temporal; events wait in the inbox until it is there", "address", w.Temporal.HostPort, "error", err)
		}
		told = err != nil
		select {
		case <-time.After(redial):
		case <-ctx.Done():
		}
	}
}

// session works with one connection until ctx ends or a worker fails for good.
func (w *Worker) session(ctx context.Context) error {
	connection, err := w.connect(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	stop, err := w.startWorkers(connection, fail)
	if err != nil {
		return err
	}
	var relaying sync.WaitGroup
	eager := w.eagerness(ctx, connection, &relaying)
	usable := func(ctx context.Context) error { return attributesUsable(ctx, connection, w.namespace()) }
	relaying.Go(func() { newRelay(w.Inbox, connection, eager, usable, w.Log).run(ctx) })
	w.connected.Store(true)
	w.Log.Info("worker: at work", "address", w.Temporal.HostPort, "namespace", w.Temporal.Namespace)
	relaying.Wait() // the relay ends first: nothing new is started here
	stop()
	return context.Cause(ctx)
}

func (w *Worker) connect(ctx context.Context) (client.Client, error) {
	bounded, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	connection, err := client.DialContext(bounded, w.Temporal)
	if err != nil {
		return nil, fmt.Errorf("reach Temporal: %w", err)
	}
	if err := registerSearchAttributes(ctx, connection, w.namespace()); err != nil {
		connection.Close()
		return nil, err
	}
	return connection, nil
}

func (w *Worker) namespace() string {
	if w.Temporal.Namespace == "" {
		return client.DefaultNamespace
	}
	return w.Temporal.Namespace
}

// startWorkers starts a worker for each task queue. Deliveries get no eager activities: those would go past the queue's
// fairness.
func (w *Worker) startWorkers(connection client.Client, fail context.CancelCauseFunc) (stop func(), err error) {
	options := worker.Options{
		OnFatalError:                            func(err error) { fail(fmt.Errorf("worker: %w", err)) },
		WorkerStopTimeout:                       activities.SendTimeout + 2*time.Second,
		MaxConcurrentWorkflowTaskExecutionSize:  tasksAtOnce,
		MaxConcurrentLocalActivityExecutionSize: 4 * tasksAtOnce,
	}
	if w.Deployment.versioned() {
		options.DeploymentOptions = worker.DeploymentOptions{
			UseVersioning: true,
			Version:       worker.WorkerDeploymentVersion{DeploymentName: w.Deployment.Name, BuildID: w.Deployment.BuildID},
		}
	}
	referrals := worker.New(connection, contract.ReferralQueue, options)
	options.DisableEagerActivities = true
	deliveries := worker.New(connection, contract.DeliveryQueue, options)
	workflows.Register(referrals, deliveries)
	referrals.RegisterActivity(w.Activities)
	deliveries.RegisterActivity(w.Activities)
	if err := referrals.Start(); err != nil {
		return nil, fmt.Errorf("start the referral worker: %w", err)
	}
	if err := deliveries.Start(); err != nil {
		referrals.Stop()
		return nil, fmt.Errorf("start the delivery worker: %w", err)
	}
	return func() {
		referrals.Stop()
		deliveries.Stop()
	}, nil
}
