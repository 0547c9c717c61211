package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/referral"
)

const (
	// batchEvents bounds a group commit: more gain little and delay the first.
	batchEvents = 256
	// committers write batches at once. While they are busy, the next batch grows: no request ever waits for a timer.
	committers = 2
	// commitWithin bounds a commit: a Postgres that went away in the middle must not hold the committers until TCP gives up.
	commitWithin = 5 * time.Second
	// conflictRetries bounds the immediate tries of a transaction that loses against concurrent ones.
	conflictRetries = 5
)

// An Inbox takes events in. Add returns when they are durable; concurrent calls share commits. Run must be running.
type Inbox struct {
	store    *Store
	incoming chan *addition
	announce chan struct{}
	log      *slog.Logger

	mu    sync.Mutex
	chats map[string]bool // with new lines, as they are announced
}

// An addition is one caller's events waiting for a commit. An event keeps its place in arrival order.
type addition struct {
	bot, account string
	events       []channel.Event
	arrived      []channel.Arrived
	done         chan error
}

// NewInbox makes the inbox of a store.
func NewInbox(store *Store, log *slog.Logger) *Inbox {
	return &Inbox{store: store, incoming: make(chan *addition), announce: make(chan struct{}, 1), log: log, chats: map[string]bool{}}
}

// Run commits batches and announces them until ctx ends and everything taken is answered.
func (in *Inbox) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range committers {
		group.Go(func() { in.commitBatches(ctx) })
	}
	group.Go(func() { in.announceBatches(ctx) })
	group.Wait()
}

// Add stores events of one account, each once, and gives what became of each, in their order.
// channel.ErrBadEvent when the data of one can't be stored; the others then are.
func (in *Inbox) Add(ctx context.Context, bot, account string, events []channel.Event) ([]channel.Arrived, error) {
	if len(events) == 0 {
		return nil, nil
	}
	cleaned, now := make([]channel.Event, len(events)), time.Now().UTC()
	for i, event := range events {
		cleaned[i] = event.Clean()
		// No time is "just now", and nothing happened later than that: a clock that runs ahead must not hold a window open.
		if at := cleaned[i].OccurredAt; at.IsZero() || at.After(now) {
			cleaned[i].OccurredAt = now
		}
	}
	added := &addition{bot: bot, account: account, events: cleaned, arrived: make([]channel.Arrived, len(events)), done: make(chan error, 1)}
	select {
	case in.incoming <- added:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case err := <-added.done:
		return added.arrived, err
	case <-ctx.Done(): // it may be stored all the same: a redelivery is harmless
		return nil, ctx.Err()
	}
}

// Park keeps a verified webhook that couldn't be read, once, where an operator sees it.
func (in *Inbox) Park(ctx context.Context, bot, account string, body []byte, reason string) error {
	hash := sha256.Sum256(body)
	err := in.store.queries.ParkRaw(ctx, db.ParkRawParams{
		BotID: bot, Account: account, DedupeKey: "raw/" + hex.EncodeToString(hash[:]), Raw: body, ReceivedAt: time.Now(), Reason: channel.CleanText(reason),
	})
	if err != nil {
		return fmt.Errorf("park the webhook: %w", err)
	}
	return nil
}

func (in *Inbox) commitBatches(ctx context.Context) {
	for {
		select {
		case first := <-in.incoming:
			// The batch is committed even when ctx ends meanwhile: its callers were promised an answer.
			in.commit(context.WithoutCancel(ctx), in.collect(first))
		case <-ctx.Done():
			return
		}
	}
}

// collect takes whatever else is waiting right now.
func (in *Inbox) collect(first *addition) []*addition {
	batch, events := []*addition{first}, len(first.events)
	for events < batchEvents {
		select {
		case next := <-in.incoming:
			batch, events = append(batch, next), events+len(next.events)
		default:
			return batch
		}
	}
	return batch
}

