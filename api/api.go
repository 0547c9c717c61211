// Package api is the house's front door: webhooks from the channels, REST for integrators, health for operators, and one
// page that says where everything is. It makes what comes in durable and shows what is in the books; it decides nothing
// about referrals and sends no messages.
package api

import (
	"context"
	_ "embed" // the API's contract is served as it is
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

//go:embed openapi.yaml
var contractSource []byte

const (
	// maxWebhook is the largest webhook taken: WhatsApp sends up to 3 MB.
	maxWebhook = 4 << 20
	// maxRequest is the largest REST body taken.
	maxRequest = 4 << 20
	// answerWithin bounds a request: a platform that waits longer gives up anyway.
	answerWithin = 10 * time.Second
)

// Inbox takes events in; when it returns, they are durable.
type Inbox interface {
	Add(ctx context.Context, bot, account string, events []channel.Event) ([]channel.Arrived, error)
	Park(ctx context.Context, bot, account string, body []byte, reason string) error
}

// Books are what the API reads and writes. Absent things are referral.ErrNotFound.
type Books interface {
	Ping(ctx context.Context) error
	Backlog(ctx context.Context) (pending int, oldest time.Duration, err error)

	CreateBot(ctx context.Context, id, name string) (bot referral.Bot, created bool, err error)
	Bot(ctx context.Context, id string) (referral.Bot, error)
	Bots(ctx context.Context, after string, most int) ([]referral.Bot, error)

	Account(ctx context.Context, bot, account string) (channel.Account, error)
	Accounts(ctx context.Context, bot string) ([]channel.Account, error)
	// ChangeAccount saves what change makes of an account, nil when it is a new one; nobody else changes it meanwhile.
	ChangeAccount(ctx context.Context, bot, account string, change func(stored *channel.Account) (channel.Account, error)) (channel.Account, error)

	Program(ctx context.Context, bot string, version int32) (*program.Program, error)
	ProgramSource(ctx context.Context, bot string) (source string, version int32, err error)
	Revise(ctx context.Context, bot string, revision referral.Revision) (version int32, err error)
	ProgramVersion(ctx context.Context, bot string, version int32) (source string, err error)
	ProgramVersions(ctx context.Context, bot string, before int64, most int) ([]referral.Version, error)

	CreateKey(ctx context.Context, bot, name string, scopes []referral.Scope) (key referral.Key, text string, err error)
	HolderOfKey(ctx context.Context, text string) (referral.Key, error)
	Keys(ctx context.Context, bot string) ([]referral.Key, error)
	RevokeKey(ctx context.Context, bot, id string) error

	Contacts(ctx context.Context, bot string, filter referral.ContactFilter, before int64, most int) ([]referral.ContactSummary, error)
	Links(ctx context.Context, bot, userID string, rules *program.Program) ([]referral.Link, error)
	Contact(ctx context.Context, bot, userID string) (referral.ContactView, error)
	Link(ctx context.Context, bot, userID, entryPoint, account string) (url, ref, on string, err error)
	Referrals(ctx context.Context, bot string, filter referral.Filter, before int64, most int) ([]referral.View, error)
	Referral(ctx context.Context, bot string, id int64) (referral.Detail, error)
	Timeline(ctx context.Context, bot string, id int64, most int) (referral.View, []referral.Moment, error)
	History(ctx context.Context, bot, userID string, before referral.Place, most int) ([]referral.Moment, error)
	Deliveries(ctx context.Context, bot string, filter referral.DeliveryFilter, before int64, most int) ([]referral.DeliveryView, error)
	Approve(ctx context.Context, bot string, id int64, now time.Time) error
	QualifyReferral(ctx context.Context, bot string, id int64, now time.Time) error
	QualifyContact(ctx context.Context, bot, userID, entryPoint string, now time.Time) error
	Void(ctx context.Context, bot string, id int64, note string, now time.Time) error
	Leaderboard(ctx context.Context, bot, field string, most int) ([]referral.Leader, error)

	ImportCodes(ctx context.Context, bot, reward string, codes []string) (referral.Import, error)
	Stock(ctx context.Context, bot, reward string) (referral.Stock, error)
	RewardCounts(ctx context.Context, bot string) (map[string]referral.RewardCount, error)
	RewardGrants(ctx context.Context, bot, reward, userID string, before int64, most int) ([]referral.RewardGrant, error)
	Redeem(ctx context.Context, bot, reward string, grant int64, now time.Time) (referral.RewardGrant, error)
	Revoke(ctx context.Context, bot, reward string, grant int64, note string, now time.Time) (referral.RewardGrant, error)

	Parked(ctx context.Context, bot string, before int64, most int) ([]referral.ParkedView, error)
	ParkedWebhook(ctx context.Context, bot string, event int64) (account string, raw []byte, err error)
	Replay(ctx context.Context, bot string, event int64) error

	Chats
}

// Config is what the API is made of. Every field is needed unless it says otherwise.
type Config struct {
	Books      Books
	Once       Once
	Inbox      Inbox
	Channels   map[string]channel.Adapter
	AdminToken string
	PublicURL  string // where platforms reach this api: "https://bot.example.com"
	TemporalUI string // base address of Temporal's UI; optional
	Namespace  string // Temporal's, for links into its UI
	// TemporalReady reports whether referrals are being worked on; optional. It is reported, never required.
	TemporalReady func(context.Context) error
	Log           *slog.Logger
}

type server struct {
	Config
	contract *contract
	streams  *streams
	pace     pace
}

// A Handler is every address of the API. Its chat streams stay open: Listen has to run for them, and EndStreams to end them.
type Handler struct {
	http.Handler
	server *server
}

// Listen has the chat streams look when something was said, until ctx ends.
func (h *Handler) Listen(ctx context.Context) { h.server.listen(ctx) }

// EndStreams ends all chat streams and lets none begin: a server that shuts down would wait for them. Browsers come back to another one.
func (h *Handler) EndStreams() { h.server.streams.endAll() }

// New makes the handler of every address of the API. It fails when the configuration can't be served safely.
func New(config Config) (*Handler, error) {
	if config.AdminToken == "" {
		return nil, errors.New("MILLENNIUM_ADMIN_TOKEN is empty: set it to a long random text")
	}
	contract, err := loadContract(contractSource)
	if err != nil {
		return nil, err
	}
	s := &server{config, contract, newStreams(), usualPace}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.UseRawPath, router.UnescapePathValues = true, true
	router.HandleMethodNotAllowed = true
	router.Use(s.recover, s.bound, s.legible)
	router.NoRoute(func(c *gin.Context) { s.problem(c, notHere) })
	router.NoMethod(func(c *gin.Context) { s.problem(c, wrongMethod) })
	router.GET("/", s.page)
	router.GET("/healthz", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	router.GET("/readyz", s.ready)
	router.GET("/openapi.yaml", func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml; charset=utf-8", contractSource) })
	router.GET("/schema/program.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/schema+json", program.Schema()) })
	router.GET("/docs", s.reference)
	router.GET("/docs/:file", s.referenceFile)
	router.GET("/problems/:type", s.problemPage)
	router.POST("/webhooks/:channel/:bot/:account", s.webhook)
	router.GET(chatOfBot, s.chat)
	router.GET(chatOfAccount, s.chat)
	router.GET(chatStream, s.stream)
	if err := s.serveAssets(router); err != nil {
		return nil, err
	}
	openapi.RegisterHandlersWithOptions(router.Group("", s.authorize, s.contract.check(s), s.repeatable), s, openapi.GinServerOptions{
		ErrorHandler: func(c *gin.Context, err error, _ int) { s.problem(c, badRequest(err.Error())) },
	})
	return &Handler{router, s}, nil
}

// bound limits what a request may take: size and time. A stream's own limits are where it is.
func (s *server) bound(c *gin.Context) {
	if c.FullPath() == chatStream {
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.pace.answer)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, max(maxRequest, maxWebhook))
	c.Next()
}

