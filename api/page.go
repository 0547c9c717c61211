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

// readersLanguage is the one chosen in the address, else what the browser asks for.
func readersLanguage(c *gin.Context) string {
	if chosen := c.Query("lang"); chosen == "es" || chosen == "en" {
		return chosen
	}
	return languageOf(c.GetHeader("Accept-Language"))
}

// page says where everything is and what to try, in the reader's language.
func (s *server) page(c *gin.Context) {
	chosen := readersLanguage(c)
	waiting := s.TemporalReady != nil && s.TemporalReady(c.Request.Context()) != nil
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Vary", "Accept-Language")
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Status(http.StatusOK)
	err := pageTemplates.ExecuteTemplate(c.Writer, "home."+chosen+".html", gin.H{
		"Base": s.PublicURL, "TemporalUI": s.TemporalUI, "Waiting": waiting,
	})
	if err != nil {
		s.Log.Error("render the page", "error", err)
	}
}
