package program

import (
	"maps"
	"strings"
	"time"
)

// Role says which person of a referral is meant.
type Role string

// The roles.
const (
	Contact  Role = "contact" // somebody a flow runs for without a referral
	Referrer Role = "referrer"
	Invitee  Role = "invitee"
)

// other is the other person of a referral; "" where there is none.
func (who Role) other() Role {
	switch who {
	case Referrer:
		return Invitee
	case Invitee:
		return Referrer
	default:
		return ""
	}
}

// A Person is what is known about a contact when a flow runs. A number or text never set is absent from its map.
type Person struct {
	UserID    string
	FirstName string
	LastName  string
	Username  string
	Locale    string
	Numbers   map[string]int64
	Texts     map[string]string
	Tags      map[string]bool
	Grants    map[string][]int64 // reward → the occurrences of it that they hold
	Links     map[string]string  // entry point → this person's referral link, on their own channel
}

func (p *Person) fullName() string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }

// copied is a person whose fields, tags and grants may be changed; the links are shared, since no step changes them. Of the grants each
// list is replaced, never changed.
func (p *Person) copied() *Person {
	person := *p
	person.Numbers = copiedMap(p.Numbers)
	person.Texts = copiedMap(p.Texts)
	person.Tags = copiedMap(p.Tags)
	person.Grants = copiedMap(p.Grants)
	return &person
}

func copiedMap[V any](values map[string]V) map[string]V {
	copied := make(map[string]V, len(values))
	maps.Copy(copied, values)
	return copied
}

// State is what a run starts from.
type State struct {
	People     map[Role]*Person
	EntryPoint string // of the referral or opening; "" when there is none
	// Granted counts who holds each reward whose total is bounded. Without it, no total is reached.
	Granted map[string]int64
}

// An Outcome is what a run decided. Its operations are in the order of the steps.
type Outcome struct {
	Ops       []Op
	Waits     []Wait
	Checks    []Check
	Truncated bool // the budget of steps ran out; what follows was not evaluated
}

// OpKind names what an operation does.
type OpKind string

// The kinds of operation, and which members of Op each one fills.
const (
	OpIncrement OpKind = "increment"  // Field, Delta
	OpSetNumber OpKind = "set_number" // Field, Number
	OpSetText   OpKind = "set_text"   // Field, Text
	OpAddTag    OpKind = "add_tag"    // Tag
	OpRemoveTag OpKind = "remove_tag" // Tag
	OpGrant     OpKind = "grant"      // Reward, Occurrence, Basis
	OpSend      OpKind = "send"       // Text, Picture, QuickReplies, Reward
	OpCall      OpKind = "call"       // Webhook, With
)

// An Op is one thing to carry out for one person.
type Op struct {
	Kind   OpKind
	Who    Role
	Field  string
	Delta  int64
	Number int64
	Text   string // rendered, perhaps with CodeHole in it
	Tag    string
	// Picture and QuickReplies go with the text of a message.
	Picture      string
	QuickReplies []string
	Webhook      string            // call: the account it goes to
	With         map[string]string // call: rendered
	Reward       string            // grant: which; send: whose code fills CodeHole, "" when the text has none
	Occurrence   int64             // grant: 1, or the multiple that was crossed
	Basis        *Basis            // grant: the total it rests on; nil when it rests on none
}

// A Basis is the total that earned a grant: the field had to come to Threshold.
type Basis struct {
	Field     string
	Threshold int64
}

// A Wait is a place to go on from, in a run of its own, after some time.
type Wait struct {
	Cursor Cursor
	For    time.Duration
}

// A Check is a condition as it was evaluated. Before is the value at the start of the run or, under reaches, when the
// same condition was last evaluated in it; After is the value now. A value never set is "", or "0" where it counted as
// nought. For a tag, Field is "tag:<name>" and the values are "true" and "false".
type Check struct {
	Path     string // "flows.revisar[0].if"
	Who      Role   `json:",omitempty"`
	Field    string
	Operator string
	With     string `json:",omitempty"` // what the value is compared with; "true" or "false" for is_set and tags
	Before   string
	After    string
	Held     bool
	Ops      int `json:",omitempty"` // how many operations the run had decided before it
}
