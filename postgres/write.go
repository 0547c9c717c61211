package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// States of a delivery and what a waiting one waits for, as the rows hold them.
const (
	stateQueued   = "queued"
	stateWaiting  = "waiting"
	stateFailed   = "failed"
	waitForStock  = "stock"
	unreachable   = "unreachable"
	blockedReason = "the contact blocked the bot"
	noIdentity    = "the contact has no identity to write to"
)

// A writing is a segment's outcome on its way into the books. Grants are written as they come, since what follows needs their
// codes; everything else is queued and costs one round trip together.
type writing struct {
	*stage
	tx      pgx.Tx
	queries *db.Queries
	queue   queue
	queued  *db.Queries
	grants  map[grantKey]grantedCode
	applied referral.Applied
	words   []string
	taken   []string // the rewards of whose pools a code was taken, or wanted
}

type grantKey struct {
	who    program.Role
	reward string
}

type grantedCode struct {
	grant  int64
	code   string
	awaits bool // the pool was empty: an import will bring the code
	// expires is when it can't be redeemed any more; nil for never.
	expires *time.Time
}

func (on *stage) write(ctx context.Context, tx pgx.Tx, q *db.Queries, outcome program.Outcome) (referral.Applied, error) {
	w := &writing{stage: on, tx: tx, queries: q, grants: map[grantKey]grantedCode{}}
	w.queued = db.New(&w.queue)
	w.applied = referral.Applied{Status: on.scene.Becomes, Reason: on.reason, Until: timeOrNil(on.until), Waits: outcome.Waits}
	w.tellReversal()
	for ordinal, op := range outcome.Ops {
		if err := w.op(ctx, int32(ordinal), op); err != nil {
			return referral.Applied{}, fmt.Errorf("%s: %w", op.Kind, err)
		}
	}
	w.decide(ctx)
	w.listDeliveries(ctx)
	if err := tx.SendBatch(ctx, &w.queue.batch).Close(); err != nil {
		return referral.Applied{}, fmt.Errorf("write the segment: %w", err)
	}
	if err := w.noteLowStocks(ctx); err != nil {
		return referral.Applied{}, err
	}
	w.applied.Summary = w.summary(outcome)
	return w.applied, nil
}

func (w *writing) op(ctx context.Context, ordinal int32, op program.Op) error {
	segment, who := w.scene.Segment, w.actors[op.Who]
	switch op.Kind {
	case program.OpIncrement:
		w.count(op)
		return w.queued.Increment(ctx, db.IncrementParams{
			BotID: segment.Bot, ContactID: who.contact, Field: op.Field, Delta: op.Delta,
			ReferralID: w.referral, Run: segment.Run, Segment: segment.Name, Ordinal: ordinal,
		})
	case program.OpSetNumber:
		put(&w.person(op.Who).Numbers, op.Field, op.Number)
		return w.queued.SetNumber(ctx, db.SetNumberParams{
			BotID: segment.Bot, ContactID: who.contact, Field: op.Field, Number: op.Number,
			ReferralID: w.referral, Run: segment.Run, Segment: segment.Name, Ordinal: ordinal,
		})
	case program.OpSetText:
		put(&w.person(op.Who).Texts, op.Field, op.Text)
		return w.queued.SetText(ctx, db.SetTextParams{BotID: segment.Bot, ContactID: who.contact, Field: op.Field, Text: op.Text})
	case program.OpAddTag:
		put(&w.person(op.Who).Tags, op.Tag, true)
		return w.queued.AddTag(ctx, db.AddTagParams{BotID: segment.Bot, ContactID: who.contact, Tag: op.Tag})
	case program.OpRemoveTag:
		delete(w.person(op.Who).Tags, op.Tag)
		return w.queued.RemoveTag(ctx, db.RemoveTagParams{BotID: segment.Bot, ContactID: who.contact, Tag: op.Tag})
	case program.OpGrant:
		return w.grant(ctx, ordinal, op)
	case program.OpSend:
		return w.send(ctx, ordinal, op)
	case program.OpCall:
		return w.call(ctx, ordinal, op)
	default:
		return fmt.Errorf("the books don't know operation %q", op.Kind)
	}
}

