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

// The facts that end a hold are written first, each with a row that wakes the hold: whatever crashes afterwards, it looks again.

// Approve notes that somebody let a referral count, at now; the first approval stays. ErrNotFound when there is no such referral,
// a *referral.DecidedError when it was rejected or voided.
func (s *Store) Approve(ctx context.Context, bot string, id int64, now time.Time) error {
	done, err := s.queries.ApproveReferral(ctx, db.ApproveReferralParams{BotID: bot, ReferralID: id, Now: now})
	if err != nil {
		return fmt.Errorf("approve the referral: %w", err)
	}
	if done == 0 {
		return s.undecided(ctx, bot, id)
	}
	s.ringInbox(ctx)
	return nil
}

// Void notes that somebody takes a referral back, at now; the first void and its note stay. One that is voided already, for whatever
// reason, stays as it is. ErrNotFound when there is no such referral, a *referral.DecidedError when it was rejected.
func (s *Store) Void(ctx context.Context, bot string, id int64, note string, now time.Time) error {
	done, err := s.queries.VoidReferral(ctx, db.VoidReferralParams{BotID: bot, ReferralID: id, Note: note, Now: now})
	if err != nil {
		return fmt.Errorf("void the referral: %w", err)
	}
	if done == 0 {
		standing, err := s.standingOf(ctx, bot, id)
		if err == nil && standing.Status == referral.Rejected {
			return standing
		}
		return err
	}
	s.ringInbox(ctx)
	return nil
}

// QualifyReferral notes that the invitee of a referral did what counts for its entry point, at now. ErrNotFound when there is no such
// referral, a *referral.DecidedError when it was rejected or voided.
func (s *Store) QualifyReferral(ctx context.Context, bot string, id int64, now time.Time) error {
	if err := s.undecided(ctx, bot, id); err != nil {
		return err
	}
	row, err := s.queries.ReferralStanding(ctx, db.ReferralStandingParams{BotID: bot, ReferralID: id}) // who and where never change
	if err != nil {
		return notFound("find the referral", err)
	}
	return s.QualifyContact(ctx, bot, row.Invitee, row.EntryPoint, now)
}

// QualifyContact notes that a contact did what counts for an entry point, or for every one when that is empty, at now; the first time
// counts, also for referrals yet to come. ErrNotFound when nobody has the user id.
func (s *Store) QualifyContact(ctx context.Context, bot, userID, entryPoint string, now time.Time) error {
	err := s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		pair, err := q.LockPair(ctx, db.LockPairParams{BotID: bot, UserIds: []string{userID}})
		if err != nil {
			return fmt.Errorf("lock the contact: %w", err)
		}
		contact := idOf(pair, userID)
		if contact == nil {
			return fmt.Errorf("qualify %s: %w", userID, referral.ErrNotFound)
		}
		if err := q.Qualify(ctx, db.QualifyParams{BotID: bot, ContactID: *contact, EntryPoint: entryPoint, Now: now}); err != nil {
			return fmt.Errorf("qualify the contact: %w", err)
		}
		err = q.WakeQualified(ctx, db.WakeQualifiedParams{BotID: bot, ContactID: *contact, EntryPoint: entryPoint, Now: now})
		if err != nil {
			return fmt.Errorf("wake the holds: %w", err)
		}
		return nil
	})
	if err == nil {
		s.ringInbox(ctx)
	}
	return err
}

// undecided gives a *referral.DecidedError for a referral that is rejected or voided, or about to be.
func (s *Store) undecided(ctx context.Context, bot string, id int64) error {
	standing, err := s.standingOf(ctx, bot, id)
	if err == nil && (standing.Status == referral.Rejected || standing.Status == referral.Voided) {
		return standing
	}
	return err
}

func (s *Store) standingOf(ctx context.Context, bot string, id int64) (*referral.DecidedError, error) {
	row, err := s.queries.ReferralStanding(ctx, db.ReferralStandingParams{BotID: bot, ReferralID: id})
	if err != nil {
		return nil, notFound("find the referral", err)
	}
	standing := &referral.DecidedError{Status: referral.Status(row.Status), Reason: referral.Reason(row.Reason)}
	if row.VoidedAt != nil && standing.Status != referral.Voided {
		standing = &referral.DecidedError{Status: referral.Voided, Reason: referral.VoidedByOperator}
	}
	return standing, nil
}

// ringInbox tells the relays that a wake is there. They find it by polling too, so that a failure only costs a moment.
func (s *Store) ringInbox(ctx context.Context) { _ = s.queries.AnnounceInbox(ctx) }

// OverdueHolds gives referrals whose wait has been over for a while without anybody having noticed.
func (s *Store) OverdueHolds(ctx context.Context, overFor time.Duration, most int) ([]referral.HeldReferral, error) {
	rows, err := s.queries.OverdueHolds(ctx, db.OverdueHoldsParams{Seconds: int32(overFor.Seconds()), Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("find overdue holds: %w", err)
	}
	overdue := make([]referral.HeldReferral, len(rows))
	for i, row := range rows {
		overdue[i] = referral.HeldReferral{Bot: row.BotID, Run: row.Run, Account: row.Account}
	}
	return overdue, nil
}

// HasContact says whether somebody of a bot has a user id.
func (s *Store) HasContact(ctx context.Context, bot, userID string) (bool, error) {
	_, err := s.queries.ContactByUserID(ctx, db.ContactByUserIDParams{BotID: bot, UserID: userID})
	if isNoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a contact: %w", err)
	}
	return true, nil
}

// linkSuffix is what the program in force puts into new links.
func (s *Store) linkSuffix(ctx context.Context, bot string) (string, error) {
	rules, err := s.Program(ctx, bot, 0)
	if err != nil {
		return program.DefaultLinkSuffix, err
	}
	return rules.LinkSuffix, nil
}
