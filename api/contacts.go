package api

import (
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/referral"
)

// ListContacts lists contacts, newest first, or those that are searched for.
func (s *server) ListContacts(c *gin.Context, bot string, params openapi.ListContactsParams) {
	before, ok := s.startOfPage(c, params.Cursor)
	if !ok || !s.known(c, bot) {
		return
	}
	filter := referral.ContactFilter{Text: valueOf(params.Q), Tag: valueOf(params.Tag), Account: valueOf(params.Account)}
	most := pageSize(params.Limit)
	contacts, err := s.books(c).Contacts(c.Request.Context(), bot, filter, before, most+1)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	answerPage(c, contacts, most, func(contact referral.ContactSummary) string { return strconv.FormatInt(contact.Cursor, 10) })
}

// ListLinks gives a contact's referral links for every entry point on every account they are on.
func (s *server) ListLinks(c *gin.Context, bot, userID string) {
	rules, err := s.books(c).Program(c.Request.Context(), bot, 0)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	links, err := s.books(c).Links(c.Request.Context(), bot, userID, rules)
	s.answer(c, gin.H{"items": links}, err, unknownContact)
}
