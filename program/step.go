package program

import "time"

// A Step is one element of a flow: an action, an if or a wait.
type Step interface {
	action() string
	whom() Role // whom it is for, where the author says so; "" for whom the flow runs for
}

// IncrementStep adds By, which may be negative, to a number field.
type IncrementStep struct {
	Field string
	By    int64
	For   Role
}

// SetStep gives a field a value: Number to a number field, Text to a text field.
type SetStep struct {
	Field  string
	Number int64
	Text   Text
	For    Role
}

// AddTagStep puts a tag on a contact.
type AddTagStep struct {
	Tag string
	For Role
}

// RemoveTagStep takes a tag off a contact.
type RemoveTagStep struct {
	Tag string
	For Role
}

// SendStep sends a message.
type SendStep struct {
	Text         Text
	Picture      Text     // https address; empty for none
	QuickReplies []string // pressing one is the same as writing it
	For          Role
}

// CallWebhookStep tells somebody else's server, through one of the bot's webhook accounts.
type CallWebhookStep struct {
	Webhook string          // the account's name
	With    map[string]Text // what is told besides who it is about
	For     Role
}

// RunFlowStep runs another flow at once, all of it for the same person, and then goes on with the next step.
type RunFlowStep struct {
	Flow string
	For  Role
}

// GrantRewardStep gives a reward, once per person.
type GrantRewardStep struct {
	Reward string
	For    Role
}

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

func (s IncrementStep) whom() Role   { return s.For }
func (s SetStep) whom() Role         { return s.For }
func (s AddTagStep) whom() Role      { return s.For }
func (s RemoveTagStep) whom() Role   { return s.For }
func (s SendStep) whom() Role        { return s.For }
func (s RunFlowStep) whom() Role     { return s.For }
func (s GrantRewardStep) whom() Role { return s.For }
func (s CallWebhookStep) whom() Role { return s.For }
func (WaitStep) whom() Role          { return "" }
func (IfStep) whom() Role            { return "" }
