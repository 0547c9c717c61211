package postgres

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/referral"
)

// A session is where statements run: the pool, or the transaction of a request that may be repeated.
type session interface {
	db.DBTX
	Begin(ctx context.Context) (pgx.Tx, error)
}

var _ session = pgx.Tx(nil)

// lockNotHad is Postgres' code for a lock not had within lock_timeout.
const lockNotHad = "55P03"

// Once does a request at most once, and gives what it was answered. Work's books write in the transaction that keeps the answer, so
// there is never one without the other; books of a failed work write nothing, and its key is free again. The same request meanwhile
// waits, and is then given the answer: replayed is true. ErrOtherRequest when the key was used for another request, ErrUnderWay when
// waiting takes too long.
func (s *Store) Once(
	ctx context.Context, request referral.Request, work func(books *Store) (referral.Answer, error),
) (answer referral.Answer, replayed bool, err error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return referral.Answer{}, false, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		books := s.within(tx)
		claimed, err := books.claim(ctx, request)
		if err != nil {
			return err
		}
		if !claimed {
			answer, replayed, err = books.recall(ctx, request)
			return err
		}
		if answer, err = work(books); err != nil {
			return err
		}
		return books.keep(ctx, request, answer)
	})
	return answer, replayed, err
}

// within gives the same books in a transaction. A program saved in it may never come to be.
func (s *Store) within(tx pgx.Tx) *Store {
	books := *s
	books.session, books.queries, books.provisional = tx, s.queries.WithTx(tx), true
	return &books
}

func (s *Store) claim(ctx context.Context, request referral.Request) (bool, error) {
	rows, err := s.queries.ClaimRequest(ctx, db.ClaimRequestParams{BotID: request.Bot, RequestKey: request.Key, Fingerprint: request.Fingerprint})
	if sqlState(err) == lockNotHad {
		return false, fmt.Errorf("claim the request: %w", referral.ErrUnderWay)
	}
	if err != nil {
		return false, fmt.Errorf("claim the request: %w", err)
	}
	return rows == 1, nil
}

func (s *Store) recall(ctx context.Context, request referral.Request) (referral.Answer, bool, error) {
	row, err := s.queries.AnsweredRequest(ctx, db.AnsweredRequestParams{BotID: request.Bot, RequestKey: request.Key})
	if err != nil {
		return referral.Answer{}, false, fmt.Errorf("read the answer: %w", err)
	}
	if !bytes.Equal(row.Fingerprint, request.Fingerprint) {
		return referral.Answer{}, false, fmt.Errorf("read the answer: %w", referral.ErrOtherRequest)
	}
	body, err := s.seal.openAnswer(request, row.Answer)
	return referral.Answer{Status: int(row.Status), Body: body}, true, err
}

func (s *Store) keep(ctx context.Context, request referral.Request, answer referral.Answer) error {
	sealed, err := s.seal.closeAnswer(request, answer.Body)
	if err != nil {
		return fmt.Errorf("seal the answer: %w", err)
	}
	err = s.queries.AnswerRequest(ctx, db.AnswerRequestParams{
		BotID: request.Bot, RequestKey: request.Key, Status: int32(answer.Status), Answer: sealed,
	})
	if err != nil {
		return fmt.Errorf("keep the answer: %w", err)
	}
	return nil
}

// PruneRequests forgets up to most requests that are older than a day.
func (s *Store) PruneRequests(ctx context.Context, most int) (int, error) {
	pruned, err := s.queries.PruneRequests(ctx, int32(most))
	if err != nil {
		return 0, fmt.Errorf("prune the requests: %w", err)
	}
	return int(pruned), nil
}

// The answer to a request may hold a new key: it is sealed, and opens for its own request only.
func (s *sealer) closeAnswer(request referral.Request, body []byte) ([]byte, error) {
	return s.aead.Encrypt(body, answerOf(request))
}

func (s *sealer) openAnswer(request referral.Request, sealed []byte) ([]byte, error) {
	body, err := s.aead.Decrypt(sealed, answerOf(request))
	if err != nil {
		return nil, fmt.Errorf("open the answer: was it sealed with another MILLENNIUM_ENCRYPTION_KEY? %w", err)
	}
	return body, nil
}

// answerOf differs from what credentials are bound to: no bot or account holds a NUL.
func answerOf(request referral.Request) []byte {
	return []byte("answer\x00" + request.Bot + "\x00" + request.Key)
}
