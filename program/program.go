// Package program is what a bot author may write: the fields, entry points, keywords, triggers, flows and rewards of one
// bot, read from a YAML or JSON file. It reads that file and names every mistake at its place (Parse), and it evaluates a
// flow until it waits or ends, as a pure function from what is known about people to what should change (Program.Run).
//
// It must not know the time, chance, storage, chat platforms or how a referral is admitted: it is given people and
// cursors, and it returns operations for somebody else to carry out, in one transaction.
package program

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// A Program is one version of what an author wrote, checked. It comes from Parse only, is never changed afterwards, and
// may be used from many goroutines.
type Program struct {
	Name        string
	Locale      string // BCP 47, "es"
	LinkSuffix  string // what parts an entry point's name from a user id in the refs of new links
	Fields      map[string]Field
	EntryPoints []EntryPoint // in file order
	Keywords    []Keyword    // in file order
	Triggers    []Trigger    // in file order
	Flows       map[string][]Step
	Rewards     map[string]Reward

	keywords      map[string]string // folded keyword → flow
	prefixes      map[string]string // folded beginning of a message → flow
	longestPrefix int               // bytes
}

// FieldType says what a custom field holds.
type FieldType string

// The types of a field.
const (
	NumberField FieldType = "number" // whole numbers between -MaxNumber and MaxNumber
	TextField   FieldType = "text"
)

// MaxNumber is the largest number a field holds: beyond 2^53 JSON readers lose digits.
const MaxNumber int64 = 1 << 53

// A Field is something the bot remembers about each contact.
type Field struct {
	Type FieldType
}

// Attribution says how often one invitee may count for an entry point.
type Attribution string

// The attributions.
const (
	FirstTouch  Attribution = "first_touch"  // an invitee counts once per entry point
	PerReferrer Attribution = "per_referrer" // an invitee counts once per entry point and referrer
)

// An EntryPoint is a named door into the bot.
type EntryPoint struct {
	Name        string
	Flow        string // the welcome, run for whoever comes in
	Attribution Attribution
	AllowMutual bool // two people may refer each other
	Active      Window
	Paused      bool
	Channels    []string // the platforms referrals count on; empty for all
	Caps        Caps
	Velocity    Velocity
	// TypedCode is how long after their first interaction a new contact who came without a ref may write the code; 0 for never.
	TypedCode time.Duration
	Hold      Hold
	Approval  Approval
}

// A Keyword starts a flow when a contact writes one of its words, or a message that begins with one.
type Keyword struct {
	Match      []string // all of the message
	StartsWith []string // its beginning
	Flow       string
}

// TriggerKind names what fires a trigger.
type TriggerKind string

// The kinds of trigger.
const (
	ReferredNewContact      TriggerKind = "referred_new_contact"
	ReferredExistingContact TriggerKind = "referred_existing_contact"
	// ReferralQualified fires when a referral counts that was held until its invitee qualified, just before one of the two above.
	ReferralQualified TriggerKind = "referral_qualified"
	// ReferralVoided fires when an admitted referral is taken back, after what it had added was taken off again.
	ReferralVoided TriggerKind = "referral_voided"
	// RewardGranted fires for whoever is granted a reward, right after that, and not when they had it already.
	RewardGranted TriggerKind = "reward_granted"
	// ContactCreated fires for somebody whose first interaction this is, before whatever else it starts.
	ContactCreated TriggerKind = "contact_created"
	// EntryPointOpened fires for whoever comes in by an entry point, with or without a ref, before the welcome.
	EntryPointOpened TriggerKind = "entry_point_opened"
)

// A Trigger is a list of steps run when something happens: for the referrer when it happens to a referral through their link, else for
// whom it happens to.
type Trigger struct {
	On         TriggerKind
	EntryPoint string     // "" means any
	Reward     string     // of RewardGranted; "" means any
	If         *Condition // asked about whom it runs for, just before Do; nil when there is none
	Do         []Step
}

// CodeSource says where the codes of a reward come from.
type CodeSource string

// The code sources.
const (
	NoCodes  CodeSource = ""
	CodePool CodeSource = "pool" // codes the author uploaded, each given once
)

// A VoidPolicy says what becomes of a reward when its owner no longer has what earned it, since a referral was taken back.
type VoidPolicy string

