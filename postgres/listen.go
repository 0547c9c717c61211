package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// listenRetry is the pause before a lost notification connection is made anew; polling covers for it meanwhile.
const listenRetry = time.Second

// listen hands over what is announced on a topic, on a connection of its own, until ctx ends. Whenever that connection is made (anew) it
// hands over "", which stands for all that was missed.
func (s *Store) listen(ctx context.Context, topic string, hear func(payload string), log *slog.Logger) {
	for ctx.Err() == nil {
		if err := s.listenOnce(ctx, topic, hear); err != nil && ctx.Err() == nil {
			log.Warn("listening: polling until the connection is back", "topic", topic, "error", err)
		}
		select {
		case <-time.After(listenRetry):
		case <-ctx.Done():
		}
	}
}

func (s *Store) listenOnce(ctx context.Context, topic string, hear func(payload string)) error {
	connection, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }()
	if _, err := connection.Exec(ctx, "LISTEN "+pgx.Identifier{topic}.Sanitize()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	hear("")
	for {
		notification, err := connection.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("wait for a notification: %w", err)
		}
		hear(notification.Payload)
	}
}
