package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

const (
	// eventLease outlives a start by far. A relay that dies holds its events back for so long.
	eventLease = 15 * time.Second
	// startTimeout bounds one start, and each word with the inbox: an outage must not eat the lease or hang the relay.
	startTimeout = 5 * time.Second
	// pollEvery finds what no notification announced.
	pollEvery = time.Second
	// startsAtOnce bounds the concurrent starts: Temporal's frontend gains nothing from more.
	startsAtOnce = 64
	// attemptsBeforeParking bounds the tries at an event that fails for a reason of its own.
	attemptsBeforeParking = 5
	// attemptPause is the time between those tries.
	attemptPause = 5 * time.Second
	// outagePause is how long the relay rests when Temporal doesn't answer.
	outagePause = time.Second

	sweepEvery   = 30 * time.Second
	overdueAfter = 2 * time.Minute
	sweepAtOnce  = 500

	pruneEvery = time.Hour
	keepDays   = 30
	pruneBatch = 5000
)

// Inbox is what the relay needs of the events that came in, and of the deliveries it looks after.
type Inbox interface {
	Lease(ctx context.Context, most int, leaseFor time.Duration) ([]referral.LeasedEvent, error)
	FinishEvents(ctx context.Context, events []referral.LeasedEvent) error
	ReleaseEvent(ctx context.Context, event referral.LeasedEvent, pause time.Duration, counted bool) error
	ParkEvent(ctx context.Context, event referral.LeasedEvent, reason string) error
	ParkForProgram(ctx context.Context, event referral.LeasedEvent) (parked bool, err error)
	ApplyMembership(ctx context.Context, event referral.LeasedEvent) error
	ReopenWindow(ctx context.Context, event referral.LeasedEvent) error
	Program(ctx context.Context, bot string, version int32) (*program.Program, error)
	Listen(ctx context.Context, ring func(), log *slog.Logger)
	Overdue(ctx context.Context, unownedFor time.Duration, most int) ([]channel.DeliveryID, error)
	LookedAfter(ctx context.Context, delivery channel.DeliveryID) error
	OverdueHolds(ctx context.Context, overFor time.Duration, most int) ([]referral.HeldReferral, error)
	HasContact(ctx context.Context, bot, userID string) (bool, error)
	Prune(ctx context.Context, days, most int) (int, error)
	PruneRequests(ctx context.Context, most int) (int, error)
}

// A relay carries events from the inbox to where they are worked on: a workflow, or a statement where that is enough.
// An event is done only after its start was acknowledged, so it may be started twice: its workflow's id makes that harmless.
type relay struct {
	inbox    Inbox
	temporal client.Client
	eager    func() bool                 // whether workflows may be started on this very process
	usable   func(context.Context) error // whether the namespace takes our search attributes
	log      *slog.Logger

	bell     chan struct{}             // something may have come in
	slots    chan struct{}             // one token for each event under way
	finished chan referral.LeasedEvent // done, to be marked together
}

func newRelay(
	inbox Inbox, temporalClient client.Client, eager func() bool, usable func(context.Context) error, log *slog.Logger,
) *relay {
	return &relay{
		inbox: inbox, temporal: temporalClient, eager: eager, usable: usable, log: log,
		bell: make(chan struct{}, 1), slots: make(chan struct{}, startsAtOnce), finished: make(chan referral.LeasedEvent, startsAtOnce),
	}
}

// run relays until ctx ends, and then until everything under way is marked.
func (r *relay) run(ctx context.Context) {
	var helpers, marking sync.WaitGroup
	marking.Go(r.markFinished)
	helpers.Go(func() { r.inbox.Listen(ctx, r.ring, r.log) })
	helpers.Go(func() { every(ctx, sweepEvery, r.sweep) })
	helpers.Go(func() { every(ctx, sweepEvery, r.sweepHolds) })
	helpers.Go(func() { every(ctx, pruneEvery, r.prune) })
	r.relayEvents(ctx)
	helpers.Wait()
	close(r.finished)
	marking.Wait()
}

