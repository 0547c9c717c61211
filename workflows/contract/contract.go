// Package contract holds every name the outside sees of our workflows: wire names, ids and their builders, task queues,
// search attributes, signals and the payloads. What is here is in histories that must replay: it may grow, not change.
package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/millenniumm/referrals/program"
)

// The task queues. Deliveries have their own, so that their rates and their priorities hold however many referrals come.
const (
	ReferralQueue = "referrals"
	DeliveryQueue = "deliveries"
)

// The workflow types.
const (
	ReferralWorkflow = "Referral"
	FlowWorkflow     = "Flow"
	ResumeWorkflow   = "Resume"
	DeliveryWorkflow = "Delivery"
	HoldWorkflow     = "Hold"
)

// Fairness spreads the work of a queue over the holders of a key: bots, and on the delivery queue their accounts.
func Fairness(key string) temporal.Priority {
	const most = 64 // bytes that Temporal takes
	return temporal.Priority{FairnessKey: key[:min(len(key), most)]}
}

// WakeSignal tells a Delivery or a Hold to read its row again. It carries nothing: the facts are in Postgres.
const WakeSignal = "wake"

// The segments a run starts with; those after a wait add their number to the one that waited.
const (
	SettleSegment = "settle"
	FlowSegment   = "flow"
)

// The search attributes, all keywords.
var (
	BotID      = temporal.NewSearchAttributeKeyKeyword("BotID")
	EntryPoint = temporal.NewSearchAttributeKeyKeyword("EntryPoint")
	Referrer   = temporal.NewSearchAttributeKeyKeyword("Referrer")
	Invitee    = temporal.NewSearchAttributeKeyKeyword("Invitee")
	Outcome    = temporal.NewSearchAttributeKeyKeyword("Outcome")
)

// SearchAttributes lists the names to register in a namespace.
func SearchAttributes() []string {
	return []string{BotID.GetName(), EntryPoint.GetName(), Referrer.GetName(), Invitee.GetName(), Outcome.GetName()}
}

// ReferralInput starts a Referral: ids only, people are in Postgres.
type ReferralInput struct {
	Bot        string `json:"bot"`
	Event      int64  `json:"event"`
	Account    string `json:"account"` // where the invitee came in
	EntryPoint string `json:"entry_point"`
	Referrer   string `json:"referrer"` // public id from the ref: perhaps nobody's
	Invitee    string `json:"invitee"`
}

// ID is the id of the referral's workflow, the same for every delivery of the same event.
func (in ReferralInput) ID() string {
	return fmt.Sprintf("referral/%s/%s/%s/%s/%d", in.Bot, in.EntryPoint, in.Referrer, in.Invitee, in.Event)
}

// FlowInput starts a Flow: a keyword, or an opening without a referral.
type FlowInput struct {
	Bot        string         `json:"bot"`
	Event      int64          `json:"event"`
	Account    string         `json:"account"`
	Contact    string         `json:"contact"`
	Version    int32          `json:"version"` // of the program
	EntryPoint string         `json:"entry_point,omitempty"`
	From       program.Cursor `json:"from"`
	// Before are what the same event fires, before the flow.
	Before []program.Cursor `json:"before,omitempty"`
}

// ID is the id of the flow's workflow.
func (in FlowInput) ID() string { return fmt.Sprintf("flow/%s/%d", in.Bot, in.Event) }

// ResumeInput starts a Resume: a flow going on after a wait.
type ResumeInput struct {
	Bot        string         `json:"bot"`
	Run        string         `json:"run"`     // id of the workflow the flow started in
	Segment    string         `json:"segment"` // unique within the run
	Account    string         `json:"account"`
	Contact    string         `json:"contact"`
	Wanted     string         `json:"wanted"`            // whose rows it writes most: its turn is theirs
	Version    int32          `json:"version,omitempty"` // 0: the one that admitted the referral
	EntryPoint string         `json:"entry_point,omitempty"`
	From       program.Cursor `json:"from"`
	After      time.Duration  `json:"after"`
}

// ID is the id of the resumed flow's workflow.
func (in ResumeInput) ID() string { return "resume/" + in.Run + "/" + in.Segment }

// DeliveryInput starts a Delivery, which goes on with the later messages of its segment to the same identity.
type DeliveryInput struct {
	Bot      string `json:"bot"`
	Account  string `json:"account,omitempty"` // where it goes
	Delivery int64  `json:"delivery"`
}

// Fairness is the key under which a delivery's work is spread: its bot and account.
func (in DeliveryInput) Fairness() temporal.Priority { return Fairness(in.Bot + "/" + in.Account) }

// ID is the id of the delivery's workflow.
func (in DeliveryInput) ID() string { return fmt.Sprintf("delivery/%s/%d", in.Bot, in.Delivery) }

// NextSegment names the segment that goes on after a wait: by its place under the one that waited, as long as that stays short, for flows
// may go round for ever and an id may not grow with them.
func NextSegment(segment string, index int) string {
	const short = 64
	name := fmt.Sprintf("%s.%d", segment, index)
	if len(name) <= short {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "after." + hex.EncodeToString(sum[:16])
}

// Result is what every workflow returns. Rejected is a result, not a failure.
type Result struct {
	Status     string   `json:"status"`
	Reason     string   `json:"reason,omitempty"`
	Points     int64    `json:"points"`
	Grants     []string `json:"grants,omitempty"`
	Deliveries int      `json:"deliveries"`
	Summary    string   `json:"summary,omitempty"` // in words: "puntos +2 → 10, granted cafe, 2 to send"
}
