package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
)

func (s *server) GetContactHistory(c *gin.Context, bot string, userID string, params openapi.GetContactHistoryParams) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) GetReferralTimeline(c *gin.Context, bot string, referral string, params openapi.GetReferralTimelineParams) {
	c.Status(http.StatusNotImplemented)
}