// legible refuses an address that holds what Postgres can't: asking for it would look like a failure of the books.
func (s *server) legible(c *gin.Context) {
	query, err := url.QueryUnescape(c.Request.URL.RawQuery)
	for _, part := range []string{c.Request.URL.Path, query} {
		if err != nil || channel.CleanText(part) != part {
			s.problem(c, badRequest("The address holds NUL or what is no UTF-8 text: escape it anew."))
			return
		}
	}
}

// recover turns a bug into a 500 that gives nothing away, with its cause in the log.
func (s *server) recover(c *gin.Context) {
	defer func() {
		if cause := recover(); cause != nil {
			s.Log.Error("a request failed", "path", c.FullPath(), "panic", cause, "stack", string(debug.Stack()))
			s.problem(c, internal)
		}
	}()
	c.Next()
}

// ready says whether requests can be served: Postgres is needed, Temporal is reported.
func (s *server) ready(c *gin.Context) {
	if err := s.Books.Ping(c.Request.Context()); err != nil {
		s.Log.Warn("not ready", "error", err)
		c.JSON(http.StatusServiceUnavailable, gin.H{"status": "unavailable", "postgres": "unreachable"})
		return
	}
	answer := gin.H{"status": "ok", "postgres": "ok", "temporal": "unknown"}
	if s.TemporalReady != nil {
		answer["temporal"] = "ok"
		if s.TemporalReady(c.Request.Context()) != nil {
			answer["temporal"] = "unreachable: what comes in waits in the inbox"
		}
	}
	if pending, oldest, err := s.Books.Backlog(c.Request.Context()); err == nil {
		answer["inbox_pending"], answer["inbox_oldest_seconds"] = pending, int(oldest.Seconds())
	}
	c.JSON(http.StatusOK, answer)
}
