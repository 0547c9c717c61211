package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/referral"
)

// Lease takes up to most pending events for leaseFor, round-robin by bot.
func (s *Store) Lease(ctx context.Context, most int, leaseFor time.Duration) ([]referral.LeasedEvent, error) {
	lease := newLease()
	rows, err := s.queries.LeaseEvents(ctx, db.LeaseEventsParams{Most: int32(most), Lease: lease, Seconds: int32(leaseFor.Seconds())})
	if err != nil {
		return nil, fmt.Errorf("lease events: %w", err)
	}
	events := make([]referral.LeasedEvent, len(rows))
	for i, row := range rows {
		events[i] = referral.LeasedEvent{
			Bot: row.BotID, ID: row.EventID, Lease: lease, Account: row.Account, Kind: row.Kind,
			Contact: row.ContactID, UserID: row.UserID, IsNew: row.IsNew, Ref: row.Ref, Text: row.Body, Target: row.Target,
			OccurredAt: row.OccurredAt, ReceivedAt: row.ReceivedAt, Attempts: int(row.Attempts), ProgramVersion: row.ProgramVersion,
			From: referral.Stranger{FirstRef: row.FirstRef, FirstAt: valueOr(row.FirstAt, time.Time{})},
		}
	}
	return events, nil
}

// FinishEvents marks leased events as done; a lease that has passed on protects its row.
func (s *Store) FinishEvents(ctx context.Context, events []referral.LeasedEvent) error {
	var columns db.FinishEventsParams
	for _, event := range events {
		columns.Bots = append(columns.Bots, event.Bot)
		columns.EventIds = append(columns.EventIds, event.ID)
		columns.Leases = append(columns.Leases, event.Lease)
	}
	if err := s.queries.FinishEvents(ctx, columns); err != nil {
		return fmt.Errorf("finish events: %w", err)
	}
	return nil
}

// ReleaseEvent gives an event back, to be leased again after pause. counted says that the event itself is at fault.
func (s *Store) ReleaseEvent(ctx context.Context, event referral.LeasedEvent, pause time.Duration, counted bool) error {
	params := db.ReleaseEventParams{BotID: event.Bot, EventID: event.ID, Lease: event.Lease, PauseSeconds: int32(pause.Seconds())}
	if counted {
		params.Counted = 1
	}
	if err := s.queries.ReleaseEvent(ctx, params); err != nil {
		return fmt.Errorf("release the event: %w", err)
	}
	return nil
}

// ParkEvent sets an event aside, where an operator sees it with the reason and can replay it.
func (s *Store) ParkEvent(ctx context.Context, event referral.LeasedEvent, reason string) error {
	err := s.queries.ParkEvent(ctx, db.ParkEventParams{BotID: event.Bot, EventID: event.ID, Lease: event.Lease, Reason: reason})
	if err != nil {
		return fmt.Errorf("park the event: %w", err)
	}
	return nil
}

// ParkForProgram sets an event aside until its bot has a program; parked is false when it has one by now.
func (s *Store) ParkForProgram(ctx context.Context, event referral.LeasedEvent) (parked bool, err error) {
	rows, err := s.queries.ParkForProgram(ctx, db.ParkForProgramParams{
		BotID: event.Bot, EventID: event.ID, Lease: event.Lease, Reason: referral.ErrNoProgram.Error(),
	})
	if err != nil {
		return false, fmt.Errorf("park the event: %w", err)
	}
	return rows == 1, nil
}

// ApplyMembership follows a block or unblock. Whoever blocks the bot leaves the referrals of theirs that wait, and those holds wake.
func (s *Store) ApplyMembership(ctx context.Context, event referral.LeasedEvent) error {
	err := s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if err := q.LockContactOfEvent(ctx, db.LockContactOfEventParams{BotID: event.Bot, EventID: event.ID}); err != nil {
			return err
		}
		if err := q.ApplyMembership(ctx, db.ApplyMembershipParams{BotID: event.Bot, EventID: event.ID}); err != nil {
			return err
		}
		return q.LeaveByEvent(ctx, db.LeaveByEventParams{BotID: event.Bot, EventID: event.ID})
	})
	if err != nil {
		return fmt.Errorf("apply a block or unblock: %w", err)
	}
	return nil
}

// ReopenWindow lets the deliveries go on that waited for this contact to write.
func (s *Store) ReopenWindow(ctx context.Context, event referral.LeasedEvent) error {
	err := s.queries.ReopenWindow(ctx, db.ReopenWindowParams{
		BotID: event.Bot, Account: event.Account, ContactID: event.Contact, EventID: event.ID,
	})
	if err != nil {
		return fmt.Errorf("reopen the window: %w", err)
	}
	return nil
}

// Overdue gives deliveries that nobody has seemed to own for a while.
func (s *Store) Overdue(ctx context.Context, unownedFor time.Duration, most int) ([]channel.DeliveryID, error) {
	rows, err := s.queries.OverdueDeliveries(ctx, db.OverdueDeliveriesParams{Seconds: int32(unownedFor.Seconds()), Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("find overdue deliveries: %w", err)
	}
	overdue := make([]channel.DeliveryID, len(rows))
	for i, row := range rows {
		overdue[i] = channel.DeliveryID{Bot: row.BotID, ID: row.DeliveryID, Account: row.Account}
	}
	return overdue, nil
}

// LookedAfter puts an overdue delivery at the end of the queue of those to look after.
func (s *Store) LookedAfter(ctx context.Context, delivery channel.DeliveryID) error {
	if err := s.queries.TouchDelivery(ctx, db.TouchDeliveryParams{BotID: delivery.Bot, DeliveryID: delivery.ID}); err != nil {
		return fmt.Errorf("note that the delivery was looked after: %w", err)
	}
	return nil
}

// Prune deletes up to most events that were done more than days ago.
func (s *Store) Prune(ctx context.Context, days, most int) (int, error) {
	pruned, err := s.queries.PruneInbox(ctx, db.PruneInboxParams{Days: int32(days), Most: int32(most)})
	if err != nil {
		return 0, fmt.Errorf("prune the inbox: %w", err)
	}
	return int(pruned), nil
}

// Backlog says how many events wait (counted up to 10,000) and for how long the oldest has.
func (s *Store) Backlog(ctx context.Context) (pending int, oldest time.Duration, err error) {
	row, err := s.queries.InboxBacklog(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("read the backlog: %w", err)
	}
	return int(row.Pending), time.Duration(row.OldestSeconds * float64(time.Second)), nil
}

// Listen rings whenever an inbox announces that something came in, until ctx ends. It may ring without cause; it may miss
// while its connection is down: poll as well.
func (s *Store) Listen(ctx context.Context, ring func(), log *slog.Logger) {
	s.listen(ctx, "inbox", func(string) { ring() }, log)
}
