package api

import (
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/channel"
)

// webhook takes what a channel sends: verify on the raw bytes, normalise, store, 200. After a valid signature the answer is
// always 200, except when nothing could be stored: platforms punish everything else, and what can't be read is parked. A browser, which
// is no platform, is told what is wrong.
func (s *server) webhook(c *gin.Context) {
	account, adapter, ok := s.addressee(c)
	if !ok {
		return
	}
	body, ok := s.body(c)
	if !ok {
		return
	}
	if err := adapter.Verify(account, c.Request.Header, body); err != nil {
		s.problem(c, badSignature)
		return
	}
	err := s.take(c, account, adapter, body)
	var refused *channel.Refusal
	if errors.As(err, &refused) {
		s.problem(c, refusal(c, refused))
		return
	}
	if err != nil {
		s.Log.Error("a webhook could not be stored", "bot", account.Bot, "account", account.Name, "error", err)
		s.problem(c, unavailable)
		return
	}
	c.Status(http.StatusOK) // with an empty body: some platforms read commands in it
}

// addressee finds the account a webhook's address names.
func (s *server) addressee(c *gin.Context) (channel.Account, channel.Adapter, bool) {
	account, err := s.Books.Account(c.Request.Context(), c.Param("bot"), c.Param("account"))
	if err != nil {
		s.fail(c, err, unknownAccount)
		return channel.Account{}, nil, false
	}
	adapter, known := s.Channels[account.Channel]
	if !known || account.Channel != c.Param("channel") {
		s.problem(c, unknownAccount)
		return channel.Account{}, nil, false
	}
	return account, adapter, true
}

func (s *server) body(c *gin.Context) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxWebhook))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		s.problem(c, tooLarge)
		return nil, false
	}
	if err != nil {
		s.problem(c, badRequest("The body did not arrive whole."))
		return nil, false
	}
	return body, true
}

// take stores a verified webhook's events, or the webhook itself when it can't be read or its data can't be stored.
func (s *server) take(c *gin.Context, account channel.Account, adapter channel.Adapter, body []byte) error {
	ctx := c.Request.Context()
	events, err := adapter.Parse(account, body)
	var refused *channel.Refusal
	if errors.As(err, &refused) {
		return err
	}
	if err == nil {
		_, err = s.Inbox.Add(ctx, account.Bot, account.Name, events)
		if err == nil || !errors.Is(err, channel.ErrBadEvent) {
			return err
		}
	}
	s.Log.Warn("parked a webhook that can't be read", "bot", account.Bot, "account", account.Name, "error", err)
	return s.Inbox.Park(ctx, account.Bot, account.Name, body, err.Error())
}
