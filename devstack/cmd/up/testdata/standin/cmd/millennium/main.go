// Command millennium stands in for the product: it answers on its address until it is told to stop, and notes how it was
// called. STANDIN_FAIL names a subcommand that fails, STANDIN_DIE makes serve end by itself.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	command := os.Args[1]
	fmt.Println(command, "with", os.Getenv("DATABASE_URL"))
	if os.Getenv("STANDIN_FAIL") == command {
		fmt.Println("no such luck")
		os.Exit(3)
	}
	if command == "serve" {
		serve()
	}
}

func serve() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if os.Getenv("STANDIN_DIE") != "" {
		time.AfterFunc(500*time.Millisecond, func() { panic("out of luck") })
	}
	server := &http.Server{Addr: os.Getenv("MILLENNIUM_ADDR"), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go func() { fmt.Println(server.ListenAndServe()) }()
	<-ctx.Done()
	fmt.Println("stopped cleanly")
}
