package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5emb"
)

// referenceScript starts the reference in its page.
const referenceScript = "reference.js"

// referenceFiles serves what the reference is shown with, from within the binary: it works without the internet.
var referenceFiles = v5emb.New("", "/openapi.yaml", "/docs")

// reference is openapi.yaml for people to read and try.
func (s *server) reference(c *gin.Context) {
	c.Header("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "+
		"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	c.Header("X-Content-Type-Options", "nosniff")
	s.servePart(c, "docs.html", "text/html; charset=utf-8")
}

// referenceFile serves the files that the reference's page names, and no others.
func (s *server) referenceFile(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	switch c.Param("file") {
	case referenceScript:
		s.servePart(c, referenceScript, "text/javascript; charset=utf-8")
	case "swagger-ui.css", "swagger-ui-bundle.js":
		referenceFiles.ServeHTTP(c.Writer, c.Request)
	default:
		s.problem(c, notHere)
	}
}

func (s *server) servePart(c *gin.Context, name, contentType string) {
	content, err := pages.ReadFile("pages/" + name)
	if err != nil {
		s.Log.Error("read a page", "page", name, "error", err)
		s.problem(c, internal)
		return
	}
	c.Data(http.StatusOK, contentType, content)
}

// problemPage says what a kind of problem means and what to do about it, in the reader's language.
func (s *server) problemPage(c *gin.Context) {
	known, ok := kinds[c.Param("type")]
	if !ok {
		s.problem(c, notHere)
		return
	}
	language, said := chosenLanguage(c), known.en
	if language == "es" {
		said = known.es
	}
	s.plainPage(c, "problem", language, gin.H{"Name": c.Param("type"), "Status": known.status, "Words": said})
}