// person is somebody as they are after the operations so far: later ones may tell of them.
func (w *writing) person(who program.Role) *program.Person { return w.scene.People[who] }

func put[V any](values *map[string]V, name string, value V) {
	if *values == nil {
		*values = map[string]V{}
	}
	(*values)[name] = value
}

// count follows a number so that the result can say what became of it.
func (w *writing) count(op program.Op) {
	person := w.person(op.Who)
	put(&person.Numbers, op.Field, person.Numbers[op.Field]+op.Delta)
	words := fmt.Sprintf("%s %+d → %d", op.Field, op.Delta, person.Numbers[op.Field])
	if op.Who == program.Invitee {
		words = "the invitee's " + words
	} else {
		w.applied.Points += op.Delta
	}
	w.words = append(w.words, words)
}

// grant gives a reward, once; of a reward given before, its code is at hand for the messages that follow.
func (w *writing) grant(ctx context.Context, ordinal int32, op program.Op) error {
	segment, who := w.scene.Segment, w.actors[op.Who]
	pool := w.program.Rewards[op.Reward].Codes == program.CodePool
	params := db.InsertGrantParams{
		BotID: segment.Bot, ContactID: who.contact, Reward: op.Reward, NeedsCode: pool,
		Occurrence: int32(op.Occurrence), ValidSeconds: w.program.Rewards[op.Reward].Valid.Seconds(),
		ReferralID: w.referral, Run: segment.Run, Segment: segment.Name, Ordinal: ordinal,
	}
	if op.Basis != nil {
		params.BasisField, params.BasisThreshold = &op.Basis.Field, &op.Basis.Threshold
	}
	granted, err := w.queries.InsertGrant(ctx, params)
	if err != nil {
		return err
	}
	if len(granted) == 0 {
		return w.recall(ctx, op)
	}
	w.applied.Grants = append(w.applied.Grants, op.Reward)
	w.words = append(w.words, grantWords(op))
	code := ""
	if pool {
		if code, err = takeCode(ctx, w.queries, segment.Bot, op.Reward, granted[0].GrantID); err != nil {
			return err
		}
		w.taken = append(w.taken, op.Reward)
	}
	w.grants[grantKey{op.Who, op.Reward}] = grantedCode{granted[0].GrantID, code, pool && code == "", granted[0].ExpiresAt}
	return nil
}

// recall finds the code of a reward granted before. One that is still missing is looked for again under the pool's lock: an
// import running right now has either given it, or will find the message waiting.
func (w *writing) recall(ctx context.Context, op program.Op) error {
	bot := w.scene.Segment.Bot
	wanted := db.GrantedCodeParams{BotID: bot, ContactID: w.actors[op.Who].contact, Reward: op.Reward}
	rows, err := w.queries.GrantedCode(ctx, wanted)
	if err == nil && len(rows) > 0 && rows[0].AwaitsCode {
		if err := w.queries.LockPool(ctx, db.LockPoolParams{BotID: bot, Reward: op.Reward}); err != nil {
			return err
		}
		rows, err = w.queries.GrantedCode(ctx, wanted)
	}
	if err != nil || len(rows) == 0 {
		return err
	}
	w.grants[grantKey{op.Who, op.Reward}] = grantedCode{rows[0].GrantID, rows[0].Code, rows[0].AwaitsCode, rows[0].ExpiresAt}
	return nil
}

// takeCode takes a code for a grant; "" when the pool is empty, confirmed under the pool's lock so that an import running right
// now either gives its code here or finds this grant waiting.
func takeCode(ctx context.Context, q *db.Queries, bot, reward string, grant int64) (string, error) {
	taken, err := q.TakeCode(ctx, db.TakeCodeParams{BotID: bot, Reward: reward, GrantID: &grant})
	if err != nil || len(taken) > 0 {
		return first(taken), err
	}
	if err := q.LockPool(ctx, db.LockPoolParams{BotID: bot, Reward: reward}); err != nil {
		return "", err
	}
	taken, err = q.TakeLastCode(ctx, db.TakeLastCodeParams{BotID: bot, Reward: reward, GrantID: &grant})
	return first(taken), err
}

