// Command up is what `make run` starts: the whole product on one machine, in one terminal. It builds `millennium`, starts
// a private PostgreSQL, migrates, seeds the demo bot, serves, and then builds and starts a Temporal server; Ctrl-C stops
// all of it. Everything it writes is in .data at the repository's root.
//
// Environment, all optional:
//
//	MILLENNIUM_ADDR                where the product listens (127.0.0.1:8080)
//	DATABASE_URL                   an existing database for the product; no private PostgreSQL for it then
//	TEMPORAL_ADDRESS               an existing Temporal; none is built or started then
//	MILLENNIUM_ADMIN_TOKEN         used instead of the one generated into .data/admin-token
//	MILLENNIUM_ENCRYPTION_KEY      used instead of the one generated into .data/encryption-key
//	MILLENNIUM_DEV_TEMPORAL_PORT   port of the Temporal started here (7233)
//	MILLENNIUM_DEV_UI_PORT         port of its web UI (8233)
//	MILLENNIUM_DEV_DATA            directory to use instead of .data
//	MILLENNIUM_POSTGRES_BINARIES   directory of the PostgreSQL programs to use, or "download"
//	MILLENNIUM_POSTGRES_REPOSITORY Maven repository to download PostgreSQL from
//
// It must not import the Temporal server: it compiles in seconds so that something can be seen early.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\nmake run: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	settings, err := loadSettings(os.LookupEnv)
	if err != nil {
		return err
	}
	lock, err := claimData(settings)
	if err != nil {
		return err
	}
	defer lock.Release()
	if err := awaitPorts(ctx, settings.listening(), portPatience); err != nil {
		return err
	}
	err = newStack(settings, os.Environ(), newConsole(os.Stdout)).run(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil // asked to stop, and stopped
	}
	return err
}
