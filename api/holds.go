package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

// ApproveReferral notes that somebody lets a referral count.
func (s *server) ApproveReferral(c *gin.Context, bot, id string, _ openapi.ApproveReferralParams) {
	s.noted(c, bot, id, s.books(c).Approve(c.Request.Context(), bot, idOf(id), time.Now()))
}

// QualifyReferral notes that a referral's invitee did what counts.
func (s *server) QualifyReferral(c *gin.Context, bot, id string, _ openapi.QualifyReferralParams) {
	s.noted(c, bot, id, s.books(c).QualifyReferral(c.Request.Context(), bot, idOf(id), time.Now()))
}

// VoidReferral notes that somebody takes a referral back.
func (s *server) VoidReferral(c *gin.Context, bot, id string, _ openapi.VoidReferralParams) {
	var asked openapi.NewVoid
	if c.Request.ContentLength != 0 && !s.read(c, &asked) {
		return
	}
	s.noted(c, bot, id, s.books(c).Void(c.Request.Context(), bot, idOf(id), channel.CleanText(valueOf(asked.Note)), time.Now()))
}

// QualifyContact notes that a contact did what counts, for one entry point or for all.
func (s *server) QualifyContact(c *gin.Context, bot, userID string, _ openapi.QualifyContactParams) {
	var asked openapi.NewQualification
	if c.Request.ContentLength != 0 && !s.read(c, &asked) {
		return
	}
	entryPoint := valueOf(asked.EntryPoint)
	if entryPoint != "" && !s.hasEntryPoint(c, bot, entryPoint) {
		return
	}
	if err := s.books(c).QualifyContact(c.Request.Context(), bot, userID, entryPoint, time.Now()); err != nil {
		s.fail(c, err, unknownContact)
		return
	}
	contact, err := s.books(c).Contact(c.Request.Context(), bot, userID)
	if err != nil {
		s.fail(c, err, unknownContact)
		return
	}
	c.JSON(http.StatusAccepted, contact)
}

// hasEntryPoint says whether the program in force has an entry point, and answers when it doesn't: a typing mistake would qualify nobody.
func (s *server) hasEntryPoint(c *gin.Context, bot, name string) bool {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownBot)
		return false
	}
	if _, known := rules.EntryPoint(name); !known {
		s.problem(c, unknownEntryPoint)
		return false
	}
	return true
}

// noted answers for a fact about a referral with the referral as it is; what becomes of it follows.
func (s *server) noted(c *gin.Context, bot, id string, err error) {
	var decided *referral.DecidedError
	if errors.As(err, &decided) {
		s.problem(c, alreadyDecided(decided))
		return
	}
	if err != nil {
		s.fail(c, err, unknownReferral)
		return
	}
	detail, err := s.books(c).Referral(c.Request.Context(), bot, idOf(id))
	if err != nil {
		s.fail(c, err, unknownReferral)
		return
	}
	detail.WorkflowURL = s.workflowURL(detail.Workflow)
	c.JSON(http.StatusAccepted, detail)
}

func alreadyDecided(decided *referral.DecidedError) problem {
	return newProblem("already_decided").saying(
		"It was " + string(decided.Status) + " (" + string(decided.Reason) + "), and that stays. Nothing was changed; its timeline tells how it came to that.")
}