// commit stores a batch and answers its callers. Bad data splits the batch, so that one event never refuses its neighbours.
func (in *Inbox) commit(ctx context.Context, batch []*addition) {
	err := in.storeRetrying(ctx, batch)
	if isDataError(err) && len(batch) > 1 {
		for _, each := range batch {
			in.commit(ctx, []*addition{each})
		}
		return
	}
	if isDataError(err) {
		err = in.storeSingly(ctx, batch[0])
	}
	for _, each := range batch {
		each.done <- err
	}
	in.noteChats(batch)
	select {
	case in.announce <- struct{}{}:
	default: // one is due already
	}
}

func (in *Inbox) storeSingly(ctx context.Context, added *addition) error {
	var bad error
	for i := range added.events {
		single := &addition{bot: added.bot, account: added.account, events: added.events[i : i+1], arrived: added.arrived[i : i+1]}
		if err := in.storeRetrying(ctx, []*addition{single}); isDataError(err) {
			bad = fmt.Errorf("%w: %w", channel.ErrBadEvent, err)
		} else if err != nil {
			return err
		}
	}
	return bad
}

func (in *Inbox) storeRetrying(ctx context.Context, batch []*addition) error {
	ctx, cancel := context.WithTimeout(ctx, commitWithin)
	defer cancel()
	var err error
	for range conflictRetries {
		if err = in.store.storeBatch(ctx, batch); !isConflict(err) {
			return err
		}
	}
	return err
}

func (in *Inbox) noteChats(batch []*addition) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, each := range batch {
		for _, event := range each.events {
			if event.Line {
				in.chats[announced(each.chatOf(event))] = true
			}
		}
	}
}

func (in *Inbox) takeChats() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	chats := slices.Collect(maps.Keys(in.chats))
	clear(in.chats)
	return chats
}

// announceBatches tells relays and chat streams that something is there, coalesced and after the commit: inside it, it would halve the rate.
func (in *Inbox) announceBatches(ctx context.Context) {
	for {
		select {
		case <-in.announce:
			if err := in.store.queries.AnnounceInbox(ctx); err != nil && ctx.Err() == nil {
				in.log.Warn("announce the inbox: relays will find it by polling", "error", err)
			}
			if chats := in.takeChats(); len(chats) > 0 {
				_ = in.store.queries.AnnounceChats(ctx, chats) // one that fails is made up for by polling
			}
		case <-ctx.Done():
			return
		}
	}
}

// storeBatch is the one durable thing a webhook does: one implicit transaction, one round trip, two statements and one for each line of a
// chat. A bot that answers is never read before what it answers, and nothing is shown as said that the bot doesn't get.
func (s *Store) storeBatch(ctx context.Context, batch []*addition) error {
	identities, events := identityColumns(batch), eventColumns(batch)
	queue := &queue{}
	statements := db.New(queue)
	// Queued, not run: their results come with the batch.
	_, _ = statements.UpsertIdentities(ctx, identities)
	_, _ = statements.StoreEvents(ctx, events)
	places := flatten(batch)
	queue.last().Query(func(rows pgxRows) error {
		for rows.Next() {
			var row db.StoreEventsRow
			if err := rows.Scan(&row.Place, &row.UserID, &row.Stored); err != nil {
				return err
			}
			*places[row.Place] = channel.Arrived{UserID: row.UserID, Stored: row.Stored}
		}
		return rows.Err()
	})
	appendLines(ctx, statements, batch)
	if err := s.pool.SendBatch(ctx, &queue.batch).Close(); err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	return nil
}

// appendLines queues the batch's lines, in arrival order. Their identities are locked by now, so that no two batches write in one chat.
func appendLines(ctx context.Context, statements *db.Queries, batch []*addition) {
	for _, each := range batch {
		for _, event := range each.events {
			if event.Line {
				// Queued, not run: what goes wrong comes with the batch.
				_ = statements.AppendLine(ctx, lineParams(each.chatOf(event), channel.Line{
					Key: event.ID, Author: channel.ByVisitor, Text: event.Text,
				}))
			}
		}
	}
}

