package temporal

import (
	ui "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI serves the web UI in the background. Stop closes it; its only other way to end is to fail to listen, which
// ends the process and which checkFree has made unlikely.
func startUI(options Options) (*ui.Server, error) {
	host, port, err := splitAddress(options.UIAddress)
	if err != nil {
		return nil, err
	}
	started := ui.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: reachable(options.Address),
		Host:                host,
		Port:                port,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		HideLogs:            true,
		// The page is served over plain HTTP on loopback.
		CORS: uiconfig.CORS{CookieInsecure: true},
	}))
	go func() { _ = started.Start() }()
	return started, nil
}
