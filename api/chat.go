package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/referral"
)

// Chats are the web chat's conversations, as its page reads them.
type Chats interface {
	// Lines gives up to most lines that come after one, LatestLines the last ones; both in their order.
	Lines(ctx context.Context, chat channel.Chat, after int64, most int) ([]channel.Line, error)
	LatestLines(ctx context.Context, chat channel.Chat, most int) ([]channel.Line, error)
	// News gives those of some chats that have lines after the one given.
	News(ctx context.Context, seen map[channel.Chat]int64) ([]channel.Chat, error)
	// FirstAccount names a bot's first account on a channel.
	FirstAccount(ctx context.Context, bot, channel string) (string, error)
	// ListenChats rings for each chat that lines were written to, until ctx ends; for the empty chat when it may have missed some.
	ListenChats(ctx context.Context, ring func(channel.Chat), log *slog.Logger)
}

// The addresses of the chat.
const (
	chatOfBot     = "/chat/:bot"
	chatOfAccount = "/chat/:bot/:account"
	chatStream    = "/chat/:bot/:account/stream"
)

// A chatPage is what the chat's page is made of.
type chatPage struct {
	Bot, Account, Title string
	Visitor             string
	Language            string // "es" or "en"
	Embedded            bool   // inside another site
	Stream, Say         string // addresses: of the lines, and of what is said
	Ref                 string // as it came with the link; untrusted
	Waiting             bool   // what is said is kept, and answered once Temporal is there
}

// chat shows the chat's page and makes its reader a visitor, the same one as last time.
func (s *server) chat(c *gin.Context) {
	account, err := s.chatAccount(c.Request.Context(), c.Param("bot"), c.Param("account"))
	if err != nil {
		s.noChat(c, err)
		return
	}
	title, err := s.chatTitle(c.Request.Context(), account)
	if err != nil {
		s.noChat(c, err)
		return
	}
	now, embedded := time.Now(), c.Query("embed") == "1"
	place := s.place()
	visitor := webchat.Visitor(account, place, c.Request.Header, now)
	if visitor == "" {
		visitor = webchat.NewVisitor()
	}
	place.Embedded = embedded
	http.SetCookie(c.Writer, webchat.Cookie(account, visitor, place, now))
	language := s.chatLanguage(c, account)
	c.Header("Content-Security-Policy", chatPolicy(account))
	s.show(c, http.StatusOK, "chat.html", chatPage{
		Bot: account.Bot, Account: account.Name, Title: title, Visitor: visitor, Language: language, Embedded: embedded,
		Stream: streamAddress(account, visitor), Say: sayAddress(account, language), Ref: c.Query("ref"), Waiting: s.waiting(c),
	})
}

// chatAccount finds a bot's web chat of a name; its first one where the address names none.
func (s *server) chatAccount(ctx context.Context, bot, name string) (channel.Account, error) {
	if name != "" {
		account, err := s.Books.Account(ctx, bot, name)
		if err == nil && account.Channel != webchat.Name {
			err = referral.ErrNotFound
		}
		return account, err
	}
	first, err := s.Books.FirstAccount(ctx, bot, webchat.Name)
	if err != nil {
		return channel.Account{}, err
	}
	return s.Books.Account(ctx, bot, first)
}

// chatTitle is what its author chose, or the bot's name.
func (s *server) chatTitle(ctx context.Context, account channel.Account) (string, error) {
	if title := webchat.Title(account); title != "" {
		return title, nil
	}
	bot, err := s.Books.Bot(ctx, account.Bot)
	return bot.Name, err
}

// chatLanguage is the one the address asks for, else the bot's own: around what a bot says in Spanish nothing should be English.
func (s *server) chatLanguage(c *gin.Context, account channel.Account) string {
	rules, err := s.Books.Program(c.Request.Context(), account.Bot, 0)
	if err != nil || rules.Locale == "" || c.Query("lang") != "" {
		return chosenLanguage(c)
	}
	return languageOf(rules.Locale)
}

func (s *server) place() webchat.Place { return webchat.PlaceOf(s.PublicURL) }

// streamAddress says whose lines the page shows: a browser that became somebody else meanwhile must not mix two people's.
func streamAddress(account channel.Account, visitor string) string {
	return webchat.Path(account) + "/stream?visitor=" + visitor
}

// sayAddress is the account's webhook. It carries the page's language, since what it refuses is shown there.
func sayAddress(account channel.Account, language string) string {
	return "/webhooks/" + webchat.Name + "/" + url.PathEscape(account.Bot) + "/" + url.PathEscape(account.Name) + "?lang=" + language
}

// chatPolicy lets the page run nothing but our own scripts, and stand in the sites its author named.
func chatPolicy(account channel.Account) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; " +
		"frame-ancestors " + strings.Join(append([]string{"'self'"}, webchat.Origins(account)...), " ") + "; base-uri 'none'; form-action 'self'"
}

// noChat says, to a person, that there is no chat here, or none right now.
func (s *server) noChat(c *gin.Context, err error) {
	status := http.StatusNotFound
	if !errors.Is(err, referral.ErrNotFound) {
		s.Log.Error("a chat could not be shown", "path", c.Request.URL.Path, "error", err)
		status = http.StatusServiceUnavailable
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
	s.show(c, status, "nochat.html", gin.H{"Language": chosenLanguage(c), "Missing": status == http.StatusNotFound})
}

// refusals are the problems behind what the web chat's adapter refuses.
var refusals = map[string]problem{
	"text_missing":   newProblem("text_missing"),
	"text_too_long":  newProblem("text_too_long"),
	"too_large":      tooLarge,
	"not_understood": newProblem("not_understood"),
}

// refusal is what a browser's page shows of what it was refused, in the reader's language.
func refusal(c *gin.Context, refused *channel.Refusal) problem {
	said := refused.English
	if chosenLanguage(c) == "es" {
		said = refused.Spanish
	}
	if known, ok := refusals[refused.Kind]; ok {
		return known.saying(said)
	}
	return badRequest(said)
}
