package api

import (
	"bytes"
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

// chosenLanguage is the one chosen in the address, else what the browser asks for.
func chosenLanguage(c *gin.Context) string {
	if chosen := c.Query("lang"); chosen == "es" || chosen == "en" {
		return chosen
	}
	return languageOf(c.GetHeader("Accept-Language"))
}

// page says where everything is and what to try, in the reader's language.
func (s *server) page(c *gin.Context) {
	s.plainPage(c, "home", chosenLanguage(c), gin.H{"Base": s.PublicURL, "TemporalUI": s.TemporalUI, "Waiting": s.waiting(c)})
}

// waiting says whether what comes in is only kept for now, since Temporal isn't there.
func (s *server) waiting(c *gin.Context) bool {
	return s.TemporalReady != nil && s.TemporalReady(c.Request.Context()) != nil
}

// plainPage answers with a page that needs nothing but itself.
func (s *server) plainPage(c *gin.Context, name, language string, data gin.H) {
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	c.Header("Vary", "Accept-Language")
	s.show(c, http.StatusOK, name+"."+language+".html", data)
}

// show answers with a page that nobody may keep, since it may name its reader.
func (s *server) show(c *gin.Context, status int, page string, data any) {
	var body bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&body, page, data); err != nil {
		s.Log.Error("render a page", "page", page, "error", err)
		s.problem(c, internal)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(status, "text/html; charset=utf-8", body.Bytes())
}
