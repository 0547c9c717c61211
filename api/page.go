package api

import (
	"embed"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"
)

//go:embed pages
var pages embed.FS

var pageTemplates = template.Must(template.ParseFS(pages, "pages/*.html"))

// spoken are the languages we write in; the first is what everybody else reads.
var spoken = language.NewMatcher([]language.Tag{language.English, language.Spanish})

// languageOf gives "es" or "en" for what a reader accepts.
func languageOf(accepted string) string {
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return "en"
	}
	if _, index, _ := spoken.Match(tags...); index == 1 {
		return "es"
	}
	return "en"
}

// page says where everything is and what to try, in the reader's language.
func (s *server) page(c *gin.Context) {
	waiting := s.TemporalReady != nil && s.TemporalReady(c.Request.Context()) != nil
	s.show(c, "home", readersLanguage(c), gin.H{"Base": s.PublicURL, "TemporalUI": s.TemporalUI, "Waiting": waiting})
}

// readersLanguage is the one chosen in the address, else what the browser asks for.
func readersLanguage(c *gin.Context) string {
	chosen := c.Query("lang")
	if chosen != "es" && chosen != "en" {
		chosen = languageOf(c.GetHeader("Accept-Language"))
	}
	return chosen
}

// show answers with a page that needs nothing but itself.
func (s *server) show(c *gin.Context, name, language string, data gin.H) {
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Vary", "Accept-Language")
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Status(http.StatusOK)
	if err := pageTemplates.ExecuteTemplate(c.Writer, name+"."+language+".html", data); err != nil {
		s.Log.Error("render the page", "page", name, "error", err)
	}
}
