// Package channeltest is the conformance suite of the channels: what every adapter must do, whatever its platform. An
// adapter's test describes the platform in a Suite (signatures, golden webhooks, links, error table, a strict fake) and
// calls Run. The suite knows no platform; what only one of them does belongs in that adapter's own tests.
package channeltest

import (
	"net/http"
	"testing"

	"github.com/millenniumm/referrals/channel"
)

// A Suite describes one adapter.
type Suite struct {
	// New makes the adapter with the client its calls go through.
	New func(client *http.Client) channel.Adapter
	// Account has everything the adapter needs. Make its credentials long and unlike anything else: the suite looks for
	// them in every error.
	Account channel.Account
	// Required names what Check asks for, as in "credentials.token", "settings.link" or "external_id": each is taken away
	// alone, then all at once together with a useless api_base_url.
	Required []string
	// Checks are accounts with something wrong that is particular to the platform.
	Checks []Check
	// Webhook is nil when the channel's events don't come by webhook.
	Webhook *Webhook
	Link    Link
	Sending Sending
}

// A Check is an account that isn't fit for use.
type Check struct {
	Name   string
	Change func(account *channel.Account) // made to a copy of the valid account
	Fields []string                       // the fields of the problems expected, in any order; none means that it is fit
}

// A Topic is something that comes in by webhook and that an adapter must have an answer to.
type Topic string

// The topics. Each needs a golden webhook, or a reason in Webhook.Lacks.
const (
	OpeningWithRef    Topic = "opening with a ref"    // one golden webhook for every position the platform has
	OpeningWithoutRef Topic = "opening without a ref" // the start button, a stripped link
	Writing           Topic = "message"               // words, and what has none
	Pressing          Topic = "postback"              // a button
	Membership        Topic = "membership"            // blocked, left, came back
	Echo              Topic = "echo"                  // our own message coming back: never a contact's
	NotOurs           Topic = "not ours"              // groups, other bots, receipts: no events
	UnknownType       Topic = "unknown type"          // what the platform may invent: no events, no error
	LargeID           Topic = "large id"              // an id beyond 2^53, which a float would round
	Batch             Topic = "batch"                 // several events in one body
)

func topics() []Topic {
	return []Topic{
		OpeningWithRef, OpeningWithoutRef, Writing, Pressing, Membership,
		Echo, NotOurs, UnknownType, LargeID, Batch,
	}
}

// A Webhook describes what comes in.
type Webhook struct {
	// Secret is the credential that webhooks are authenticated with, as in "secret_token".
	Secret string
	// Sign gives the headers with which the platform would send a body to the account.
	Sign func(account channel.Account, body []byte) http.Header
	// Body is a body that can be authenticated, with the word "anywhere" in it; empty where any body can be.
	Body string
	// SignsBody is true where the signature covers the body, so that an altered one must be refused.
	SignsBody bool
	// Vectors are signatures that were published or recorded, against a Sign and a Verify that are wrong together.
	Vectors []Vector
	Golden  []Golden
	// Opening gives a body that opens the bot with a ref, which may be anything.
	Opening func(ref string) []byte
	// Unreadable are bodies that can't be read at all, by name.
	Unreadable map[string]string
	// Lacks says why the platform has nothing to show for a topic.
	Lacks map[Topic]string
}

// A Vector is a signature known to be right.
type Vector struct {
	Name   string
	Secret string
	Header http.Header
	Body   string
}

// A Golden is a webhook body and the events it stands for; none when the body says nothing to us.
type Golden struct {
	Name  string
	Topic Topic
	Body  string
	Want  []channel.Event
}

// A Link describes the links.
type Link struct {
	// Want is the link of the suite's account with the ref "campaign1-cabcdefghij", written out; "" where no account can have links.
	Want string
	// Ref finds the ref in a link the way the platform does.
	Ref func(link string) string
	// Broken changes a copy of the account so that no link can be made of it.
	Broken func(account *channel.Account)
}

// Sending describes what goes out. While it is tested the account's api_base_url is the address of a fake.
type Sending struct {
	// Platform makes a strict fake of the platform that knows the suite's account.
	Platform func() Platform
	// Recipient is an identity's external id.
	Recipient string
	// Refused are recipients that are Bad without a call, by name.
	Refused map[string]string
	// Kept is true where no platform is called, because the adapter keeps its messages itself: Platform then shows what it kept, and what
	// only calls can suffer isn't tested.
	Kept bool
	// Idempotent is true where the platform recognises a repeated message, so that a lost answer is Retry, not Unknown.
	Idempotent bool
	// Table is the platform's table of errors.
	Table []Row
	// Quote gives a refusal that repeats some words, where the platform's answers have room for any. A hostile or chatty
	// gateway may put the request's address there.
	Quote func(words string) Answer
}

// A Platform is a fake that takes messages as the real one does and notes what it objects to.
type Platform interface {
	http.Handler
	Accepted() []Accepted
	Faults() []string
}

// Accepted is a message the fake took.
type Accepted struct {
	Recipient    string
	Text         string
	Picture      string // its address, however the platform was given it; empty for none
	QuickReplies []string
	PlatformID   string // empty where the platform gives no id
}

// An Answer is what a platform says to a send.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Cut    bool // the connection ends in the middle of the body
}

// A Row is a line of an error table. An empty Want.Class means that the message was accepted; an empty Want.Code is not
// compared, nor is the detail.
type Row struct {
	Name   string
	Answer Answer
	Want   channel.SendError
}

// Run holds the adapter to the suite.
func Run(t *testing.T, suite Suite) {
	t.Run("check", suite.testCheck)
	t.Run("verify", suite.testVerify)
	t.Run("parse", suite.testParse)
	t.Run("link", suite.testLink)
	t.Run("send", suite.testSend)
}
