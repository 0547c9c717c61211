package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// Apply decides and writes a segment of a program in one transaction, once: ledger, tags, grants and the messages to send.
// The people are locked before they are read, so of many referrals at once exactly one crosses a threshold. Settling a pending
// referral credits it, holds it or voids it, as the facts then are. ErrNotFound when the contact is gone; ErrNoProgram when the bot has none.
func (s *Store) Apply(
	ctx context.Context, segment referral.Segment, decide func(*program.Program, referral.Scene) program.Outcome,
) (referral.Applied, error) {
	var applied referral.Applied
	err := s.once(ctx, memo{segment.Bot, segment.Run, segment.Name}, &applied, func(tx pgx.Tx, q *db.Queries) ([]program.Check, error) {
		stage, err := s.set(ctx, q, segment)
		if err != nil {
			return nil, err
		}
		if err := s.loadPeople(ctx, q, stage); err != nil {
			return nil, err
		}
		outcome, err := stage.play(ctx, q, decide)
		if err != nil {
			return nil, err
		}
		applied, err = stage.write(ctx, tx, q, outcome)
		return outcome.Checks, err
	})
	return applied, err
}

// A stage is a segment under way: its people locked and loaded, and where each is reached.
type stage struct {
	scene    referral.Scene
	program  *program.Program
	referral *int64 // nil for a flow without a referral
	facts    referral.Circumstances
	reason   referral.Reason // of what the referral is, or becomes
	until    time.Time       // when one that stays pending is to be looked at again
	roles    map[program.Role]int64
	actors   map[program.Role]actor
	reversed []db.ReverseLedgerRow // what was taken off before the segment
	revoked  []string              // the rewards that went with it
}

// An actor is one person's row and the identity their messages go to.
type actor struct {
	contact             int64
	account, externalID string // empty when there is no identity
	blocked             bool
}

