package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// Begin takes a delivery for one attempt that has leaseFor to finish. ok is false when it can't be taken: it is final,
// waits, somebody else is sending it, or an earlier message must leave first; Standing says which.
func (s *Store) Begin(ctx context.Context, bot string, delivery int64, leaseFor time.Duration) (attempt channel.Attempt, ok bool, err error) {
	lease := newLease()
	rows, err := s.queries.BeginAttempt(ctx, db.BeginAttemptParams{
		BotID: bot, DeliveryID: delivery, Lease: lease, Seconds: int32(leaseFor.Seconds()),
	})
	if err != nil {
		return channel.Attempt{}, false, fmt.Errorf("take the delivery: %w", err)
	}
	if len(rows) == 0 {
		return channel.Attempt{}, false, nil
	}
	return channel.Attempt{
		Bot: bot, Delivery: delivery, Lease: lease, Account: rows[0].Account, To: rows[0].ExternalID,
		Message: channel.Message{
			Text: rows[0].Body, Picture: rows[0].Picture, QuickReplies: rows[0].QuickReplies, Key: fmt.Sprintf("%s-%d", bot, delivery),
		},
		Call: rows[0].Call, Number: int(rows[0].Attempt), Unsure: rows[0].ErrorClass == string(channel.Unknown),
	}, true, nil
}

// Standing says where a delivery is. ErrNotFound when there is none of that id.
func (s *Store) Standing(ctx context.Context, bot string, delivery int64) (channel.Standing, error) {
	row, err := s.queries.DeliveryState(ctx, db.DeliveryStateParams{BotID: bot, DeliveryID: delivery})
	if err != nil {
		return channel.Standing{}, notFound("read the delivery", err)
	}
	return channel.Standing{
		State: channel.DeliveryState(row.State), Error: row.Error, Behind: row.Behind, Next: row.Next,
		LeaseFor: time.Duration(row.LeaseSeconds * float64(time.Second)),
	}, nil
}

// Finish writes what came of an attempt, a failure also on record, and gives the delivery's state after it. When the lease has passed to somebody
// else, nothing is written: that attempt's word counts.
func (s *Store) Finish(ctx context.Context, attempt channel.Attempt, outcome channel.Outcome) (channel.DeliveryState, error) {
	if failure := outcome.Failure; failure != nil && failure.Class == channel.Window {
		err := s.queries.AwaitWindow(ctx, db.AwaitWindowParams{
			BotID: attempt.Bot, DeliveryID: attempt.Delivery, Lease: attempt.Lease, Error: channel.CleanText(failure.Error()),
		})
		if err != nil {
			return "", fmt.Errorf("let the delivery wait: %w", err)
		}
		return s.stateOf(ctx, attempt)
	}
	state := stateAfter(outcome.Failure)
	written, err := s.finish(ctx, finishing(attempt, outcome, state))
	if err != nil {
		return "", fmt.Errorf("write the attempt's outcome: %w", err)
	}
	if written == 0 {
		return s.stateOf(ctx, attempt)
	}
	return state, nil
}

// finish writes an outcome, and of one that says its recipient is gone also that they have left the referrals of theirs that wait.
func (s *Store) finish(ctx context.Context, row db.FinishAttemptParams) (written int64, err error) {
	if !row.Gone {
		return s.queries.FinishAttempt(ctx, row)
	}
	err = s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		err := q.LockContactOfDelivery(ctx, db.LockContactOfDeliveryParams{BotID: row.BotID, DeliveryID: row.DeliveryID})
		if err != nil {
			return err
		}
		if written, err = q.FinishAttempt(ctx, row); err != nil || written == 0 {
			return err
		}
		return q.LeaveByDelivery(ctx, db.LeaveByDeliveryParams{BotID: row.BotID, DeliveryID: row.DeliveryID})
	})
	return written, err
}

func finishing(attempt channel.Attempt, outcome channel.Outcome, state channel.DeliveryState) db.FinishAttemptParams {
	row := db.FinishAttemptParams{
		BotID: attempt.Bot, DeliveryID: attempt.Delivery, Lease: attempt.Lease,
		State: string(state), PlatformID: channel.CleanText(outcome.Receipt.PlatformID),
	}
	if outcome.Failure != nil {
		row.ErrorClass, row.Error = string(outcome.Failure.Class), channel.CleanText(outcome.Failure.Error())
		row.Gone = outcome.Failure.Class == channel.Gone
	}
	return row
}

// stateAfter is the state a failure leaves a delivery in; what may yet succeed stays queued for its workflow.
func stateAfter(failure *channel.SendError) channel.DeliveryState {
	switch {
	case failure == nil:
		return channel.Accepted
	case failure.Class == channel.Gone, failure.Class == channel.Bad:
		return channel.Failed
	default:
		return channel.Queued
	}
}

func (s *Store) stateOf(ctx context.Context, attempt channel.Attempt) (channel.DeliveryState, error) {
	standing, err := s.Standing(ctx, attempt.Bot, attempt.Delivery)
	return standing.State, err
}

// Expire ends a delivery that could not be sent in time. A final one stays as it is.
func (s *Store) Expire(ctx context.Context, bot string, delivery int64, reason string) error {
	err := s.queries.ExpireDelivery(ctx, db.ExpireDeliveryParams{BotID: bot, DeliveryID: delivery, Reason: reason})
	if err != nil {
		return fmt.Errorf("expire the delivery: %w", err)
	}
	return nil
}

// ImportCodes adds codes to a reward's pool and serves the grants that wait for one, oldest first. Codes the pool has are
// passed over, so an import may be repeated.
func (s *Store) ImportCodes(ctx context.Context, bot, reward string, codes []string) (referral.Import, error) {
	var done referral.Import
	err := s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if err := q.LockPool(ctx, db.LockPoolParams{BotID: bot, Reward: reward}); err != nil {
			return fmt.Errorf("lock the pool: %w", err)
		}
		added, err := q.ImportCodes(ctx, db.ImportCodesParams{BotID: bot, Reward: reward, Codes: codes})
		if err != nil {
			return fmt.Errorf("add the codes: %w", err)
		}
		served, err := serveWaiting(ctx, q, bot, reward)
		if err == nil {
			err = s.forgetLowStock(ctx, q, bot, reward)
		}
		done = referral.Import{Added: int(added), Served: served}
		return err
	})
	return done, err
}

func serveWaiting(ctx context.Context, q *db.Queries, bot, reward string) (int, error) {
	served, err := q.ServeWaitingGrants(ctx, db.ServeWaitingGrantsParams{BotID: bot, Reward: reward})
	if err != nil {
		return 0, fmt.Errorf("give codes to the grants that wait: %w", err)
	}
	if _, err := q.FillStock(ctx, db.FillStockParams{BotID: bot, Reward: reward, Hole: program.CodeHole}); err != nil {
		return 0, fmt.Errorf("complete the messages: %w", err)
	}
	return int(served), nil
}

// newLease makes a fencing token. Two holders of one row never draw the same.
func newLease() int64 { return rand.Int64N(1<<62) + 1 } //nolint:gosec // a fencing token is no secret
