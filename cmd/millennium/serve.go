package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/internal/config"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/worker"
)

const (
	// drainWithin bounds the wait for requests under way when the api stops.
	drainWithin = 10 * time.Second
	// temporalCheck bounds the question whether Temporal is there.
	temporalCheck = time.Second
)

func serving(name, short string, withAPI, withWorker bool) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parts := config.Keys
			if withAPI {
				parts |= config.API
			}
			if withWorker {
				parts |= config.Workers
			}
			settings, err := config.Load(os.Getenv, parts)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), settings, withAPI, withWorker)
		},
	}
}

// A process is the running parts of the house and what they share.
type process struct {
	settings config.Config
	log      *slog.Logger
	store    *postgres.Store
	adapters map[string]channel.Adapter
	worker   *worker.Worker // nil in an api process
}

// serve runs the parts until ctx ends or one fails, and lets each finish what it has under way.
func serve(ctx context.Context, settings config.Config, withAPI, withWorker bool) error {
	p := &process{settings: settings, log: newLog(settings), adapters: channels()}
	var err error
	p.store, err = postgres.Open(ctx, postgres.Config{URL: settings.DatabaseURL, Key: settings.EncryptionKey, Link: linkBuilder(p.adapters)})
	if err != nil {
		return err
	}
	defer p.store.Close()
	// Only now, because its messages stay in the books.
	p.adapters[webchat.Name] = webchat.Adapter{BaseURL: settings.PublicURL, Transcript: p.store}
	if withWorker {
		p.worker = p.newWorker()
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var parts sync.WaitGroup
	if withWorker {
		parts.Go(func() { p.worker.Run(ctx) })
	}
	if withAPI {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", settings.Address)
		if err != nil {
			fail(nil)
			parts.Wait()
			return fmt.Errorf("listen on %s (MILLENNIUM_ADDR): %w", settings.Address, err)
		}
		parts.Go(func() { fail(p.runAPI(ctx, listener)) })
	}
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// newLog writes for people on a terminal and for machines everywhere else alike: one line an event, with ids.
func newLog(settings config.Config) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: settings.LogLevel}))
}

func (p *process) newWorker() *worker.Worker {
	options := p.settings.Temporal
	options.Logger = sdkLog(p.settings)
	return &worker.Worker{
		Temporal:   options,
		Deployment: worker.Deployment{Name: p.settings.Deployment, BuildID: p.settings.BuildID},
		Activities: activities.New(p.store, p.store, p.store, p.adapters),
		Inbox:      p.store,
		Log:        p.log,
	}
}

// sdkLog keeps the SDK's everyday remarks out of our log.
func sdkLog(settings config.Config) sdklog.Logger {
	level := settings.LogLevel
	if level == slog.LevelInfo {
		level = slog.LevelWarn
	}
	return sdklog.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
}

// runAPI serves until ctx ends, lets requests under way finish, and then stops the inbox that answers them.
func (p *process) runAPI(ctx context.Context, listener net.Listener) error {
	inbox := postgres.NewInbox(p.store, p.log)
	ready, closeReady, err := p.temporalReady()
	if err != nil {
		return err
	}
	defer closeReady()
	handler, err := api.New(api.Config{
		Books: p.store, Once: once(p.store), Inbox: inbox, Channels: p.adapters, AdminToken: p.settings.AdminToken, PublicURL: p.settings.PublicURL,
		TemporalUI: p.settings.TemporalUI, Namespace: p.settings.Temporal.Namespace, TemporalReady: ready, Log: p.log,
	})
	if err != nil {
		return err
	}
	committing, stopCommitting := context.WithCancel(context.WithoutCancel(ctx))
	var committed sync.WaitGroup
	committed.Go(func() { inbox.Run(committing) })
	committed.Go(func() { handler.Listen(committing) })
	defer committed.Wait()
	defer stopCommitting()
	p.log.Info("api: at work", "address", p.settings.Address)
	return p.answer(ctx, listener, handler)
}

// once hands the api's work the books of the transaction in which its answer is kept.
func once(store *postgres.Store) api.Once {
	return func(ctx context.Context, request referral.Request, work func(api.Books) (referral.Answer, error)) (referral.Answer, bool, error) {
		return store.Once(ctx, request, func(books *postgres.Store) (referral.Answer, error) { return work(books) })
	}
}

func (p *process) answer(ctx context.Context, listener net.Listener, handler *api.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(handler.EndStreams)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	return server.Shutdown(draining)
}

// temporalReady says whether referrals are being worked on: Temporal is in reach, and this process' worker, if it has one, at work.
func (p *process) temporalReady() (ready func(context.Context) error, end func(), err error) {
	options := p.settings.Temporal
	options.Logger = sdkLog(p.settings)
	connection, err := client.NewLazyClient(options)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare to ask for Temporal: %w", err)
	}
	return func(ctx context.Context) error {
		if p.worker != nil && !p.worker.Connected() {
			return errors.New("the worker has not reached Temporal")
		}
		ctx, cancel := context.WithTimeout(ctx, temporalCheck)
		defer cancel()
		_, err := connection.CheckHealth(ctx, &client.CheckHealthRequest{})
		return err
	}, connection.Close, nil
}
