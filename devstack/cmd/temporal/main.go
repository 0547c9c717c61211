// Command temporal runs a Temporal server with its web UI in one process, stored in PostgreSQL:
//
//	temporal --database-url URL [--address 127.0.0.1:7233] [--ui-address 127.0.0.1:8233]
//
// Each flag can be given in the environment instead: MILLENNIUM_DEV_DATABASE_URL, MILLENNIUM_DEV_TEMPORAL_ADDRESS,
// MILLENNIUM_DEV_UI_ADDRESS. It prints one line on standard output when it is ready, logs warnings to standard error, and
// stops on SIGINT or SIGTERM within ten seconds. GOGC is 400 unless set: about a third more workflows per second
// than Go's default of 100, for more memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/millenniumm/referrals/devstack/temporal"
)

const garbagePercent = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

func run() error {
	began := time.Now()
	var options temporal.Options
	flag.StringVar(&options.DatabaseURL, "database-url", os.Getenv("MILLENNIUM_DEV_DATABASE_URL"),
		"a database of the PostgreSQL server to store in; the databases temporal and temporal_visibility are created in it")
	flag.StringVar(&options.Address, "address", environment("MILLENNIUM_DEV_TEMPORAL_ADDRESS", "127.0.0.1:7233"),
		"where to listen for gRPC")
	flag.StringVar(&options.UIAddress, "ui-address", environment("MILLENNIUM_DEV_UI_ADDRESS", "127.0.0.1:8233"),
		"where to serve the web UI; empty for none")
	flag.Parse()
	if options.DatabaseURL == "" {
		return errors.New("--database-url is needed")
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := temporal.Start(ctx, options)
	if err != nil {
		return err
	}
	fmt.Printf("ready after %.1f s: gRPC on %s, UI on %s\n", time.Since(began).Seconds(), options.Address, shown(options.UIAddress))
	<-ctx.Done()
	return server.Stop()
}

func environment(name, fallback string) string {
	if value, set := os.LookupEnv(name); set {
		return value
	}
	return fallback
}

func shown(uiAddress string) string {
	if uiAddress == "" {
		return "no address"
	}
	return "http://" + uiAddress
}
