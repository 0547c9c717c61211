package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
)

func (s *server) ListContacts(c *gin.Context, bot string, params openapi.ListContactsParams) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) ListLinks(c *gin.Context, bot string, userID string) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) ListKeys(c *gin.Context, bot string) { c.Status(http.StatusNotImplemented) }
func (s *server) CreateKey(c *gin.Context, bot string, params openapi.CreateKeyParams) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) RevokeKey(c *gin.Context, bot string, key string) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) CompareProgramVersions(c *gin.Context, bot string, params openapi.CompareProgramVersionsParams) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) ValidateProgram(c *gin.Context, bot string, params openapi.ValidateProgramParams) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) ListProgramVersions(c *gin.Context, bot string, params openapi.ListProgramVersionsParams) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) GetProgramVersion(c *gin.Context, bot string, version int) {
	c.Status(http.StatusNotImplemented)
}
func (s *server) RestoreProgram(c *gin.Context, bot string, version int, params openapi.RestoreProgramParams) {
	c.Status(http.StatusNotImplemented)
}