func first(codes []string) string {
	if len(codes) == 0 {
		return ""
	}
	return codes[0]
}

// send writes a message to the outbox: queued, waiting for its code, or failed at once when there is nobody to write to.
func (w *writing) send(ctx context.Context, ordinal int32, op program.Op) error {
	segment, who := w.scene.Segment, w.actors[op.Who]
	row := db.InsertDeliveryParams{
		BotID: segment.Bot, ContactID: who.contact, Account: who.account, ExternalID: who.externalID, Body: op.Text,
		Picture: op.Picture, QuickReplies: op.QuickReplies,
		ReferralID: w.referral, Run: segment.Run, Segment: segment.Name, Ordinal: ordinal, State: stateQueued,
	}
	if op.Reward != "" {
		if err := w.fillCode(ctx, op, &row); err != nil {
			return err
		}
	}
	switch {
	case who.account == "":
		row.State, row.WaitingFor, row.ErrorClass, row.Error = stateFailed, "", unreachable, noIdentity
	case who.blocked:
		row.State, row.WaitingFor, row.ErrorClass, row.Error = stateFailed, "", unreachable, blockedReason
	}
	return w.queued.InsertDelivery(ctx, row)
}

// fillCode puts the reward's code where the text has its hole, or lets the message wait for stock.
func (w *writing) fillCode(ctx context.Context, op program.Op, row *db.InsertDeliveryParams) error {
	key := grantKey{op.Who, op.Reward}
	if _, known := w.grants[key]; !known { // granted before a wait, in another segment
		if err := w.recall(ctx, op); err != nil {
			return err
		}
	}
	held, known := w.grants[key]
	row.Body = program.FillExpiry(row.Body, dayOf(held.expires))
	switch {
	case known && held.awaits && strings.Contains(row.Body, program.CodeHole):
		row.GrantID, row.State, row.WaitingFor = &held.grant, stateWaiting, waitForStock
	case known:
		row.GrantID, row.Body = &held.grant, program.FillCode(row.Body, held.code)
	default:
		row.Body = program.FillCode(row.Body, "")
	}
	return nil
}

// listDeliveries reads the ids of what was queued, by lane: messages of one segment to one identity leave in order.
func (w *writing) listDeliveries(ctx context.Context) {
	segment := w.scene.Segment
	_, _ = w.queued.DeliveriesOfSegment(ctx, db.DeliveriesOfSegmentParams{BotID: segment.Bot, Run: segment.Run, Segment: segment.Name})
	lanes := map[[2]string]int{}
	w.queue.last().Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var row db.DeliveriesOfSegmentRow
			if err := rows.Scan(&row.DeliveryID, &row.Account, &row.ExternalID, &row.State); err != nil {
				return err
			}
			w.place(lanes, row)
		}
		return rows.Err()
	})
}

func (w *writing) place(lanes map[[2]string]int, row db.DeliveriesOfSegmentRow) {
	switch row.State {
	case stateWaiting:
		w.applied.Held = append(w.applied.Held, row.DeliveryID)
	case stateQueued:
		identity := [2]string{row.Account, row.ExternalID}
		lane, known := lanes[identity]
		if !known {
			lane = len(w.applied.Lanes)
			lanes[identity] = lane
			w.applied.Lanes = append(w.applied.Lanes, referral.Lane{Account: row.Account})
		}
		w.applied.Lanes[lane].Deliveries = append(w.applied.Lanes[lane].Deliveries, row.DeliveryID)
	}
}

// summary says in words what the segment did, without saying it about whom.
func (w *writing) summary(outcome program.Outcome) string {
	words := slices.Concat(w.words, limitWords(outcome.Checks))
	if count := w.applied.Deliveries(); count > 0 {
		words = append(words, fmt.Sprintf("%d to send", count))
	}
	if outcome.Truncated {
		words = append(words, "stopped: too many steps")
	}
	return strings.Join(words, ", ")
}
