package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/referral"
)

// SaveProgram saves the next version of a bot's program, which must parse, and puts it in force: see Revise.
func (s *Store) SaveProgram(ctx context.Context, bot, source string) (version int32, err error) {
	return s.Revise(ctx, bot, referral.Revision{Source: source})
}

// Revise saves the next version of a bot's program, which must parse, and puts it in force. What came before the bot had one is taken
// up. ErrNotFound when the bot doesn't exist, a StaleError when another version is in force than the one the revision was made from.
func (s *Store) Revise(ctx context.Context, bot string, revision referral.Revision) (version int32, err error) {
	err = s.inTx(ctx, func(_ pgx.Tx, q *db.Queries) error {
		version, err = q.SaveProgram(ctx, db.SaveProgramParams{
			BotID: bot, Source: revision.Source, RestoredFrom: revision.RestoredFrom, MadeFrom: revision.MadeFrom,
		})
		if err != nil {
			return staleOrUnknown(ctx, q, bot, err)
		}
		err := q.UnparkForProgram(ctx, db.UnparkForProgramParams{BotID: bot, Reason: referral.ErrNoProgram.Error()})
		if err != nil {
			return fmt.Errorf("take up what waited for a program: %w", err)
		}
		return nil
	})
	return version, err
}

// staleOrUnknown says why nothing was saved: for want of the bot, or because its program isn't the one it was.
func staleOrUnknown(ctx context.Context, q *db.Queries, bot string, err error) error {
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("save the program: %w", err)
	}
	found, err := q.Bot(ctx, bot)
	if err != nil {
		return notFound("save the program", err)
	}
	return fmt.Errorf("save the program: %w", &referral.StaleError{InForce: found.ProgramVersion})
}

// ProgramVersion gives a version's source. ErrNotFound when there is none.
func (s *Store) ProgramVersion(ctx context.Context, bot string, version int32) (source string, err error) {
	row, err := s.queries.ProgramSource(ctx, db.ProgramSourceParams{BotID: bot, Version: version})
	if err != nil {
		return "", notFound("read the program", err)
	}
	return row.Source, nil
}

// ProgramVersions gives up to most versions older than before (0: from the newest), newest first.
func (s *Store) ProgramVersions(ctx context.Context, bot string, before int64, most int) ([]referral.Version, error) {
	rows, err := s.queries.ProgramVersions(ctx, db.ProgramVersionsParams{BotID: bot, Before: orNewest(before), Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	versions := make([]referral.Version, len(rows))
	for i, row := range rows {
		versions[i] = referral.Version{Version: row.Version, InForce: row.InForce, RestoredFrom: row.RestoredFrom, CreatedAt: row.CreatedAt}
	}
	return versions, nil
}
