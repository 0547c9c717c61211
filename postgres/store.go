// Package postgres keeps the books: the only SQL of the house, in queries/ and migrations/, and the stores that run it in
// transactions. It decides nothing about referrals or programs: it locks, loads, calls the pure decision back, and
// writes what came of it. It knows no Temporal, no HTTP and no channel.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

//go:embed migrations/*.sql
var migrations embed.FS

// programsCached bounds the parsed programs kept in memory. Versions are immutable, so an entry is never stale.
const programsCached = 512

// accountsCached bounds the accounts kept in memory for a moment.
const accountsCached = 4096

// Config is what a Store needs.
type Config struct {
	// URL of the database, as in DATABASE_URL.
	URL string
	// MaxConns bounds the pool. 0 means 20: two cores of Postgres gain nothing from more.
	MaxConns int32
	// Key seals the accounts' credentials: 32 bytes.
	Key []byte
	// Link builds the address that opens the bot with a ref on an account's channel. cmd passes the channels' own.
	Link func(account channel.Account, ref string) (string, error)
}

// A Store is the books. It is safe for concurrent use; Close it when done.
type Store struct {
	pool     *pgxpool.Pool
	session  session // the pool, or a transaction in it
	url      string
	queries  *db.Queries
	seal     *sealer
	link     func(channel.Account, string) (string, error)
	programs *lru.Cache[programKey, *program.Program]
	accounts *expirable.LRU[accountKey, channel.Account]
	turns    chan struct{} // of requests that hold a transaction while they are worked on

	provisional bool // in a transaction that may yet be rolled back
}

type programKey struct {
	bot     string
	version int32
}

// Open connects to the books. It fails when the database can't be reached or the key is unusable.
func Open(ctx context.Context, config Config) (*Store, error) {
	seal, err := newSealer(config.Key)
	if err != nil {
		return nil, err
	}
	pool, err := openPool(ctx, config)
	if err != nil {
		return nil, err
	}
	programs, err := lru.New[programKey, *program.Program](programsCached)
	if err != nil {
		return nil, fmt.Errorf("make the program cache: %w", err)
	}
	return &Store{
		pool: pool, session: pool, url: config.URL, queries: db.New(pool), seal: seal, link: config.Link, programs: programs,
		accounts: expirable.NewLRU[accountKey, channel.Account](accountsCached, nil, accountsFresh),
		// Half of the connections: what such a request does beside its transaction must find one, too.
		turns: make(chan struct{}, max(1, pool.Config().MaxConns/2)),
	}, nil
}

func openPool(ctx context.Context, config Config) (*pgxpool.Pool, error) {
	settings, err := pgxpool.ParseConfig(config.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL can't be read: use postgres://user:password@host:port/database")
	}
	settings.MaxConns = 20
	if config.MaxConns > 0 {
		settings.MaxConns = config.MaxConns
	}
	parameters := settings.ConnConfig.RuntimeParams
	parameters["application_name"] = "millennium"
	// A step's local activity has 5 s: a lock not had by then is given up, and the step tried again.
	parameters["lock_timeout"] = "4s"
	parameters["idle_in_transaction_session_timeout"] = "60s"
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return pool, nil
}

// Close gives the connections back.
func (s *Store) Close() { s.pool.Close() }

// Ping says whether the books can be reached.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Migrate brings the database at url to the newest schema. Several processes may do it at once: one does, the others wait.
func Migrate(ctx context.Context, url string) error {
	settings, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("DATABASE_URL can't be read: use postgres://user:password@host:port/database")
	}
	pool := stdlib.OpenDB(*settings)
	defer func() { _ = pool.Close() }()
	return migrate(ctx, pool)
}

func migrate(ctx context.Context, pool *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("make the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(database.DialectPostgres, pool, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Schema gives the migrations' text, so that tests know a template database by what is in it.
func Schema() (string, error) {
	var all string
	err := fs.WalkDir(migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := migrations.ReadFile(path)
		all += string(text)
		return err
	})
	return all, err
}

// inTx runs work in one transaction (a savepoint within another), rolled back when work or the commit fails, and again at once when it only lost against a
// concurrent one.
func (s *Store) inTx(ctx context.Context, work func(pgx.Tx, *db.Queries) error) error {
	var err error
	for range conflictRetries {
		err = pgx.BeginFunc(ctx, s.session, func(tx pgx.Tx) error { return work(tx, s.queries.WithTx(tx)) })
		if !isConflict(err) {
			return err
		}
	}
	return err
}

// Program gives a version of a bot's program, parsed. The version in force when version is 0; ErrNoProgram when there is none.
func (s *Store) Program(ctx context.Context, bot string, version int32) (*program.Program, error) {
	if version == 0 {
		current, err := s.queries.ProgramVersion(ctx, bot)
		if err != nil {
			return nil, notFound("read the program's version", err)
		}
		version = current
	}
	if version == 0 {
		return nil, referral.ErrNoProgram
	}
	return s.programVersion(ctx, s.queries, bot, version)
}

func (s *Store) programVersion(ctx context.Context, q *db.Queries, bot string, version int32) (*program.Program, error) {
	key := programKey{bot, version}
	if parsed, ok := s.programs.Get(key); ok {
		return parsed, nil
	}
	saved, err := q.ProgramSource(ctx, db.ProgramSourceParams{BotID: bot, Version: version})
	if err != nil {
		return nil, notFound("read the program", err)
	}
	parsed, problems := program.Parse([]byte(saved.Source))
	if parsed == nil {
		return nil, fmt.Errorf("version %d of %s's program no longer parses: %v", version, bot, problems.Errors())
	}
	if !s.provisional {
		s.programs.Add(key, parsed)
	}
	return parsed, nil
}

// notFound turns "no rows" into the house's own word for it.
func notFound(doing string, err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s: %w", doing, referral.ErrNotFound)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
