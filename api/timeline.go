package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/api/words"
	"github.com/millenniumm/referrals/referral"
)

// momentsTold bounds a timeline: a flow that goes round with waits goes on for ever.
const momentsTold = 1000

// A moment is one thing that happened, in words for people and as data for programs.
type moment struct {
	At       time.Time           `json:"at"`
	Kind     referral.MomentKind `json:"kind"`
	Words    string              `json:"words"`
	UserID   string              `json:"user_id,omitempty"`
	Referral string              `json:"referral,omitempty"`
	Data     map[string]any      `json:"data,omitempty"`

	place referral.Place
}

// GetReferralTimeline tells how a referral went, in the order things happened.
func (s *server) GetReferralTimeline(c *gin.Context, bot, id string, params openapi.GetReferralTimelineParams) {
	number := idOf(id)
	if number == 0 {
		s.problem(c, unknownReferral) // the books would take it for any referral
		return
	}
	view, happened, err := s.Books.Timeline(c.Request.Context(), bot, number, momentsTold+1)
	if err != nil {
		s.fail(c, err, unknownReferral)
		return
	}
	view.WorkflowURL = s.workflowURL(view.Workflow)
	moments := tell(c, happened, valueOf(params.AcceptLanguage))
	c.JSON(http.StatusOK, gin.H{
		"referral": view, "items": moments[:min(len(moments), momentsTold)], "truncated": len(moments) > momentsTold,
	})
}

// GetContactHistory tells what happened to a contact, newest first.
func (s *server) GetContactHistory(c *gin.Context, bot, userID string, params openapi.GetContactHistoryParams) {
	before := referral.Newest()
	if cursor := valueOf(params.Cursor); cursor != "" {
		var ok bool
		if before, ok = referral.ParsePlace(cursor); !ok {
			s.problem(c, strangeCursor)
			return
		}
	}
	most := pageSize(params.Limit)
	happened, err := s.Books.History(c.Request.Context(), bot, userID, before, most+1)
	if err != nil {
		s.fail(c, err, unknownContact)
		return
	}
	answerPage(c, tell(c, happened, valueOf(params.AcceptLanguage)), most, func(m moment) string { return m.place.String() })
}

// tell puts what happened into the words of whoever reads.
func tell(c *gin.Context, happened []referral.Moment, accepted string) []moment {
	language := languageOf(accepted)
	c.Header("Content-Language", language)
	c.Header("Vary", "Accept-Language")
	speaker := words.In(language)
	moments := make([]moment, len(happened))
	for i, m := range happened {
		moments[i] = moment{
			At: m.Place.At, Kind: m.Kind, Words: speaker.Moment(m), UserID: m.To.UserID, Data: m.Data, place: m.Place,
		}
		if m.Referral != 0 {
			moments[i].Referral = strconv.FormatInt(m.Referral, 10)
		}
	}
	return moments
}
