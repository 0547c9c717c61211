package api

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
)

// An accountView is an account without its credentials: those are write-only.
type accountView struct {
	Account        string            `json:"account"`
	Channel        string            `json:"channel"`
	ExternalID     string            `json:"external_id"`
	Settings       map[string]string `json:"settings"`
	APIBaseURL     string            `json:"api_base_url"`
	CredentialsSet []string          `json:"credentials_set"`
	// MadeCredentials are shown in the answer to the request that had them made, and never again.
	MadeCredentials map[string]string `json:"made_credentials,omitempty"`
	Webhook         string            `json:"webhook"`
	UpdatedAt       time.Time         `json:"updated_at"`
}

// webhookChannel is the one whose accounts are called: nothing comes from there, and its owner needs the secret that is made here.
const webhookChannel = "webhook"

func (s *server) viewOf(account channel.Account) accountView {
	view := accountView{
		Account: account.Name, Channel: account.Channel, ExternalID: account.ExternalID, Settings: account.Settings,
		APIBaseURL: account.APIBaseURL, CredentialsSet: slices.Sorted(maps.Keys(account.Credentials)), UpdatedAt: account.UpdatedAt,
	}
	if view.CredentialsSet == nil {
		view.CredentialsSet = []string{}
	}
	if account.Channel != genericChannel && account.Channel != webhookChannel {
		view.Webhook = s.PublicURL + "/webhooks/" + account.Channel + "/" + account.Bot + "/" + account.Name
	}
	return view
}

// ListAccounts lists a bot's accounts.
func (s *server) ListAccounts(c *gin.Context, bot string) {
	if !s.known(c, bot) {
		return
	}
	accounts, err := s.Books.Accounts(c.Request.Context(), bot)
	views := make([]accountView, len(accounts))
	for i, account := range accounts {
		views[i] = s.viewOf(account)
	}
	s.answer(c, gin.H{"items": views}, err, unknownBot)
}

// GetAccount gives one account.
func (s *server) GetAccount(c *gin.Context, bot, name string) {
	account, err := s.Books.Account(c.Request.Context(), bot, name)
	s.answer(c, s.viewOf(account), err, unknownAccount)
}

// PutAccount connects or changes an account, once its channel finds nothing missing.
func (s *server) PutAccount(c *gin.Context, bot, name string) {
	var asked openapi.PutAccount
	if !s.read(c, &asked) || !s.known(c, bot) {
		return
	}
	account := accountOf(asked, bot, name)
	adapter, ok := s.spoken(c, account.Channel)
	if !ok {
		return
	}
	accounts, err := s.Books.Accounts(c.Request.Context(), bot) // not Account, which may be seconds old
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	if at := slices.IndexFunc(accounts, func(a channel.Account) bool { return a.Name == name }); at >= 0 {
		if !s.mayReplace(c, accounts[at], account) {
			return
		}
		account.Credentials = merged(accounts[at].Credentials, account.Credentials)
	}
	account, made := completed(adapter, account)
	if !s.fit(c, adapter, account) {
		return
	}
	if err := s.Books.PutAccount(c.Request.Context(), account); err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	saved, err := s.Books.Account(c.Request.Context(), bot, name)
	view := s.viewOf(saved)
	if account.Channel == webhookChannel {
		view.MadeCredentials = made
	}
	s.answer(c, view, err, unknownAccount)
}

// spoken finds a channel's adapter, or says which channels there are.
func (s *server) spoken(c *gin.Context, name string) (channel.Adapter, bool) {
	adapter, known := s.Channels[name]
	if !known {
		detail := "this server doesn't speak " + name + ": it has " + strings.Join(slices.Sorted(maps.Keys(s.Channels)), ", ")
		s.problem(c, badAccount([]channel.Problem{{Field: "channel", Detail: detail}}))
	}
	return adapter, known
}

// completed lets the channel make what the account lacks, and says which credentials it made.
func completed(adapter channel.Adapter, account channel.Account) (channel.Account, map[string]string) {
	completer, able := adapter.(channel.Completer)
	if !able {
		return account, nil
	}
	whole, made := completer.Complete(account), map[string]string{}
	for name, value := range whole.Credentials {
		if _, given := account.Credentials[name]; !given {
			made[name] = value
		}
	}
	return whole, made
}

// mayReplace refuses a change that would move the account to another channel, or send credentials to a host that whoever asks for it
// has not shown to know them: they are write-only.
func (s *server) mayReplace(c *gin.Context, stored, given channel.Account) bool {
	if stored.Channel != given.Channel {
		s.problem(c, newProblem("other_channel").saying(
			"An account stays on its channel ("+stored.Channel+"): connect this one under another name."))
		return false
	}
	elsewhere := given.APIBaseURL != "" && given.APIBaseURL != stored.APIBaseURL && len(given.CheckBaseURL()) == 0
	if elsewhere && len(given.Credentials) < len(stored.Credentials) {
		s.problem(c, newProblem("credentials_needed"))
		return false
	}
	return true
}

func accountOf(asked openapi.PutAccount, bot, name string) channel.Account {
	account := channel.Account{
		Bot: bot, Name: name, Channel: string(asked.Channel), ExternalID: channel.CleanText(valueOf(asked.ExternalId)),
		Credentials: valueOf(asked.Credentials), Settings: map[string]string{}, APIBaseURL: channel.CleanText(valueOf(asked.ApiBaseUrl)),
	}
	for key, value := range valueOf(asked.Settings) {
		account.Settings[channel.CleanText(key)] = channel.CleanText(value)
	}
	return account
}

// merged keeps the stored credentials that were not given anew.
func merged(stored, given map[string]string) map[string]string {
	all := maps.Clone(stored)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, given)
	return all
}

// fit lets the channel look the account over, and answers with everything that is missing.
func (s *server) fit(c *gin.Context, adapter channel.Adapter, account channel.Account) bool {
	problems := adapter.Check(account)
	if len(problems) == 0 {
		return true
	}
	s.problem(c, badAccount(problems))
	return false
}

func badAccount(problems []channel.Problem) problem {
	refused := newProblem("bad_account")
	for _, each := range problems {
		refused.Problems = append(refused.Problems, item{Path: each.Field, Detail: each.Detail})
	}
	return refused
}
