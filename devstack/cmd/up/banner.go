package main

import (
	"fmt"
	"strings"
)

// banner says where everything is and what to do next. It is the end of a start.
func (s *stack) banner() string {
	var text strings.Builder
	line := func(what, where string) { fmt.Fprintf(&text, "  %-16s %s\n", what, where) }

	text.WriteString("\nMillenniumM Referrals is running.\n\n")
	line("Start here", s.settings.pageURL()+"/   what to try, with commands that work as printed")
	if s.settings.ownTemporal {
		line("Temporal UI", "http://"+s.settings.uiAddress)
	}
	line("Temporal", s.settings.temporalAddress)
	line("Postgres", s.shownDatabase())
	line("Admin token", s.shownToken())
	line("Logs", s.settings.shown(s.settings.file("logs")))
	text.WriteString("\nOpen the first address in a browser. Ctrl-C stops everything and keeps the data.\n\n")
	return text.String()
}

// shownDatabase is complete for the private server, so that it can be pasted after psql; another's password is not ours
// to print.
func (s *stack) shownDatabase() string {
	if s.settings.databaseURL != "" {
		return "the one in DATABASE_URL"
	}
	return s.postgres.URL(productDatabase)
}

func (s *stack) shownToken() string {
	if s.settings.adminToken != "" {
		return "the one in MILLENNIUM_ADMIN_TOKEN"
	}
	return fmt.Sprintf("%s   kept in %s", s.secrets.adminToken, s.settings.shown(s.settings.file("admin-token")))
}
