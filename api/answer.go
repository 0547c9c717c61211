package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// read decodes a body that the contract was checked against already.
func (s *server) read(c *gin.Context, into any) bool {
	body := json.NewDecoder(c.Request.Body)
	if err := body.Decode(into); err != nil {
		s.problem(c, badRequest("The body is not the JSON the contract asks for.", item{Path: "body", Detail: err.Error()}))
		return false
	}
	if _, err := body.Token(); !errors.Is(err, io.EOF) {
		s.problem(c, badRequest("There is more in the body than one JSON value.", item{Path: "body", Detail: "something stands behind the first value"}))
		return false
	}
	return true
}

func (s *server) answer(c *gin.Context, body any, err error, absent problem) {
	if err != nil {
		s.fail(c, err, absent)
		return
	}
	c.JSON(http.StatusOK, body)
}

// known says whether the bot exists, and answers when it doesn't: an empty list would hide a typing mistake.
func (s *server) known(c *gin.Context, bot string) bool {
	if _, err := s.books(c).Bot(c.Request.Context(), bot); err != nil {
		s.fail(c, err, unknownBot)
		return false
	}
	return true
}

// answerPage answers with up to most items; one more than that tells that there is a next page.
func answerPage[T any](c *gin.Context, items []T, most int, idOf func(T) string) {
	page := gin.H{"items": items}
	if len(items) > most {
		page["items"], page["next"] = items[:most], idOf(items[most-1])
	}
	c.JSON(http.StatusOK, page)
}

func pageSize(limit *int) int {
	if limit == nil {
		return defaultPage
	}
	return *limit
}

// startOfPage reads a cursor: the id of the last item of the page before.
func (s *server) startOfPage(c *gin.Context, cursor *string) (int64, bool) {
	if cursor == nil || *cursor == "" {
		return 0, true
	}
	before, err := strconv.ParseInt(*cursor, 10, 64)
	if err != nil || before <= 0 {
		s.problem(c, strangeCursor)
		return 0, false
	}
	return before, true
}

// idOf reads the id in a path, which the contract makes sure is a number that fits.
func idOf(text string) int64 {
	id, _ := strconv.ParseInt(text, 10, 64)
	return id
}

func valueOf[T any](pointer *T) T {
	if pointer == nil {
		var none T
		return none
	}
	return *pointer
}

// workflowURL is the page of a workflow in Temporal's UI.
func (s *server) workflowURL(workflow string) string {
	if s.TemporalUI == "" || workflow == "" {
		return ""
	}
	return strings.TrimSuffix(s.TemporalUI, "/") + "/namespaces/" + url.PathEscape(s.Namespace) + "/workflows/" + url.PathEscape(workflow)
}
