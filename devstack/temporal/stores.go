package temporal

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"
)

const (
	historyStore    = "temporal"
	visibilityStore = "temporal_visibility"

	// Each of the four services opens pools of its own, so the server takes up to four times this: 128 connections, which
	// leaves the product a third of the private server's 200.
	historyConnections    = 24
	visibilityConnections = 8
)

// embeddedSchemas are the names under which the server's module embeds the schema of each database.
var embeddedSchemas = map[string]string{
	historyStore:    "postgresql/v12/temporal",
	visibilityStore: "postgresql/v12/visibility",
}

// stores are the two databases of a Temporal server.
type stores struct {
	server      config.SQL // without a database
	maintenance string     // a database that exists, from which others are created
}

func parseStores(databaseURL string) (stores, error) {
	parsed, err := url.Parse(databaseURL)
	if err != nil {
		return stores{}, errors.New("the database URL is not a URL") // url's error would show the password
	}
	if (parsed.Scheme != "postgres" && parsed.Scheme != "postgresql") || parsed.Hostname() == "" || parsed.User == nil {
		return stores{}, errors.New("the database URL must be postgres://user:password@host:port/database")
	}
	password, _ := parsed.User.Password()
	attributes := map[string]string{}
	for name, values := range parsed.Query() {
		attributes[name] = values[0]
	}
	port := parsed.Port()
	if port == "" {
		port = "5432"
	}
	maintenance := strings.TrimPrefix(parsed.Path, "/")
	if maintenance == "" {
		maintenance = "postgres"
	}
	return stores{
		server: config.SQL{
			PluginName:        postgresql.PluginNamePGX,
			User:              parsed.User.Username(),
			Password:          password,
			ConnectAddr:       net.JoinHostPort(parsed.Hostname(), port),
			ConnectProtocol:   "tcp",
			ConnectAttributes: attributes,
		},
		maintenance: maintenance,
	}, nil
}

func (s stores) database(name string, connections int) *config.SQL {
	sql := s.server
	sql.DatabaseName = name
	sql.MaxConns, sql.MaxIdleConns = connections, connections
	return &sql
}

func (s stores) persistence() config.Persistence {
	return config.Persistence{
		DefaultStore:     historyStore,
		VisibilityStore:  visibilityStore,
		NumHistoryShards: historyShards,
		DataStores: map[string]config.DataStore{
			historyStore:    {SQL: s.database(historyStore, historyConnections)},
			visibilityStore: {SQL: s.database(visibilityStore, visibilityConnections)},
		},
	}
}

// migrate brings both databases to the schema of this server, creating them first if needed.
func (s stores) migrate(logger log.Logger) error {
	for name, schemaName := range embeddedSchemas {
		if err := s.migrateOne(name, schemaName, logger); err != nil {
			return fmt.Errorf("temporal's database %s: %w", name, err)
		}
	}
	return nil
}

func (s stores) migrateOne(name, schemaName string, logger log.Logger) error {
	if err := sqltool.DoCreateDatabase(s.database(name, 1), s.maintenance, logger); err != nil {
		return fmt.Errorf("create it: %w", err)
	}
	db, err := sqltool.NewConnection(s.database(name, 1), logger)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer db.Close()
	// Leaves a schema that has a version already as it is.
	versioning := &schema.SetupConfig{InitialVersion: "0.0"}
	if err := schema.NewSetupSchemaTask(db, versioning, logger).Run(); err != nil {
		return fmt.Errorf("set up schema versions: %w", err)
	}
	latest := &schema.UpdateConfig{SchemaName: schemaName}
	if err := schema.NewUpdateSchemaTask(db, latest, logger).Run(); err != nil {
		return fmt.Errorf("update the schema: %w", err)
	}
	return nil
}
