package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// revokedByOperator is what a message says that waited for the code of a reward that an operator took back.
const revokedByOperator = "the reward was taken back"

// play decides a segment. One that would grant a reward whose total is bounded is decided again under the lock of totals, with who holds
// them counted: others wait only for those that grant.
func (on *stage) play(
	ctx context.Context, q *db.Queries, decide func(*program.Program, referral.Scene) program.Outcome,
) (program.Outcome, error) {
	outcome := decide(on.program, on.scene)
	limited, bot := on.program.Limited(), on.scene.Segment.Bot
	grants := func(op program.Op) bool { return op.Kind == program.OpGrant && slices.Contains(limited, op.Reward) }
	if !slices.ContainsFunc(outcome.Ops, grants) {
		return outcome, nil
	}
	if err := q.LockTotals(ctx, bot); err != nil {
		return outcome, fmt.Errorf("lock the totals of rewards: %w", err)
	}
	rows, err := q.CountHeld(ctx, db.CountHeldParams{BotID: bot, Rewards: limited})
	if err != nil {
		return outcome, fmt.Errorf("count who holds rewards: %w", err)
	}
	on.scene.Granted = map[string]int64{}
	for _, row := range rows {
		on.scene.Granted[row.Reward] = row.Held
	}
	return decide(on.program, on.scene), nil
}

func grantWords(op program.Op) string {
	words := "granted " + op.Reward
	if op.Occurrence > 1 {
		words += fmt.Sprintf(" (%d)", op.Occurrence)
	}
	if op.Who == program.Invitee {
		words += " to the invitee"
	}
	return words
}

// limitWords says which rewards were refused since their limit is reached.
func limitWords(checks []program.Check) []string {
	var words []string
	for _, check := range checks {
		if check.Operator == program.LimitReached {
			words = append(words, check.Field+": limit of "+check.With+" reached")
		}
	}
	return words
}

// dayOf is the day of a time in UTC, as messages tell it; "" for none.
func dayOf(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}

// noteLowStocks warns of pools that have run low with this segment, once until they are filled again. It is the segment's last statement,
// so that others hardly wait for it.
func (w *writing) noteLowStocks(ctx context.Context) error {
	slices.Sort(w.taken)
	for _, reward := range slices.Compact(w.taken) {
		low := w.program.Rewards[reward].LowStock
		if low == 0 {
			continue
		}
		noted, err := w.queries.NoteLowStock(ctx, db.NoteLowStockParams{BotID: w.scene.Segment.Bot, Reward: reward, Low: low})
		if err != nil {
			return fmt.Errorf("note the low stock: %w", err)
		}
		if len(noted) > 0 {
			slog.WarnContext(ctx, "a reward's pool runs low: import codes", "bot", w.scene.Segment.Bot, "reward", reward, "low_stock", low)
		}
	}
	return nil
}

func (s *Store) forgetLowStock(ctx context.Context, q *db.Queries, bot, reward string) error {
	rules, _, err := s.inForce(ctx, q, bot)
	if errors.Is(err, referral.ErrNoProgram) {
		return nil
	}
	if err != nil {
		return err
	}
	err = q.ForgetLowStock(ctx, db.ForgetLowStockParams{BotID: bot, Reward: reward, Low: rules.Rewards[reward].LowStock})
	if err != nil {
		return fmt.Errorf("note the stock: %w", err)
	}
	return nil
}

// RewardCounts counts the grants and codes of a bot's rewards, by name.
func (s *Store) RewardCounts(ctx context.Context, bot string) (map[string]referral.RewardCount, error) {
	counts, err := s.queries.RewardCounts(ctx, bot)
	if err != nil {
		return nil, fmt.Errorf("count the grants: %w", err)
	}
	stocks, err := s.queries.Stocks(ctx, bot)
	if err != nil {
		return nil, fmt.Errorf("count the codes: %w", err)
	}
	rewards := map[string]referral.RewardCount{}
	for _, row := range counts {
		rewards[row.Reward] = referral.RewardCount{Held: row.Held, Revoked: row.Revoked, Redeemed: row.Redeemed, Expired: row.Expired}
	}
	for _, row := range stocks {
		reward := rewards[row.Reward]
		reward.Stock = referral.Stock{Free: row.Free, Taken: row.Taken}
		rewards[row.Reward] = reward
	}
	return rewards, nil
}