func (r *relay) ring() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// relayEvents leases as many events as there are free slots, hands each to a goroutine, and rests when there are none.
func (r *relay) relayEvents(ctx context.Context) {
	var underWay sync.WaitGroup
	defer underWay.Wait()
	for ctx.Err() == nil {
		free := r.takeSlots(ctx)
		events, err := r.lease(ctx, free)
		if err != nil && ctx.Err() == nil {
			r.log.Error("lease events: trying again", "error", err)
		}
		r.giveSlots(free - len(events))
		for _, event := range events {
			underWay.Go(func() {
				defer r.giveSlots(1)
				r.handle(context.WithoutCancel(ctx), event)
			})
		}
		if len(events) == 0 {
			r.rest(ctx)
		}
	}
}

func (r *relay) lease(ctx context.Context, most int) ([]referral.LeasedEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return r.inbox.Lease(ctx, most, eventLease)
}

// takeSlots waits for one free slot and takes all that are free.
func (r *relay) takeSlots(ctx context.Context) int {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for taken := 1; ; taken++ {
		select {
		case r.slots <- struct{}{}:
		default:
			return taken
		}
	}
}

func (r *relay) giveSlots(count int) {
	for range count {
		<-r.slots
	}
}

func (r *relay) rest(ctx context.Context) {
	select {
	case <-r.bell:
	case <-time.After(pollEvery):
	case <-ctx.Done():
	}
}

// handle works on one event and says what becomes of its row: done, back to the inbox, or parked.
func (r *relay) handle(ctx context.Context, event referral.LeasedEvent) {
	bounded, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err := r.route(bounded, event)
	if err == nil {
		r.finished <- event
		return
	}
	marking, cancelMarking := context.WithTimeout(ctx, startTimeout)
	defer cancelMarking()
	r.settleRow(r.putBack(marking, event, err), event)
}

// putBack returns an event that could not be worked on to the inbox, or parks it.
func (r *relay) putBack(ctx context.Context, event referral.LeasedEvent, cause error) error {
	switch {
	case errors.Is(cause, referral.ErrNoProgram):
		parked, err := r.inbox.ParkForProgram(ctx, event)
		if err == nil && !parked { // one was saved meanwhile
			err = r.inbox.ReleaseEvent(ctx, event, 0, false)
		}
		return err
	case !r.isEventsFault(ctx, cause):
		r.log.Warn("relay an event: it stays in the inbox", "event", event.ID, "bot", event.Bot, "error", cause)
		return r.inbox.ReleaseEvent(ctx, event, outagePause, false)
	case event.Attempts+1 >= attemptsBeforeParking:
		r.log.Error("parked an event that can't be relayed", "event", event.ID, "bot", event.Bot, "error", cause)
		return r.inbox.ParkEvent(ctx, event, cause.Error())
	default:
		return r.inbox.ReleaseEvent(ctx, event, attemptPause, true)
	}
}

func (r *relay) settleRow(err error, event referral.LeasedEvent) {
	if err != nil {
		r.log.Warn("the event goes on when its lease has run out", "event", event.ID, "bot", event.Bot, "error", err)
	}
}

// errUnreadable says that a row of our own can't be understood.
var errUnreadable = errors.New("the row can't be read")

// isEventsFault tells an event that Temporal refuses from Temporal not being there, or refusing everything because the namespace
// lost our search attributes: only the event's own fault counts against it.
func (r *relay) isEventsFault(ctx context.Context, err error) bool {
	var refused *serviceerror.InvalidArgument
	return errors.Is(err, errUnreadable) || errors.As(err, &refused) && r.usable(ctx) == nil
}

// route decides by kind what an event starts.
func (r *relay) route(ctx context.Context, event referral.LeasedEvent) error {
	kind := channel.Kind(event.Kind)
	switch {
	case event.Kind == wakeKind:
		return r.wake(ctx, event)
	case kind == channel.Blocked, kind == channel.Unblocked:
		return r.inbox.ApplyMembership(ctx, event)
	case kind.Interaction():
		if err := r.inbox.ReopenWindow(ctx, event); err != nil {
			return err
		}
		return r.interaction(ctx, event)
	default:
		return nil
	}
}

