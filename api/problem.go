package api

import (
	"errors"
	"fmt"
	"net/http"

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

func newProblem(status int, kind, title, detail string) problem {
	return problem{Type: "/problems/" + kind, Title: title, Status: status, Detail: detail}
}

var (
	notHere = newProblem(http.StatusNotFound, "unknown_address", "There is nothing at this address",
		"Look the address up in /openapi.yaml.")
	wrongMethod = newProblem(http.StatusMethodNotAllowed, "wrong_method", "This address doesn't take this method",
		"Look the method up in /openapi.yaml.")
	unauthorized = newProblem(http.StatusUnauthorized, "unauthorized", "The admin token is missing or wrong",
		"Send it as `Authorization: Bearer <token>`. `make run` keeps it in .data/admin-token.")
	internal = newProblem(http.StatusInternalServerError, "internal", "Something went wrong on our side",
		"Try again. If it stays, the log of the api tells the cause.")
	unavailable = newProblem(http.StatusServiceUnavailable, "unavailable", "The books can't be reached right now",
		"Try again in a moment, with the same ids: what was stored all the same is recognised.")
	tooLarge = newProblem(http.StatusRequestEntityTooLarge, "too_large", "The body is too large",
		fmt.Sprintf("Send at most %d MiB at once.", maxRequest>>20))
	unknownBot = newProblem(http.StatusNotFound, "unknown_bot", "There is no such bot",
		"List the bots with GET /v1/bots, or create one with POST /v1/bots.")
	unknownAccount = newProblem(http.StatusNotFound, "unknown_account", "The bot has no such account",
		"List its accounts with GET /v1/bots/{bot}/accounts, or connect one with PUT.")
	unknownContact = newProblem(http.StatusNotFound, "unknown_contact", "The bot knows nobody with this user id",
		"A user id is the 10 characters after -c in a referral link.")
	unknownReferral = newProblem(http.StatusNotFound, "unknown_referral", "The bot has no such referral",
		"List its referrals with GET /v1/bots/{bot}/referrals.")
	unknownReward = newProblem(http.StatusNotFound, "unknown_reward", "The program has no such reward with a code pool",
		"Add it under rewards with `codes: pool`, save the program, and import again.")
	unknownEntryPoint = newProblem(http.StatusNotFound, "unknown_entry_point", "The program has no such entry point",
		"Use a name that stands under entry_points in the program.")
	unknownParked = newProblem(http.StatusNotFound, "unknown_parked", "Nothing of this id is parked",
		"List what is parked with GET /v1/bots/{bot}/parked.")
	noProgram = newProblem(http.StatusConflict, "no_program", "The bot has no program yet",
		"Save one with PUT /v1/bots/{bot}/program. What came in meanwhile is kept and worked on then.")
	strangeCursor = badRequest("This is not a cursor we gave: pass `next` of the page before, as it is.")
	badSignature  = newProblem(http.StatusUnauthorized, "bad_signature", "The webhook is not signed by its platform",
		"Nothing was stored. Check that the account's secret is the one the platform was given.")
)

func badRequest(detail string, items ...item) problem {
	p := newProblem(http.StatusBadRequest, "bad_request", "The request is not as the contract says", detail)
	p.Problems = items
	return p
}

// problem answers with a problem document and ends the request.
func (s *server) problem(c *gin.Context, p problem) {
	c.Header("Content-Type", "application/problem+json")
	c.AbortWithStatusJSON(p.Status, p)
}

// fail maps an error to a problem, once for the whole API. absent is what a missing thing means where it happened.
func (s *server) fail(c *gin.Context, err error, absent problem) {
	var ready problem
	switch {
	case errors.As(err, &ready):
		s.problem(c, ready)
	case errors.Is(err, referral.ErrNotFound):
		s.problem(c, absent)
	case errors.Is(err, referral.ErrNoProgram):
		s.problem(c, noProgram)
	default:
		s.Log.Error("a request failed", "method", c.Request.Method, "path", c.FullPath(), "error", err)
		s.problem(c, unavailable)
	}
}