// RewardGrants lists the grants of a reward, newest first, from before an id on (0: from the newest); of one contact, unless userID is empty.
func (s *Store) RewardGrants(ctx context.Context, bot, reward, userID string, before int64, most int) ([]referral.RewardGrant, error) {
	return s.rewardGrants(ctx, s.queries, db.GrantsParams{BotID: bot, Reward: reward, UserID: userID, Before: before, Most: int32(most)})
}

func (s *Store) rewardGrants(ctx context.Context, q *db.Queries, wanted db.GrantsParams) ([]referral.RewardGrant, error) {
	rows, err := q.Grants(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("list the grants: %w", err)
	}
	grants := make([]referral.RewardGrant, len(rows))
	for i, row := range rows {
		grants[i] = referral.RewardGrant{
			ID: row.GrantID, UserID: row.UserID, Reward: row.Reward, Occurrence: row.Occurrence, Code: row.Code, Stocked: row.Stocked,
			GrantedAt: row.GrantedAt, ExpiresAt: row.ExpiresAt, RedeemedAt: row.RedeemedAt, RevokedAt: row.RevokedAt, RevokeNote: row.RevokeNote,
		}
	}
	return grants, nil
}

// Redeem uses a grant up, once. The grant as it is comes with a UsedUpError when it was used up, expired or taken back before;
// ErrNotFound when there is none.
func (s *Store) Redeem(ctx context.Context, bot, reward string, grant int64, now time.Time) (referral.RewardGrant, error) {
	return s.changeGrant(ctx, bot, reward, grant, func(q *db.Queries) (bool, error) {
		rows, err := q.RedeemGrant(ctx, db.RedeemGrantParams{BotID: bot, Reward: reward, GrantID: grant, Now: now})
		return rows == 1, err
	})
}

// Revoke takes a grant back, once: what is revoked already stays as it is. Its code stays taken. ErrNotFound when there is none.
func (s *Store) Revoke(ctx context.Context, bot, reward string, grant int64, note string, now time.Time) (referral.RewardGrant, error) {
	return s.changeGrant(ctx, bot, reward, grant, func(q *db.Queries) (bool, error) {
		// Before the grant: an import running right now either has given its code or won't find it.
		if err := q.LockPool(ctx, db.LockPoolParams{BotID: bot, Reward: reward}); err != nil {
			return false, err
		}
		_, err := q.RevokeGrant(ctx, db.RevokeGrantParams{
			BotID: bot, Reward: reward, GrantID: grant, Note: note, Reason: revokedByOperator, Now: now,
		})
		return true, err
	})
}

// changeGrant changes a grant under the lock of who holds it, and gives it as it is then.
func (s *Store) changeGrant(
	ctx context.Context, bot, reward string, grant int64, change func(*db.Queries) (bool, error),
) (changed referral.RewardGrant, err error) {
	err = s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		if err := q.LockContactOfGrant(ctx, db.LockContactOfGrantParams{BotID: bot, Reward: reward, GrantID: grant}); err != nil {
			return fmt.Errorf("lock who holds the grant: %w", err)
		}
		done, err := change(q)
		if err != nil {
			return fmt.Errorf("change the grant: %w", err)
		}
		found, err := s.rewardGrants(ctx, q, db.GrantsParams{BotID: bot, Reward: reward, Wanted: grant, Most: 1})
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return fmt.Errorf("change the grant: %w", referral.ErrNotFound)
		}
		if changed = found[0]; !done {
			return &referral.UsedUpError{Grant: changed}
		}
		return nil
	})
	return changed, err
}
