// Package temporal runs a whole Temporal server (frontend, history, matching, worker) and its web UI inside this
// process, with everything it stores in PostgreSQL: the embedded default of `make run`, and the server of the end-to-end
// tests. It is the real server with its real schema, configured for one machine; it knows nothing of referrals.
//
// Importing it links the Temporal server, which takes minutes to compile: only cmd/temporal does.
package temporal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	server "go.temporal.io/server/temporal"

	ui "github.com/temporalio/ui-server/v2/server"
)

// stopTimeout bounds Stop: what the services have not finished by then, they redo after the next start.
const stopTimeout = 9 * time.Second

// Options says where the server listens and stores.
type Options struct {
	// DatabaseURL is any database of a PostgreSQL server (version 12 or later) in which the databases temporal and
	// temporal_visibility are created or found.
	DatabaseURL string

	// Address is the host:port of the gRPC frontend. The host must be an IP address.
	Address string

	// UIAddress is the host:port of the web UI. Empty means no UI.
	UIAddress string
}

// Server is a running Temporal server.
type Server struct {
	services server.Server
	ui       *ui.Server
}

// Start creates or updates the schema, starts the services and the UI, registers the namespace default, and returns once
// that can be used.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := checkFree(options.Address, options.UIAddress); err != nil {
		return nil, err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn"}))
	stores, err := parseStores(options.DatabaseURL)
	if err != nil {
		return nil, err
	}
	if err := stores.migrate(logger); err != nil {
		return nil, err
	}
	services, err := newServices(options.Address, stores, logger)
	if err != nil {
		return nil, fmt.Errorf("set up the temporal server: %w", err)
	}
	s := &Server{services: services}
	if err := services.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the temporal server: %w", err), s.Stop())
	}
	if err := registerNamespace(ctx, options.Address); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if options.UIAddress != "" {
		if s.ui, err = startUI(options); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// Stop ends the UI and the services, within ten seconds.
func (s *Server) Stop() error {
	if s.ui != nil {
		s.ui.Stop()
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.services.Stop() }()
	select {
	case err := <-stopped:
		return err
	case <-time.After(stopTimeout):
		return errors.New("the temporal server did not stop in time")
	}
}

func newServices(address string, stores stores, logger log.Logger) (server.Server, error) {
	addresses, err := newAddresses(address)
	if err != nil {
		return nil, err
	}
	return server.NewServer(
		server.WithConfig(serverConfig(addresses, stores)),
		server.ForServices(server.DefaultServices),
		server.WithStaticHosts(addresses.hosts()),
		server.WithDynamicConfigClient(dynamicConfig()),
		server.WithLogger(logger),
		server.WithAuthorizer(authorization.NewNoopAuthorizer()),
		server.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return authorization.NewNoopClaimMapper() }),
	)
}

// checkFree finds a port in use before anything is started: the server and the UI would end the process on one.
func checkFree(addresses ...string) error {
	for _, address := range addresses {
		if address == "" {
			continue
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("cannot listen: %w", err)
		}
		listener.Close()
	}
	return nil
}

func splitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	if net.ParseIP(host) == nil {
		return "", 0, fmt.Errorf("%s: the host must be an IP address", address)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port <= 0 {
		return "", 0, fmt.Errorf("%s: the port must be a number", address)
	}
	return host, port, nil
}