func (a *addition) chatOf(event channel.Event) channel.Chat {
	return channel.Chat{Bot: a.bot, Account: a.account, Visitor: event.From.ExternalID}
}

// flatten lists where the batch's answers go, in arrival order.
func flatten(batch []*addition) []*channel.Arrived {
	var places []*channel.Arrived
	for _, each := range batch {
		for i := range each.arrived {
			places = append(places, &each.arrived[i])
		}
	}
	return places
}

func eventColumns(batch []*addition) db.StoreEventsParams {
	var columns db.StoreEventsParams
	for _, each := range batch {
		for _, event := range each.events {
			columns.Places = append(columns.Places, int32(len(columns.Places)))
			columns.Bots = append(columns.Bots, each.bot)
			columns.Accounts = append(columns.Accounts, each.account)
			columns.ExternalIds = append(columns.ExternalIds, event.From.ExternalID)
			columns.DedupeKeys = append(columns.DedupeKeys, event.ID)
			columns.Kinds = append(columns.Kinds, string(event.Kind))
			columns.Interactions = append(columns.Interactions, event.Kind.Interaction())
			columns.Refs = append(columns.Refs, event.Ref)
			columns.Bodies = append(columns.Bodies, event.Text)
			columns.OccurredAt = append(columns.OccurredAt, event.OccurredAt)
		}
	}
	return columns
}

type identityKey struct{ bot, account, externalID string }

// identityColumns gives each identity of the batch once, sorted, so that concurrent batches lock in one order. Of several
// events of one identity the newest names and the latest interaction count.
func identityColumns(batch []*addition) db.UpsertIdentitiesParams {
	senders, inbound := map[identityKey]channel.Sender{}, map[identityKey]time.Time{}
	for _, each := range batch {
		for _, event := range each.events {
			key := identityKey{each.bot, each.account, event.From.ExternalID}
			senders[key] = newerNames(senders[key], event.From)
			if event.Kind.Interaction() && event.OccurredAt.After(inbound[key]) {
				inbound[key] = event.OccurredAt
			}
		}
	}
	keys := make([]identityKey, 0, len(senders))
	for key := range senders {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b identityKey) int {
		return cmp.Or(cmp.Compare(a.bot, b.bot), cmp.Compare(a.account, b.account), cmp.Compare(a.externalID, b.externalID))
	})
	var columns db.UpsertIdentitiesParams
	for _, key := range keys {
		sender := senders[key]
		columns.Bots = append(columns.Bots, key.bot)
		columns.Accounts = append(columns.Accounts, key.account)
		columns.ExternalIds = append(columns.ExternalIds, key.externalID)
		columns.UserIds = append(columns.UserIds, referral.NewUserID())
		columns.FirstNames = append(columns.FirstNames, sender.FirstName)
		columns.LastNames = append(columns.LastNames, sender.LastName)
		columns.Usernames = append(columns.Usernames, sender.Username)
		columns.Searches = append(columns.Searches, searchOf(sender))
		columns.Locales = append(columns.Locales, sender.Locale)
		columns.InboundAt = append(columns.InboundAt, inbound[key])
	}
	return columns
}

func newerNames(older, newer channel.Sender) channel.Sender {
	return channel.Sender{
		ExternalID: newer.ExternalID,
		FirstName:  cmp.Or(newer.FirstName, older.FirstName),
		LastName:   cmp.Or(newer.LastName, older.LastName),
		Username:   cmp.Or(newer.Username, older.Username),
		Locale:     cmp.Or(newer.Locale, older.Locale),
	}
}

// isDataError says that Postgres refuses the data itself (classes 22, 23 and 54 of its error codes): trying again won't help.
func isDataError(err error) bool {
	class := sqlState(err)
	return len(class) == 5 && (class[:2] == "22" || class[:2] == "23" || class[:2] == "54")
}

// isConflict says that a transaction lost against a concurrent one and may simply be tried again.
func isConflict(err error) bool {
	code := sqlState(err)
	return code == "40001" || code == "40P01"
}

func sqlState(err error) string {
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		return failed.Code
	}
	return ""
}
