package channel

import (
	"fmt"
	"time"
)

// A Chat is the conversation with one visitor, on a channel whose conversations we keep ourselves.
type Chat struct {
	Bot     string
	Account string
	Visitor string // the identity's external id
}

// Author says who wrote a line.
type Author string

// The authors of a line.
const (
	ByVisitor Author = "visitor"
	ByBot     Author = "bot"
)

// A Line is one thing said in a chat.
type Line struct {
	Number       int64  // counts up within its chat, in the order in which lines can be read; 0 until it is kept
	Key          string // of the event or the delivery: a line said again is kept once
	Author       Author
	Text         string
	Picture      string
	QuickReplies []string
	At           time.Time // when it was kept
}

// A Refusal is an error of Parse for what somebody's own browser sent: no platform punishes the answer, and the person can mend it. It is
// answered with 4xx, nothing is kept, and its words are for them.
type Refusal struct {
	Kind    string // stable, as in "text_too_long": one of the api's kinds of problems
	Spanish string // what is wrong and what to do
	English string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Kind, r.English) }
