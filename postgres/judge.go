package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// revokedReason is what a message says that waited for the code of a reward that was taken back.
const revokedReason = "the reward was taken back with the referral that had earned it"

// Judge looks at a held referral as the facts are: it counts, is taken back, or goes on waiting, in one transaction. What was decided
// before is read, so a repetition writes nothing and gives the same messages. The segment's name follows from the verdict.
// ErrNotFound when the referral is gone.
func (s *Store) Judge(
	ctx context.Context, segment referral.Segment, decide func(*program.Program, referral.Scene) program.Outcome,
) (referral.Applied, error) {
	var applied referral.Applied
	err := s.inTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		applied = referral.Applied{}
		on, err := s.set(ctx, q, segment)
		if err != nil {
			return err
		}
		if on.referral == nil {
			return fmt.Errorf("judge %s: %w", segment.Run, referral.ErrNotFound)
		}
		if on.scene.Becomes == on.scene.Status {
			applied, err = on.standing(ctx, q)
			return err
		}
		on.scene.Segment.Name = referral.SegmentOf(on.scene.Becomes)
		m := memo{segment.Bot, segment.Run, on.scene.Segment.Name}
		return onceIn(ctx, tx, q, m, &applied, func(tx pgx.Tx, q *db.Queries) ([]program.Check, error) {
			if err := s.takeBack(ctx, q, on); err != nil {
				return nil, err
			}
			if err := s.loadPeople(ctx, q, on); err != nil {
				return nil, err
			}
			outcome, err := on.play(ctx, q, decide)
			if err != nil {
				return nil, err
			}
			applied, err = on.write(ctx, tx, q, outcome)
			return outcome.Checks, err
		})
	})
	return applied, err
}

// standing is the result for a referral about which nothing is to be decided: it goes on waiting, or it was decided before, by its hold
// or without one.
func (on *stage) standing(ctx context.Context, q *db.Queries) (referral.Applied, error) {
	bot, run := on.scene.Segment.Bot, on.scene.Segment.Run
	applied := referral.Applied{Status: on.scene.Status, Reason: on.reason, Until: timeOrNil(on.until)}
	if on.scene.Status == referral.Pending {
		err := q.HoldReferral(ctx, db.HoldReferralParams{BotID: bot, ReferralID: *on.referral, HoldUntil: applied.Until})
		if err != nil {
			return applied, fmt.Errorf("hold the referral: %w", err)
		}
		return applied, nil
	}
	before := applied
	err := readMemo(ctx, q, memo{bot, run, referral.SegmentOf(on.scene.Status)}, &before)
	if isNoRows(err) {
		return applied, nil
	}
	return before, err
}

// takeBack undoes what a credited referral that is voided had added, before its people are loaded: what follows sees what is left.
func (s *Store) takeBack(ctx context.Context, q *db.Queries, on *stage) error {
	if on.scene.Status != referral.Credited || on.scene.Becomes != referral.Voided {
		return nil
	}
	segment := on.scene.Segment
	var err error
	on.reversed, err = q.ReverseLedger(ctx, db.ReverseLedgerParams{BotID: segment.Bot, ReferralID: *on.referral, Run: segment.Run})
	if err != nil {
		return fmt.Errorf("take off what it had added: %w", err)
	}
	on.revoked, err = q.RevokeGrants(ctx, db.RevokeGrantsParams{
		BotID: segment.Bot, ContactIds: ids(on.roles), Rewards: on.program.Revocable(), Now: segment.Now, Reason: revokedReason,
	})
	if err != nil {
		return fmt.Errorf("revoke what it had earned: %w", err)
	}
	return nil
}

// tellReversal puts what was taken off into the segment's result.
func (w *writing) tellReversal() {
	for _, row := range w.reversed {
		words := fmt.Sprintf("%s %+d → %d", row.Field, row.Delta, row.Balance)
		if row.ContactID == w.roles[program.Referrer] {
			w.applied.Points += row.Delta
		} else {
			words = "the invitee's " + words
		}
		w.words = append(w.words, words)
	}
	for _, reward := range w.revoked {
		w.words = append(w.words, "revoked "+reward)
	}
}

// decide writes what becomes of the segment's referral.
func (w *writing) decide(ctx context.Context) {
	bot := w.scene.Segment.Bot
	switch {
	case w.scene.Becomes != w.scene.Status:
		_ = w.queued.SettleReferral(ctx, db.SettleReferralParams{
			BotID: bot, ReferralID: *w.referral, Status: string(w.scene.Becomes), Reason: string(w.reason),
		})
	case w.scene.Status == referral.Pending && len(w.scene.Segment.From) == 0:
		w.words = append(w.words, heldWords(w.applied.Until))
		_ = w.queued.HoldReferral(ctx, db.HoldReferralParams{BotID: bot, ReferralID: *w.referral, HoldUntil: w.applied.Until})
	}
}

func heldWords(until *time.Time) string {
	if until == nil {
		return "held"
	}
	return "held until " + until.UTC().Format(time.RFC3339)
}
