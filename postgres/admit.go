package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

const admitSegment = "admit"

// Admit decides, once, whether an opening through a referral link may count, and writes the referral with its status and
// reason. Both contacts are locked, so that of concurrent openings one is decided after the other.
// ErrNotFound when the event is gone; ErrNoProgram when the bot has none.
func (s *Store) Admit(
	ctx context.Context, opening referral.Opening, decide func(referral.Facts) (referral.Status, referral.Reason),
) (referral.Admission, error) {
	var admission referral.Admission
	err := s.once(ctx, memo{opening.Bot, opening.Run, admitSegment}, &admission, func(_ pgx.Tx, q *db.Queries) ([]program.Check, error) {
		var err error
		admission, err = s.admit(ctx, q, opening, decide)
		return nil, err
	})
	return admission, err
}

func (s *Store) admit(
	ctx context.Context, q *db.Queries, opening referral.Opening, decide func(referral.Facts) (referral.Status, referral.Reason),
) (referral.Admission, error) {
	rules, version, err := s.inForce(ctx, q, opening.Bot)
	if err != nil {
		return referral.Admission{}, err
	}
	entryPoint, known := rules.EntryPoint(opening.EntryPoint)
	if !known {
		entryPoint = program.EntryPoint{Name: opening.EntryPoint}
	}
	if entryPoint.Caps.Total > 0 { // before any contact, as everybody takes locks
		if err := q.LockEntryPoint(ctx, db.LockEntryPointParams{BotID: opening.Bot, EntryPoint: opening.EntryPoint}); err != nil {
			return referral.Admission{}, fmt.Errorf("lock the entry point's count: %w", err)
		}
	}
	pair, err := q.LockPair(ctx, db.LockPairParams{BotID: opening.Bot, UserIds: []string{opening.Referrer, opening.Invitee}})
	if err != nil {
		return referral.Admission{}, fmt.Errorf("lock referrer and invitee: %w", err)
	}
	referrer, invitee := idOf(pair, opening.Referrer), idOf(pair, opening.Invitee)
	if invitee == nil {
		return referral.Admission{}, fmt.Errorf("admit: invitee %s: %w", opening.Invitee, referral.ErrNotFound)
	}
	key := referral.AttributionKey(entryPoint, opening.Referrer, opening.Invitee)
	found, err := q.AdmissionFacts(ctx, db.AdmissionFactsParams{
		BotID: opening.Bot, EventID: opening.Event, EntryPoint: opening.EntryPoint,
		AttributionKey: key, FirstTouch: entryPoint.Attribution != program.PerReferrer,
		ReferrerID: valueOr(referrer, 0), InviteeID: *invitee,
		PerDay: entryPoint.Caps.PerDay, PerReferrer: entryPoint.Caps.PerReferrer, Total: entryPoint.Caps.Total,
		AtMost: entryPoint.Velocity.AtMost, WithinSeconds: entryPoint.Velocity.Within.Seconds(),
	})
	if err != nil {
		return referral.Admission{}, notFound("read what admit needs to know", err)
	}
	status, reason := decide(referral.Facts{
		EntryPointKnown: known,
		EntryPoint:      entryPoint,
		ReceivedAt:      found.ReceivedAt,
		Channel:         found.Channel,
		ReferrerKnown:   referrer != nil,
		Same:            opening.Referrer == opening.Invitee,
		Attributed:      found.Attributed,
		ReferredBefore:  found.ReferredBefore,
		Mutual:          found.Mutual,
		OfReferrerToday: found.OfReferrerToday,
		OfReferrer:      found.OfReferrer,
		OfEntryPoint:    found.OfEntryPoint,
		Recent:          found.Recent,
	})
	// Only somebody new may type a code, and stays new though they came before it.
	kind, late := kindOf(found.IsNew || found.Typed), found.Typed && !found.IsNew
	id, err := q.InsertReferral(ctx, db.InsertReferralParams{
		BotID: opening.Bot, Run: opening.Run, EventID: opening.Event, EntryPoint: opening.EntryPoint,
		ReferrerID: referrer, InviteeID: *invitee, Kind: string(kind), Status: string(status), Reason: string(reason),
		AttributionKey: key, Account: found.Account, ProgramVersion: version, ReceivedAt: found.ReceivedAt,
		Late: late, LeftAt: timeOrNil(found.LeftAt),
	})
	if err != nil {
		return referral.Admission{}, fmt.Errorf("write the referral: %w", err)
	}
	return referral.Admission{Referral: id, Kind: kind, Status: status, Reason: reason}, nil
}

// inForce gives the program in force and its version. ErrNoProgram when there is none.
func (s *Store) inForce(ctx context.Context, q *db.Queries, bot string) (*program.Program, int32, error) {
	version, err := q.ProgramVersion(ctx, bot)
	if err != nil {
		return nil, 0, notFound("read the program's version", err)
	}
	if version == 0 {
		return nil, 0, referral.ErrNoProgram
	}
	rules, err := s.programVersion(ctx, q, bot, version)
	return rules, version, err
}

// timeOrNil is nil for a time that isn't there.
func timeOrNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func kindOf(isNew bool) referral.Kind {
	if isNew {
		return referral.New
	}
	return referral.Existing
}

func idOf(pair []db.LockPairRow, userID string) *int64 {
	for _, contact := range pair {
		if contact.UserID == userID {
			return &contact.ContactID
		}
	}
	return nil
}

func valueOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// A memo names what a run did in one of its segments.
type memo struct{ bot, run, segment string }

// once runs work in a transaction that first claims the memo and last fills it with result; when the memo was filled
// before, it only reads it: a step run again takes the same branch and writes nothing.
func (s *Store) once(ctx context.Context, m memo, result any, work func(pgx.Tx, *db.Queries) ([]program.Check, error)) error {
	return s.inTx(ctx, func(tx pgx.Tx, q *db.Queries) error {
		return onceIn(ctx, tx, q, m, result, work)
	})
}

func onceIn(
	ctx context.Context, tx pgx.Tx, q *db.Queries, m memo, result any, work func(pgx.Tx, *db.Queries) ([]program.Check, error),
) error {
	claimed, err := q.ClaimSegment(ctx, db.ClaimSegmentParams{BotID: m.bot, Run: m.run, Segment: m.segment})
	if err != nil {
		return fmt.Errorf("claim %s: %w", m.segment, err)
	}
	if claimed == 0 {
		return readMemo(ctx, q, m, result)
	}
	checks, err := work(tx, q)
	if err != nil {
		return err
	}
	return fillMemo(ctx, q, m, result, checks)
}

func readMemo(ctx context.Context, q *db.Queries, m memo, result any) error {
	stored, err := q.SegmentResult(ctx, db.SegmentResultParams{BotID: m.bot, Run: m.run, Segment: m.segment})
	if err != nil {
		return fmt.Errorf("read the result of %s: %w", m.segment, err)
	}
	if err := json.Unmarshal(stored, result); err != nil {
		return fmt.Errorf("decode the result of %s: %w", m.segment, err)
	}
	return nil
}

func fillMemo(ctx context.Context, q *db.Queries, m memo, result any, checks []program.Check) error {
	encoded, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode the result of %s: %w", m.segment, err)
	}
	seen, err := json.Marshal(checks)
	if err != nil {
		return fmt.Errorf("encode the checks of %s: %w", m.segment, err)
	}
	err = q.FillSegment(ctx, db.FillSegmentParams{BotID: m.bot, Run: m.run, Segment: m.segment, Result: encoded, Checks: seen})
	if err != nil {
		return fmt.Errorf("keep the result of %s: %w", m.segment, err)
	}
	return nil
}

func isNoRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