// wakeKind is an inbox row of our own: a delivery may go on.
const wakeKind = "wake"

func (r *relay) interaction(ctx context.Context, event referral.LeasedEvent) error {
	rules, err := r.inbox.Program(ctx, event.Bot, event.ProgramVersion)
	if event.ProgramVersion == 0 { // also when one was saved since the lease: it is leased again with its version
		rules, err = nil, referral.ErrNoProgram
	}
	if errors.Is(err, referral.ErrNoProgram) && channel.Kind(event.Kind) != channel.Opening && event.Ref == "" {
		return nil // what people say to a bot without a program starts nothing
	}
	if err != nil {
		return err
	}
	ref, understood := referral.ParseRef(event.Ref, func(name string) bool {
		_, known := rules.EntryPoint(name)
		return known
	}, rules.LinkSuffix)
	if understood && ref.Referrer != "" {
		return r.startReferral(ctx, event, ref)
	}
	if cursors, entryPoint := flowFor(rules, event, ref); len(cursors) > 0 {
		return r.startFlow(ctx, event, cursors, entryPoint)
	}
	if started, err := r.typedCode(ctx, rules, event); started || err != nil {
		return err
	}
	if created := createdBy(rules, event, ""); len(created) > 0 {
		return r.startFlow(ctx, event, created, "")
	}
	return nil
}

// flowFor gives what an event without a referral starts: a keyword's flow, or the welcome of the door it came in by, each after the
// triggers that the event fires. There is none for words that mean nothing to the program.
func flowFor(rules *program.Program, event referral.LeasedEvent, ref referral.Ref) (cursors []program.Cursor, entryPoint string) {
	if channel.Kind(event.Kind) != channel.Opening && ref.EntryPoint == "" {
		if cursor, ok := rules.Keyword(event.Text); ok {
			cursors = append(createdBy(rules, event, ""), cursor)
		}
		return cursors, ""
	}
	door, ok := rules.Door(ref.EntryPoint)
	if !ok {
		return nil, ""
	}
	welcome, _ := rules.Welcome(door.Name, program.Contact)
	cursors = append(createdBy(rules, event, door.Name), rules.Fired(program.EntryPointOpened, door.Name, program.Contact)...)
	return append(cursors, welcome), door.Name
}

// createdBy gives what an event fires for being somebody's first interaction.
func createdBy(rules *program.Program, event referral.LeasedEvent, entryPoint string) []program.Cursor {
	if !event.IsNew {
		return nil
	}
	return rules.Fired(program.ContactCreated, entryPoint, program.Contact)
}

func (r *relay) startReferral(ctx context.Context, event referral.LeasedEvent, ref referral.Ref) error {
	in := contract.ReferralInput{
		Bot: event.Bot, Event: event.ID, Account: event.Account,
		EntryPoint: ref.EntryPoint, Referrer: ref.Referrer, Invitee: event.UserID,
	}
	return r.start(ctx, contract.ReferralWorkflow, in, client.StartWorkflowOptions{
		ID:                    in.ID(),
		TypedSearchAttributes: in.SearchAttributes(),
		StaticSummary:         fmt.Sprintf("%s: %s came through %s's link", in.EntryPoint, in.Invitee, in.Referrer),
	}, event.Bot)
}

// startFlow starts a Flow that runs each of the cursors, one after the other.
func (r *relay) startFlow(ctx context.Context, event referral.LeasedEvent, cursors []program.Cursor, entryPoint string) error {
	last := len(cursors) - 1
	in := contract.FlowInput{
		Bot: event.Bot, Event: event.ID, Account: event.Account, Contact: event.UserID,
		Version: event.ProgramVersion, EntryPoint: entryPoint, From: cursors[last], Before: cursors[:last],
	}
	return r.start(ctx, contract.FlowWorkflow, in, client.StartWorkflowOptions{
		ID:                    in.ID(),
		TypedSearchAttributes: temporal.NewSearchAttributes(contract.BotID.ValueSet(in.Bot)),
		StaticSummary:         fmt.Sprintf("%s for %s", in.From.At, in.Contact),
	}, event.Bot)
}

