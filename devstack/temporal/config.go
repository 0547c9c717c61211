package temporal

import (
	"fmt"
	"net"
	"strconv"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
)

const (
	// historyShards is fixed for ever once a database has been created with it. Workflows of one shard take turns, so a
	// few more shards than cores keep all cores busy; many more cost start time and memory.
	historyShards = 32

	clusterName = "active"
	loopback    = "127.0.0.1"
)

// addresses are the gRPC addresses of the services. Only the frontend's is for others.
type addresses map[primitives.ServiceName]string

func newAddresses(frontend string) (addresses, error) {
	if _, _, err := splitAddress(frontend); err != nil {
		return nil, err
	}
	internal := []primitives.ServiceName{primitives.HistoryService, primitives.MatchingService, primitives.WorkerService}
	found := addresses{primitives.FrontendService: frontend}
	for _, service := range internal {
		// Held until all are chosen, so that no port is chosen twice.
		listener, err := net.Listen("tcp4", net.JoinHostPort(loopback, "0"))
		if err != nil {
			return nil, fmt.Errorf("find a port for temporal's %s service: %w", service, err)
		}
		defer listener.Close()
		found[service] = listener.Addr().String()
	}
	return found, nil
}

// hosts makes the membership fixed instead of gossiped: there is one process, and a restart after a crash must not look
// for the dead one.
func (a addresses) hosts() map[primitives.ServiceName]static.Hosts {
	hosts := make(map[primitives.ServiceName]static.Hosts, len(a))
	for service, address := range a {
		hosts[service] = static.SingleLocalHost(address)
	}
	return hosts
}

func (a addresses) services() map[string]config.Service {
	services := make(map[string]config.Service, len(a))
	for service, address := range a {
		host, port, _ := splitAddress(address)
		services[string(service)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: host}}
	}
	return services
}

// reachable is where a process on this machine finds the frontend, which may listen on every interface.
func reachable(address string) string {
	host, port, err := splitAddress(address)
	if err == nil && net.ParseIP(host).IsUnspecified() {
		return net.JoinHostPort(loopback, strconv.Itoa(port))
	}
	return address
}

func serverConfig(addresses addresses, stores stores) *config.Config {
	frontend := reachable(addresses[primitives.FrontendService])
	return &config.Config{
		Services:     addresses.services(),
		Persistence:  stores.persistence(),
		PublicClient: config.PublicClient{HostPort: frontend},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
}
