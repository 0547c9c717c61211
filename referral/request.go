package referral

import "errors"

// A Request is one that may safely be made again: it is known by its key, for a day.
type Request struct {
	Bot         string // empty for what belongs to no bot
	Key         string // whoever makes the request chose it
	Fingerprint []byte // of everything about it: the same key with another one is another request
}

// An Answer is what a request was answered.
type Answer struct {
	Status int
	Body   []byte // JSON
}

// ErrOtherRequest is the answer to a request whose key was used for another one.
var ErrOtherRequest = errors.New("the key was used for another request")

// ErrUnderWay is the answer to a request that is being worked on already.
var ErrUnderWay = errors.New("the same request is being worked on")