// set locks what a segment is about, contacts first, in ascending order, then the referral, and finds out what becomes of that.
func (s *Store) set(ctx context.Context, q *db.Queries, segment referral.Segment) (*stage, error) {
	on := &stage{scene: referral.Scene{Segment: segment, EntryPoint: segment.EntryPoint}}
	version, err := on.cast(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := on.lock(ctx, q); err != nil {
		return nil, err
	}
	if version == 0 {
		on.program, _, err = s.inForce(ctx, q, segment.Bot)
	} else {
		on.program, err = s.programVersion(ctx, q, segment.Bot, version)
	}
	if err != nil {
		return nil, err
	}
	on.judge()
	return on, nil
}

// cast finds out who is in the segment: the pair of the run's referral, or the one contact of a flow.
func (on *stage) cast(ctx context.Context, q *db.Queries) (version int32, err error) {
	segment := on.scene.Segment
	row, err := q.ReferralOfRun(ctx, db.ReferralOfRunParams{BotID: segment.Bot, Run: segment.Run})
	if isNoRows(err) {
		contact, err := q.ContactByUserID(ctx, db.ContactByUserIDParams{BotID: segment.Bot, UserID: segment.Contact})
		if err != nil {
			return 0, notFound("find the contact", err)
		}
		on.roles = map[program.Role]int64{program.Contact: contact.ContactID}
		return segment.Version, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find the referral: %w", err)
	}
	on.referral = &row.ReferralID
	on.scene.EntryPoint, on.scene.Kind = row.EntryPoint, referral.Kind(row.Kind)
	on.roles = map[program.Role]int64{program.Invitee: row.InviteeID}
	if row.ReferrerID != 0 {
		on.roles[program.Referrer] = row.ReferrerID
	}
	return row.ProgramVersion, nil
}

func (on *stage) lock(ctx context.Context, q *db.Queries) error {
	bot := on.scene.Segment.Bot
	if _, err := q.LockContacts(ctx, db.LockContactsParams{BotID: bot, ContactIds: ids(on.roles)}); err != nil {
		return fmt.Errorf("lock the people: %w", err)
	}
	if on.referral == nil {
		return nil
	}
	row, err := q.LockReferral(ctx, db.LockReferralParams{BotID: bot, ReferralID: *on.referral})
	if err != nil {
		return fmt.Errorf("lock the referral: %w", err)
	}
	on.scene.Status, on.scene.Becomes, on.scene.Late = referral.Status(row.Status), referral.Status(row.Status), row.Late
	on.reason = referral.Reason(row.Reason)
	on.facts = referral.Circumstances{
		ReceivedAt: row.ReceivedAt, Qualified: row.QualifiedAt,
		Approved: valueOr(row.ApprovedAt, time.Time{}), Left: row.LeftAt, Voided: valueOr(row.VoidedAt, time.Time{}),
	}
	return nil
}

// judge finds out what becomes of a referral that isn't decided yet, or that is taken back. A flow that goes on decides nothing.
func (on *stage) judge() {
	segment := on.scene.Segment
	if len(segment.From) > 0 || on.scene.Status != referral.Pending && on.scene.Status != referral.Credited {
		return
	}
	if on.scene.Status == referral.Credited && (segment.Name != "" || on.facts.Voided.IsZero()) {
		return // it counts; only its hold, which has yet to name its segment, takes it back
	}
	door, _ := on.program.EntryPoint(on.scene.EntryPoint)
	on.facts.Hold, on.facts.Approval = door.Hold, door.Approval
	verdict := referral.Judge(on.facts, segment.Now)
	on.scene.Becomes, on.reason, on.until = verdict.Status, verdict.Reason, verdict.Until
}

func ids(roles map[program.Role]int64) []int64 {
	var all []int64
	for _, id := range roles {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

func (s *Store) loadPeople(ctx context.Context, q *db.Queries, on *stage) error {
	segment, roles := on.scene.Segment, on.roles
	arrived := roles[program.Contact] + roles[program.Invitee] // one of them is there, the other is 0
	rows, err := q.LoadPeople(ctx, db.LoadPeopleParams{
		BotID: segment.Bot, ContactIds: ids(roles), PreferContact: arrived, PreferAccount: segment.Account,
	})
	if err != nil {
		return fmt.Errorf("load the people: %w", err)
	}
	on.scene.People, on.actors = map[program.Role]*program.Person{}, map[program.Role]actor{}
	for role, id := range roles {
		at := slices.IndexFunc(rows, func(row db.LoadPeopleRow) bool { return row.ContactID == id })
		if at < 0 {
			return fmt.Errorf("load the %s: %w", role, referral.ErrNotFound)
		}
		if on.scene.People[role], err = s.person(on.program, segment.Bot, rows[at]); err != nil {
			return err
		}
		on.actors[role] = actor{id, rows[at].Account, rows[at].ExternalID, rows[at].Blocked}
	}
	return nil
}

func (s *Store) person(p *program.Program, bot string, row db.LoadPeopleRow) (*program.Person, error) {
	person := &program.Person{
		UserID: row.UserID, FirstName: row.FirstName, LastName: row.LastName, Username: row.Username, Locale: row.Locale,
		Tags: map[string]bool{}, Links: map[string]string{},
	}
	var tags []string
	settings := map[string]string{}
	for _, part := range []struct {
		from []byte
		into any
	}{{row.Numbers, &person.Numbers}, {row.Texts, &person.Texts}, {row.Tags, &tags}, {row.AccountSettings, &settings}, {row.Grants, &person.Grants}} {
		if err := json.Unmarshal(part.from, part.into); err != nil {
			return nil, fmt.Errorf("read contact %s: %w", row.UserID, err)
		}
	}
	for _, tag := range tags {
		person.Tags[tag] = true
	}
	home := channel.Account{Bot: bot, Name: row.Account, Channel: row.Channel, ExternalID: row.AccountExternalID, Settings: settings}
	for _, entryPoint := range p.EntryPoints {
		// An account without a usable link leaves the variable empty; the account's own check says what is missing.
		if link, err := s.link(home, referral.Ref{EntryPoint: entryPoint.Name, Referrer: row.UserID}.With(p.LinkSuffix)); err == nil {
			person.Links[entryPoint.Name] = link
		}
	}
	return person, nil
}