// start starts a workflow once: one started before is as good as one started now.
func (r *relay) start(ctx context.Context, named string, in any, options client.StartWorkflowOptions, bot string) error {
	options.TaskQueue = contract.ReferralQueue
	options.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	options.EnableEagerStart = r.eager()
	options.Priority = contract.Fairness(bot)
	_, err := r.temporal.ExecuteWorkflow(ctx, options, named, in)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", options.ID, err)
	}
	return nil
}

// wake tells the workflow of a hold or a delivery to read its row again, starting one when there is none.
func (r *relay) wake(ctx context.Context, event referral.LeasedEvent) error {
	if run, isHold := strings.CutPrefix(event.Target, contract.HoldPrefix); isHold {
		return r.wakeHold(ctx, referral.HeldReferral{Bot: event.Bot, Run: run, Account: event.Text})
	}
	var delivery int64
	if _, err := fmt.Sscan(event.Target, &delivery); err != nil {
		return fmt.Errorf("which delivery to wake: %w: %w", errUnreadable, err)
	}
	in := contract.DeliveryInput{Bot: event.Bot, Account: event.Text, Delivery: delivery}
	_, err := r.temporal.SignalWithStartWorkflow(ctx, in.ID(), contract.WakeSignal, nil, deliveryOptions(in), contract.DeliveryWorkflow, in)
	if err != nil {
		return fmt.Errorf("wake %s: %w", in.ID(), err)
	}
	return nil
}

// sweep gives a workflow to every delivery that nobody has seemed to own for a while: its starter died in between. Most will have
// one that is only patient; the id tells. What was looked after goes to the back of the queue.
func (r *relay) sweep(ctx context.Context) {
	overdue, err := r.inbox.Overdue(ctx, overdueAfter, sweepAtOnce)
	if err != nil {
		r.log.Warn("sweep deliveries", "error", err)
		return
	}
	for _, delivery := range overdue {
		in := contract.DeliveryInput{Bot: delivery.Bot, Account: delivery.Account, Delivery: delivery.ID}
		_, err := r.temporal.ExecuteWorkflow(ctx, deliveryOptions(in), contract.DeliveryWorkflow, in)
		if err == nil || temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			err = r.inbox.LookedAfter(ctx, delivery)
		}
		if err != nil {
			r.log.Warn("sweep deliveries: the next sweep tries again", "delivery", delivery.ID, "bot", delivery.Bot, "error", err)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func deliveryOptions(in contract.DeliveryInput) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       in.ID(),
		TaskQueue:                                contract.DeliveryQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(contract.BotID.ValueSet(in.Bot)),
		StaticSummary:                            fmt.Sprintf("message %d of %s", in.Delivery, in.Bot),
		Priority:                                 in.Fairness(),
	}
}

func (r *relay) prune(ctx context.Context) {
	r.pruneAll("prune the inbox", func() (int, error) { return r.inbox.Prune(ctx, keepDays, pruneBatch) })
	r.pruneAll("prune the requests", func() (int, error) { return r.inbox.PruneRequests(ctx, pruneBatch) })
}

// pruneAll prunes batch by batch until one isn't full.
func (r *relay) pruneAll(doing string, prune func() (int, error)) {
	for pruned := pruneBatch; pruned == pruneBatch; {
		var err error
		if pruned, err = prune(); err != nil {
			r.log.Warn(doing, "error", err)
			return
		}
	}
}

// markFinished marks finished events together, as many as there are: one statement while the last one is under way.
func (r *relay) markFinished() {
	for event := range r.finished {
		batch := []referral.LeasedEvent{event}
		for more := true; more && len(batch) < startsAtOnce*4; {
			select {
			case next, open := <-r.finished:
				if more = open; open {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
		if err := r.inbox.FinishEvents(ctx, batch); err != nil {
			r.log.Warn("mark events as done: they are started again, harmlessly", "events", len(batch), "error", err)
		}
		cancel()
	}
}

func every(ctx context.Context, pause time.Duration, do func(context.Context)) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			do(ctx)
		case <-ctx.Done():
			return
		}
	}
}
