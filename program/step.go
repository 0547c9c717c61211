package program

import "time"

// A Step is one element of a flow: an action, an if or a wait.
type Step interface{ action() string }

// IncrementStep adds By, which may be negative, to a number field.
type IncrementStep struct {
	Field string
	By    int64
}

// SetStep gives a field a value: Number to a number field, Text to a text field.
type SetStep struct {
	Field  string
	Number int64
	Text   Text
}

// AddTagStep puts a tag on a contact.
type AddTagStep struct{ Tag string }

// RemoveTagStep takes a tag off a contact.
type RemoveTagStep struct{ Tag string }

// SendStep sends a message.
type SendStep struct {
	Text         Text
	Picture      Text     // https address; empty for none
	QuickReplies []string // pressing one is the same as writing it
}

// CallWebhookStep tells somebody else's server, through one of the bot's webhook accounts.
type CallWebhookStep struct {
	Webhook string          // the account's name
	With    map[string]Text // what is told besides who it is about
}

// RunFlowStep runs another flow at once, for the same person, and then goes on with the next step.
type RunFlowStep struct{ Flow string }

// GrantRewardStep gives a reward; the store makes it once per person.
type GrantRewardStep struct{ Reward string }

// WaitStep lets time pass before the next step of the list it stands in and of those around it.
type WaitStep struct{ For time.Duration }

// IfStep chooses between two lists of steps.
type IfStep struct {
	Condition Condition
	Then      []Step
	Else      []Step
}

// The keys that name a step in the file.
const (
	increment   = "increment"
	set         = "set"
	addTag      = "add_tag"
	removeTag   = "remove_tag"
	send        = "send"
	runFlow     = "run_flow"
	grantReward = "grant_reward"
	callWebhook = "call_webhook"
	wait        = "wait"
	ifElse      = "if"
)

var actions = []string{increment, set, addTag, removeTag, send, runFlow, grantReward, callWebhook, wait, ifElse}

func (IncrementStep) action() string   { return increment }
func (SetStep) action() string         { return set }
func (AddTagStep) action() string      { return addTag }
func (RemoveTagStep) action() string   { return removeTag }
func (SendStep) action() string        { return send }
func (RunFlowStep) action() string     { return runFlow }
func (GrantRewardStep) action() string { return grantReward }
func (CallWebhookStep) action() string { return callWebhook }
func (WaitStep) action() string        { return wait }
func (IfStep) action() string          { return ifElse }