// The void policies.
const (
	KeepOnVoid   VoidPolicy = "keep"
	RevokeOnVoid VoidPolicy = "revoke"
)

// A Reward is what can be earned.
type Reward struct {
	Title  string
	Codes  CodeSource
	OnVoid VoidPolicy
	Limit  Limit
	Valid  time.Duration // how long it may be redeemed after it was granted; 0 for ever
	Redeem bool          // it is redeemed once, at the counter
	// LowStock is how few free codes are worth a warning; 0 for none.
	LowStock int64
}

// A Limit bounds how often a reward is held, by one contact and by all of them; 0 bounds nothing. What was revoked doesn't count.
type Limit struct{ PerContact, Total int64 }

// EntryPoint finds an entry point by its exact name.
func (p *Program) EntryPoint(name string) (EntryPoint, bool) {
	for _, entryPoint := range p.EntryPoints {
		if entryPoint.Name == name {
			return entryPoint, true
		}
	}
	return EntryPoint{}, false
}

// Door is the entry point somebody comes in by: the one called name, or the first in the file when there is none of that
// name, as in an opening without a ref. It is false only for a program without entry points.
func (p *Program) Door(name string) (EntryPoint, bool) {
	if entryPoint, ok := p.EntryPoint(name); ok {
		return entryPoint, true
	}
	if len(p.EntryPoints) == 0 {
		return EntryPoint{}, false
	}
	return p.EntryPoints[0], true
}

// Revocable lists the rewards that are taken back with what earned them, sorted.
func (p *Program) Revocable() []string {
	names := []string{}
	for name, reward := range p.Rewards {
		if reward.OnVoid == RevokeOnVoid {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Limited lists the rewards whose total is bounded, sorted.
func (p *Program) Limited() []string {
	names := []string{}
	for name, reward := range p.Rewards {
		if reward.Limit.Total > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Triggered gives where to start for each trigger that fires for the referrer, in file order.
func (p *Program) Triggered(on TriggerKind, entryPoint string) []Cursor {
	return p.Fired(on, entryPoint, Referrer)
}

// Fired gives where to start for each trigger that fires for somebody, in file order. One without a condition starts at its first
// step, as it is written in cursors recorded before triggers had conditions.
func (p *Program) Fired(on TriggerKind, entryPoint string, who Role) []Cursor {
	var cursors []Cursor
	for i, trigger := range p.Triggers {
		if trigger.On != on || !trigger.isFor(entryPoint) {
			continue
		}
		at := triggerStart(i)
		if trigger.If == nil {
			at = item(triggerPath(i), 0)
		}
		cursors = append(cursors, Cursor{For: who, At: at})
	}
	return cursors
}

// isFor says whether a trigger fires through an entry point.
func (t Trigger) isFor(entryPoint string) bool {
	return t.EntryPoint == "" || t.EntryPoint == entryPoint
}

// Keyword gives the flow a contact asked for by writing text. A keyword that is all of the text comes before one that the
// text starts with, and of those the longest is meant. Case, accents and surrounding or repeated white space don't count.
func (p *Program) Keyword(text string) (Cursor, bool) {
	beginning := text[:min(len(text), longestMessageWithKeyword)]
	folded := fold(strings.ToValidUTF8(beginning, ""))
	if flow, ok := p.keywords[folded]; ok && len(beginning) == len(text) {
		return flowStart(flow, Contact), true
	}
	for end := min(len(folded), p.longestPrefix); end > 0; end-- {
		if flow, ok := p.prefixes[folded[:end]]; ok {
			return flowStart(flow, Contact), true
		}
	}
	return Cursor{}, false
}

// Webhooks lists the names of the webhook accounts that some step calls, sorted.
func (p *Program) Webhooks() []string {
	called := map[string]bool{}
	p.eachStep(func(_ string, step Step) {
		if call, ok := step.(CallWebhookStep); ok {
			called[call.Webhook] = true
		}
	})
	return slices.Sorted(maps.Keys(called))
}

// Welcome gives the flow of the door somebody came in by.
func (p *Program) Welcome(entryPoint string, who Role) (Cursor, bool) {
	door, ok := p.Door(entryPoint)
	if !ok {
		return Cursor{}, false
	}
	return flowStart(door.Flow, who), true
}
