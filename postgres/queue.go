package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

type pgxRows = pgx.Rows

// errQueued is what a queued query answers: its rows come when the batch is sent.
var errQueued = errors.New("queued: the result comes with the batch")

// A queue collects the generated, typed statements into one batch, so that many cost one round trip. It stands in for a
// connection: statements without results just run with the batch; a query's rows are handed to what last() is given.
type queue struct {
	batch  pgx.Batch
	latest *pgx.QueuedQuery
}

func (q *queue) Exec(_ context.Context, statement string, arguments ...any) (pgconn.CommandTag, error) {
	q.latest = q.batch.Queue(statement, arguments...)
	return pgconn.CommandTag{}, nil
}

func (q *queue) Query(_ context.Context, statement string, arguments ...any) (pgx.Rows, error) {
	q.latest = q.batch.Queue(statement, arguments...)
	return nil, errQueued
}

func (q *queue) QueryRow(_ context.Context, statement string, arguments ...any) pgx.Row {
	q.latest = q.batch.Queue(statement, arguments...)
	return queuedRow{}
}

// last is the statement queued last.
func (q *queue) last() *pgx.QueuedQuery { return q.latest }

type queuedRow struct{}

func (queuedRow) Scan(...any) error { return errQueued }
