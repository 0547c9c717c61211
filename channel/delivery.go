package channel

import "time"

// DeliveryState is where one message stands.
type DeliveryState string

// The states of a delivery. Accepted, delivered, failed and expired are final, except that a platform may still report an
// accepted one as delivered or failed.
const (
	Queued    DeliveryState = "queued"    // to be sent
	Sending   DeliveryState = "sending"   // an attempt is under way, or its outcome was never learnt
	Waiting   DeliveryState = "waiting"   // for a code in the pool, or for the contact to write
	Accepted  DeliveryState = "accepted"  // the platform took it
	Delivered DeliveryState = "delivered" // the platform says it arrived
	Failed    DeliveryState = "failed"    // it can't be sent
	Expired   DeliveryState = "expired"   // it could not be sent in time
)

// Final says that nothing is left to do for a delivery in this state.
func (s DeliveryState) Final() bool {
	return s == Accepted || s == Delivered || s == Failed || s == Expired
}

// A DeliveryID names a delivery across bots.
type DeliveryID struct {
	Bot     string `json:"bot"`
	ID      int64  `json:"id"`
	Account string `json:"account,omitempty"` // where it goes, for whoever spreads work over accounts
}

// An Attempt is a delivery taken for one try at sending.
type Attempt struct {
	Bot      string
	Delivery int64
	Lease    int64 // fencing token: only its holder writes the outcome
	Account  string
	To       string // the identity's external id; of a call the public id of whom it tells about
	Message  Message
	Call     bool // a call of a webhook: the message's text is a JSON object, and no person may get it
	Number   int  // 1 for the first
	Unsure   bool // the attempt before this one ended unknown: the message may have been sent
}

// A Standing is where a delivery is, for whoever could not take it.
type Standing struct {
	State    DeliveryState
	Error    string
	LeaseFor time.Duration // how long another attempt still holds it
	Behind   int64         // an earlier message to the same identity that must leave first; 0 for none
	Next     int64         // the message to the same identity that may leave after this one; 0 for none
}

// An Outcome is what came of an attempt: a receipt, or a classified failure.
type Outcome struct {
	Receipt Receipt
	Failure *SendError // nil when the platform took the message
}
