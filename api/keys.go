package api

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

// A caller is who makes a request: the holder of the admin token, or of a bot's key.
type caller struct {
	admin bool
	key   referral.Key // unless admin
}

// callerName is where a request's context keeps its caller.
const callerName = "caller"

func callerOf(c *gin.Context) caller {
	who, _ := c.MustGet(callerName).(caller)
	return who
}

// name tells callers apart. No key has the admin's.
func (w caller) name() string {
	if w.admin {
		return "admin"
	}
	return w.key.ID
}

func (w caller) has(scope referral.Scope) bool {
	return w.admin || slices.Contains(w.key.Scopes, scope)
}

// authorize lets the holder of the admin token through, and that of a key to what its bot and scopes allow.
func (s *server) authorize(c *gin.Context) {
	who, err := s.identify(c)
	if err != nil {
		if errors.Is(err, referral.ErrNotFound) {
			c.Header("WWW-Authenticate", `Bearer realm="millennium"`)
		}
		s.fail(c, err, unauthorized)
		return
	}
	c.Set(callerName, who)
	scope := scopeOf(s.contract.operation(c))
	switch {
	case who.admin:
	case scope == referral.ScopeAdmin:
		s.problem(c, forbidden("This belongs to no bot: it takes the admin token."))
	case who.key.Bot != c.Param("bot"):
		s.problem(c, forbidden("The key is another bot's. Use one that was made with POST /v1/bots/{bot}/keys for this bot."))
	case !who.has(scope):
		s.problem(c, forbidden("The key lacks the scope `"+string(scope)+"`. Use one that has it; a key's scopes stay as they were given."))
	}
}

// identify finds out who makes a request. ErrNotFound when nobody we know does. A key is looked up each time: once revoked, it opens
// nothing.
func (s *server) identify(c *gin.Context) (caller, error) {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return caller{}, referral.ErrNotFound
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(s.AdminToken)) == 1 {
		return caller{admin: true}, nil
	}
	if _, ok := referral.KeyID(token); !ok {
		return caller{}, referral.ErrNotFound
	}
	key, err := s.Books.HolderOfKey(c.Request.Context(), token)
	return caller{key: key}, err
}

// ListKeys lists a bot's keys, without what they are.
func (s *server) ListKeys(c *gin.Context, bot string) {
	if !s.known(c, bot) {
		return
	}
	keys, err := s.books(c).Keys(c.Request.Context(), bot)
	s.answer(c, gin.H{"items": keys}, err, unknownBot)
}

// CreateKey makes a key with scopes that its maker has, and shows it this once.
func (s *server) CreateKey(c *gin.Context, bot string, _ openapi.CreateKeyParams) {
	var asked openapi.NewKey
	if !s.read(c, &asked) || !s.known(c, bot) {
		return
	}
	scopes := make([]referral.Scope, len(asked.Scopes))
	for i, scope := range asked.Scopes {
		if scopes[i] = referral.Scope(scope); !callerOf(c).has(scopes[i]) {
			s.problem(c, forbidden("Your key lacks the scope `"+string(scope)+"`, so it can't give it to another. Use one that has it."))
			return
		}
	}
	key, text, err := s.books(c).CreateKey(c.Request.Context(), bot, channel.CleanText(asked.Name), scopes)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	c.JSON(http.StatusCreated, struct {
		referral.Key
		Text string `json:"key"`
	}{key, text})
}

// RevokeKey makes a key open nothing from now on.
func (s *server) RevokeKey(c *gin.Context, bot, key string) {
	if err := s.books(c).RevokeKey(c.Request.Context(), bot, key); err != nil {
		s.fail(c, err, unknownKey)
		return
	}
	c.Status(http.StatusNoContent)
}
