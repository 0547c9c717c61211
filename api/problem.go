package api

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/referral"
)

// A problem is an error as its reader sees it (RFC 9457): the type is stable, the detail says what to do.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Problems []item `json:"problems,omitempty"`
}

// An item is one of several things to mend.
type item struct {
	Severity string `json:"severity,omitempty"`
	Code     string `json:"code,omitempty"`
	Path     string `json:"path"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Detail   string `json:"detail"`
}

func (p problem) Error() string { return p.Title + ": " + p.Detail }

// newProblem makes a problem of a kind that stands in kinds, with what there is to say of each of them.
func newProblem(name string) problem {
	known, ok := kinds[name]
	if !ok {
		panic("a problem of no kind: " + name)
	}
	return problem{Type: "/problems/" + name, Title: known.en.Title, Status: known.status, Detail: known.en.Todo}
}

// saying gives the problem with what to do about this very one.
func (p problem) saying(detail string, items ...item) problem {
	p.Detail, p.Problems = detail, items
	return p
}

// inSpanish is the problem for somebody who reads Spanish; what was said about this very one stays as it is.
func (p problem) inSpanish() problem {
	known := kinds[strings.TrimPrefix(p.Type, "/problems/")]
	if p.Detail == known.en.Todo {
		p.Detail = known.es.Todo
	}
	p.Title = known.es.Title
	return p
}

var (
	notHere           = newProblem("unknown_address")
	wrongMethod       = newProblem("wrong_method")
	unauthorized      = newProblem("unauthorized")
	internal          = newProblem("internal")
	unavailable       = newProblem("unavailable")
	tooLarge          = newProblem("too_large")
	unknownBot        = newProblem("unknown_bot")
	unknownAccount    = newProblem("unknown_account")
	unknownContact    = newProblem("unknown_contact")
	unknownReferral   = newProblem("unknown_referral")
	unknownReward     = newProblem("unknown_reward")
	unknownGrant      = newProblem("unknown_grant")
	unknownEntryPoint = newProblem("unknown_entry_point")
	unknownParked     = newProblem("unknown_parked")
	unknownVersion    = newProblem("unknown_version")
	unknownKey        = newProblem("unknown_key")
	badSignature      = newProblem("bad_signature")
	strangeCursor     = badRequest("This is not a cursor we gave: pass `next` of the page before, as it is.")
)

func badRequest(detail string, items ...item) problem {
	return newProblem("bad_request").saying(detail, items...)
}

func forbidden(detail string) problem { return newProblem("forbidden").saying(detail) }

func staleProgram(inForce int32) problem {
	return newProblem("stale_program").saying(fmt.Sprintf("Nothing was saved: version %d is in force. Look at what changed with "+
		"GET /v1/bots/{bot}/program/diff, make your change to that version, and send it with `If-Match: \"%d\"`.", inForce, inForce))
}

// problem answers with a problem document and ends the request.
func (s *server) problem(c *gin.Context, p problem) {
	if chosenLanguage(c) == "es" {
		p = p.inSpanish()
	}
	c.Header("Content-Type", "application/problem+json")
	c.AbortWithStatusJSON(p.Status, p)
}

// fail maps an error to a problem, once for the whole API. absent is what a missing thing means where it happened.
func (s *server) fail(c *gin.Context, err error, absent problem) {
	var ready problem
	var stale *referral.StaleError
	switch {
	case errors.As(err, &ready):
		s.problem(c, ready)
	case errors.Is(err, referral.ErrNotFound):
		s.problem(c, absent)
	case errors.Is(err, referral.ErrNoProgram):
		s.problem(c, newProblem("no_program"))
	case errors.As(err, &stale):
		s.problem(c, staleProgram(stale.InForce))
	case errors.Is(err, referral.ErrOtherRequest):
		s.problem(c, newProblem("other_request"))
	case errors.Is(err, referral.ErrUnderWay):
		s.problem(c, newProblem("request_under_way"))
	default:
		s.Log.Error("a request failed", "method", c.Request.Method, "path", c.FullPath(), "error", err)
		s.problem(c, unavailable)
	}
}
