package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/referral"
)

// CreateBot makes a bot; created is false when the id is taken.
func (s *Store) CreateBot(ctx context.Context, id, name string) (bot referral.Bot, created bool, err error) {
	rows, err := s.queries.CreateBot(ctx, db.CreateBotParams{BotID: id, Name: name})
	if err != nil {
		return referral.Bot{}, false, fmt.Errorf("create the bot: %w", err)
	}
	bot, err = s.Bot(ctx, id)
	return bot, rows == 1, err
}

// Bot gives a bot. ErrNotFound when there is none of that id.
func (s *Store) Bot(ctx context.Context, id string) (referral.Bot, error) {
	row, err := s.queries.Bot(ctx, id)
	if err != nil {
		return referral.Bot{}, notFound("read the bot", err)
	}
	return referral.Bot{ID: row.BotID, Name: row.Name, ProgramVersion: row.ProgramVersion, CreatedAt: row.CreatedAt}, nil
}

// Bots gives up to most bots by id, those after the given one.
func (s *Store) Bots(ctx context.Context, after string, most int) ([]referral.Bot, error) {
	rows, err := s.queries.Bots(ctx, db.BotsParams{After: after, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("list bots: %w", err)
	}
	bots := make([]referral.Bot, len(rows))
	for i, row := range rows {
		bots[i] = referral.Bot{ID: row.BotID, Name: row.Name, ProgramVersion: row.ProgramVersion, CreatedAt: row.CreatedAt}
	}
	return bots, nil
}

// ProgramSource gives the program in force as its author wrote it. ErrNoProgram when there is none.
func (s *Store) ProgramSource(ctx context.Context, bot string) (source string, version int32, err error) {
	found, err := s.Bot(ctx, bot)
	if err != nil {
		return "", 0, err
	}
	if found.ProgramVersion == 0 {
		return "", 0, referral.ErrNoProgram
	}
	row, err := s.queries.ProgramSource(ctx, db.ProgramSourceParams{BotID: bot, Version: found.ProgramVersion})
	if err != nil {
		return "", 0, notFound("read the program", err)
	}
	return row.Source, found.ProgramVersion, nil
}

// Contact gives a contact by public id. ErrNotFound when nobody has it.
func (s *Store) Contact(ctx context.Context, bot, userID string) (referral.ContactView, error) {
	row, err := s.queries.ContactView(ctx, db.ContactViewParams{BotID: bot, UserID: userID})
	if err != nil {
		return referral.ContactView{}, notFound("read the contact", err)
	}
	view := referral.ContactView{UserID: row.UserID, CreatedAt: row.CreatedAt}
	for _, part := range []struct {
		from []byte
		into any
	}{{row.Fields, &view.Fields}, {row.Tags, &view.Tags}, {row.Identities, &view.Identities}, {row.Grants, &view.Grants}} {
		if err := json.Unmarshal(part.from, part.into); err != nil {
			return referral.ContactView{}, fmt.Errorf("read the contact: %w", err)
		}
	}
	return view, nil
}

// Link gives a contact's referral link for an entry point on an account; with account empty, on the one they last wrote from.
// ErrNotFound when the contact isn't known, or not on that account.
func (s *Store) Link(ctx context.Context, bot, userID, entryPoint, account string) (url, ref, on string, err error) {
	accounts, err := s.queries.IdentityForLink(ctx, db.IdentityForLinkParams{BotID: bot, UserID: userID, Account: account})
	if err != nil {
		return "", "", "", fmt.Errorf("find the contact's account: %w", err)
	}
	if len(accounts) == 0 {
		return "", "", "", fmt.Errorf("find the contact's account: %w", referral.ErrNotFound)
	}
	home, err := s.Account(ctx, bot, accounts[0])
	if err != nil {
		return "", "", "", err
	}
	suffix, err := s.linkSuffix(ctx, bot)
	if err != nil {
		return "", "", "", err
	}
	ref = referral.Ref{EntryPoint: entryPoint, Referrer: userID}.With(suffix)
	url, err = s.link(home, ref)
	return url, ref, home.Name, err
}

// Referrals gives up to most referrals older than the one of id before (0: from the newest), newest first.
func (s *Store) Referrals(ctx context.Context, bot string, filter referral.Filter, before int64, most int) ([]referral.View, error) {
	rows, err := s.queries.Referrals(ctx, db.ReferralsParams{
		BotID: bot, Before: orNewest(before), Status: string(filter.Status), EntryPoint: filter.EntryPoint,
		Referrer: filter.Referrer, Invitee: filter.Invitee, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("list referrals: %w", err)
	}
	views := make([]referral.View, len(rows))
	for i, row := range rows {
		views[i] = viewOf(row)
	}
	return views, nil
}

func viewOf(row db.ReferralsRow) referral.View {
	return referral.View{
		ID: row.ReferralID, EntryPoint: row.EntryPoint, Referrer: row.Referrer, Invitee: row.Invitee,
		Kind: referral.Kind(row.Kind), Status: referral.Status(row.Status), Reason: referral.Reason(row.Reason),
		Points: row.Points, Account: row.Account, ProgramVersion: row.ProgramVersion,
		ReceivedAt: row.ReceivedAt, AdmittedAt: row.AdmittedAt, SettledAt: row.SettledAt, Workflow: row.Run,
		HoldUntil: row.HoldUntil, Late: row.Late, ApprovedAt: row.ApprovedAt, QualifiedAt: timeOrNil(row.QualifiedAt),
		LeftAt: row.LeftAt, VoidedAt: row.VoidedAt, VoidNote: row.VoidNote,
	}
}

// Referral gives one referral with everything it led to. ErrNotFound when there is none of that id.
func (s *Store) Referral(ctx context.Context, bot string, id int64) (referral.Detail, error) {
	rows, err := s.queries.Referrals(ctx, db.ReferralsParams{BotID: bot, Before: math.MaxInt64, ReferralID: id, Most: 1})
	if err != nil {
		return referral.Detail{}, fmt.Errorf("read the referral: %w", err)
	}
	if len(rows) == 0 {
		return referral.Detail{}, fmt.Errorf("read the referral: %w", referral.ErrNotFound)
	}
	detail := referral.Detail{View: viewOf(rows[0]), Ledger: []referral.LedgerView{}, Grants: []referral.GrantView{}}
	if err := s.addBookings(ctx, bot, &detail); err != nil {
		return referral.Detail{}, err
	}
	detail.Deliveries, err = s.deliveries(ctx, db.DeliveriesParams{BotID: bot, Before: math.MaxInt64, ReferralID: id, Most: 200})
	return detail, err
}

func (s *Store) addBookings(ctx context.Context, bot string, detail *referral.Detail) error {
	entries, err := s.queries.LedgerOfReferral(ctx, db.LedgerOfReferralParams{BotID: bot, ReferralID: detail.ID})
	if err != nil {
		return fmt.Errorf("read the ledger: %w", err)
	}
	for _, row := range entries {
		detail.Ledger = append(detail.Ledger, referral.LedgerView{
			UserID: row.UserID, Field: row.Field, Delta: row.Delta, Balance: row.Balance, Cause: row.Cause, At: row.CreatedAt,
		})
	}
	grants, err := s.queries.GrantsOfReferral(ctx, db.GrantsOfReferralParams{BotID: bot, ReferralID: detail.ID})
	if err != nil {
		return fmt.Errorf("read the grants: %w", err)
	}
	for _, row := range grants {
		detail.Grants = append(detail.Grants, referral.GrantView{
			UserID: row.UserID, Reward: row.Reward, Occurrence: row.Occurrence, At: row.GrantedAt, Stocked: row.Stocked, RevokedAt: row.RevokedAt,
		})
	}
	return nil
}

// Deliveries gives up to most messages older than the one of id before (0: from the newest), newest first.
func (s *Store) Deliveries(ctx context.Context, bot string, filter referral.DeliveryFilter, before int64, most int) ([]referral.DeliveryView, error) {
	return s.deliveries(ctx, db.DeliveriesParams{
		BotID: bot, Before: orNewest(before), State: filter.State, UserID: filter.UserID, Account: filter.Account, Most: int32(most),
	})
}

func (s *Store) deliveries(ctx context.Context, params db.DeliveriesParams) ([]referral.DeliveryView, error) {
	rows, err := s.queries.Deliveries(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	views := make([]referral.DeliveryView, len(rows))
	for i, row := range rows {
		views[i] = referral.DeliveryView{
			ID: row.DeliveryID, UserID: row.UserID, Account: row.Account, To: row.ExternalID,
			Text: shown(row.Body), Picture: row.Picture, QuickReplies: row.QuickReplies,
			State: row.State, WaitingFor: row.WaitingFor, Attempt: row.Attempt, Error: row.Error, PlatformID: row.PlatformID,
			CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		}
		if row.ReferralID != 0 {
			views[i].Referral = strconv.FormatInt(row.ReferralID, 10)
		}
	}
	return views, nil
}

// Leaderboard ranks a bot's contacts by a number field.
func (s *Store) Leaderboard(ctx context.Context, bot, field string, most int) ([]referral.Leader, error) {
	rows, err := s.queries.Leaderboard(ctx, db.LeaderboardParams{BotID: bot, Field: field, Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("read the leaderboard: %w", err)
	}
	leaders := make([]referral.Leader, len(rows))
	for i, row := range rows {
		leaders[i] = referral.Leader{Place: i + 1, UserID: row.UserID, FirstName: row.FirstName, Points: row.Points, Referrals: row.Referrals}
	}
	return leaders, nil
}

// Stock counts the codes of a reward's pool.
func (s *Store) Stock(ctx context.Context, bot, reward string) (referral.Stock, error) {
	row, err := s.queries.Stock(ctx, db.StockParams{BotID: bot, Reward: reward})
	if err != nil {
		return referral.Stock{}, fmt.Errorf("count the codes: %w", err)
	}
	return referral.Stock{Free: row.Free, Taken: row.Taken}, nil
}

// Parked gives up to most events set aside, older than the one of id before (0: from the newest), newest first.
func (s *Store) Parked(ctx context.Context, bot string, before int64, most int) ([]referral.ParkedView, error) {
	rows, err := s.queries.ParkedEvents(ctx, db.ParkedEventsParams{BotID: bot, Before: orNewest(before), Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("list parked events: %w", err)
	}
	views := make([]referral.ParkedView, len(rows))
	for i, row := range rows {
		views[i] = referral.ParkedView{
			ID: row.EventID, Account: row.Account, Kind: row.Kind, Reason: row.ParkedReason, RawBytes: row.RawBytes, ReceivedAt: row.ReceivedAt,
		}
	}
	return views, nil
}

// ParkedWebhook gives the body of a parked webhook and the account it came to; raw is empty for an event that was read.
// ErrNotFound when nothing of that id is parked.
func (s *Store) ParkedWebhook(ctx context.Context, bot string, event int64) (account string, raw []byte, err error) {
	row, err := s.queries.ParkedWebhook(ctx, db.ParkedWebhookParams{BotID: bot, EventID: event})
	if err != nil {
		return "", nil, notFound("read the parked event", err)
	}
	return row.Account, row.Raw, nil
}

// Replay puts a parked event that was read back into the inbox, or marks a parked webhook as read at last.
func (s *Store) Replay(ctx context.Context, bot string, event int64) error {
	if _, err := s.queries.ReplayEvent(ctx, db.ReplayEventParams{BotID: bot, EventID: event}); err != nil {
		return fmt.Errorf("replay the event: %w", err)
	}
	return nil
}

func orNewest(before int64) int64 {
	if before == 0 {
		return math.MaxInt64
	}
	return before
}
