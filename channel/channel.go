// Package channel says what every chat platform has in common: events that come in, messages that go out, links that
// carry a ref, and the classes a failed send falls into. Each platform is one folder below; channeltest is the suite all
// of them pass. An adapter makes one attempt and classifies its result: retrying is not its business, and it knows
// nothing of programs, points or storage.
package channel

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Kind is what an event means to the engine.
type Kind string

// The kinds of event. Only openings, messages and postbacks are interactions: they make a contact known ("new" is fixed at
// the first one) and reopen the messaging window.
const (
	Opening   Kind = "opening"   // the bot was opened through a link or its start button, with or without a ref
	Text      Kind = "message"   // the contact wrote something
	Postback  Kind = "postback"  // the contact pressed a button; its payload is in Text
	Blocked   Kind = "blocked"   // the contact blocked or left the bot
	Unblocked Kind = "unblocked" // the contact came back, without having written yet
)

// Interaction says whether an event of this kind is the contact doing something in the bot.
func (k Kind) Interaction() bool { return k == Opening || k == Text || k == Postback }

// A Sender is the person an event came from, as the platform names them. Only ExternalID is always there.
type Sender struct {
	ExternalID string `json:"external_id"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	Username   string `json:"username,omitempty"`
	Locale     string `json:"locale,omitempty"` // BCP 47, as the platform gives it
}

// An Event is one thing that came in from a channel, normalised.
type Event struct {
	ID         string    `json:"id"` // unique within the account; what a redelivery is recognised by
	Kind       Kind      `json:"kind"`
	From       Sender    `json:"from"`
	Ref        string    `json:"ref,omitempty"` // as it came: untrusted
	Text       string    `json:"text,omitempty"`
	OccurredAt time.Time `json:"occurred_at"` // the platform's clock, UTC; zero where it doesn't say, which means "when received"
	// Line has the text written into the conversation's transcript, together with the event, because the platform keeps none.
	Line bool `json:"-"`
}

// Clean replaces what Postgres can't store (NUL, invalid UTF-8) in every text of the event, so that no contact's odd
// message is refused.
func (e Event) Clean() Event {
	for _, text := range []*string{
		&e.ID, &e.From.ExternalID, &e.From.FirstName, &e.From.LastName, &e.From.Username, &e.From.Locale, &e.Ref, &e.Text,
	} {
		*text = CleanText(*text)
	}
	return e
}

// Arrived is what became of an event that came in.
type Arrived struct {
	UserID string // public id of the contact it came from
	Stored bool   // false: a redelivery of one we have
}

// ErrBadEvent says that an event's own data can't be stored. Its neighbours are stored all the same.
var ErrBadEvent = errors.New("the event's data can't be stored")

// CleanText replaces NUL and invalid UTF-8 by the replacement character.
func CleanText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// An Account is one connected page, number or bot on a channel, with its credentials in the clear. Never log one.
type Account struct {
	Bot         string
	Name        string
	Channel     string
	ExternalID  string            // the platform's own name for it: Telegram's bot user name, a page id, …
	Credentials map[string]string // keys per channel, DESIGN section 5
	Settings    map[string]string // what else a link needs
	APIBaseURL  string            // overrides the platform's address; empty means the platform's own
	UpdatedAt   time.Time         // when it was saved
}

// A Message is what leaves for one contact.
type Message struct {
	Text    string `json:"text"`
	Picture string `json:"picture,omitempty"` // https address of a picture shown with the text; "" for none
	// QuickReplies are buttons under the message, at most 13 of 20 characters each. Pressing one is the same as writing it.
	QuickReplies []string `json:"quick_replies,omitempty"`
	// Key identifies the delivery across attempts (at most 64 characters of [A-Za-z0-9_-]). Platforms with real idempotency get it as such, the
	// others as a correlation when they have a place for one.
	Key string `json:"key"`
}

// A Receipt is a platform's word that it took a message.
type Receipt struct {
	PlatformID string // the platform's id of the message; empty where it gives none
}

// An Adapter speaks one platform. Implementations hold no state but their HTTP client and are safe for concurrent use.
type Adapter interface {
	// Check says whether an account has what this platform needs: every problem at once, nil when it is fit for use.
	Check(account Account) []Problem
	// Verify authenticates a webhook from its headers and raw body. ErrSignature means it isn't the platform's.
	Verify(account Account, header http.Header, body []byte) error
	// Parse normalises a verified body. Unknown event types give no events and no error; an error means the body can't be read at all.
	Parse(account Account, body []byte) ([]Event, error)
	// Link gives the address that opens the bot with this ref.
	Link(account Account, ref string) (string, error)
	// Send makes one attempt to hand a message to the platform for the recipient (an identity's external id).
	// A failure is always a *SendError.
	Send(ctx context.Context, account Account, recipient string, message Message) (Receipt, error)
}

// A Completer is an adapter that makes what an account lacks and nobody needs to choose, a signing secret say, before it is checked.
type Completer interface {
	Complete(account Account) Account
}

// A Problem is one thing to fix in an account before it can be used.
type Problem struct {
	Field  string // "credentials.token"
	Detail string // what is wrong and what to do
}

// CheckBaseURL gives what is wrong with the account's api_base_url: nothing when it is empty or an absolute http(s)
// address. A user name or password in it is refused because addresses end up in logs.
func (a Account) CheckBaseURL() []Problem {
	if a.APIBaseURL == "" {
		return nil
	}
	address, err := url.Parse(a.APIBaseURL)
	switch {
	case err != nil, address.Scheme != "http" && address.Scheme != "https", address.Hostname() == "":
		return []Problem{{Field: "api_base_url", Detail: "isn't a web address: give a whole one that starts with https:// or http://"}}
	case address.User != nil:
		return []Problem{{Field: "api_base_url", Detail: "holds a user name or a password: take them out of the address"}}
	}
	return nil
}

// refPattern is what survives in the links of every channel; Telegram sets the limit.
var refPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CheckRef says why a link can't carry a ref; nil when every channel's can.
func CheckRef(ref string) error {
	if !refPattern.MatchString(ref) {
		return errors.New("a ref is 1 to 64 letters, digits, underscores or hyphens")
	}
	return nil
}
