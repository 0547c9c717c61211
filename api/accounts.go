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
	given := accountOf(asked, bot, name)
	adapter, ok := s.spoken(c, given.Channel)
	if !ok {
		return
	}
	var made map[string]string // the credentials that nobody gave
	saved, err := s.books(c).ChangeAccount(c.Request.Context(), bot, name, func(stored *channel.Account) (channel.Account, error) {
		account := given
		if stored != nil {
			if err := mayReplace(*stored, given); err != nil {
				return channel.Account{}, err
			}
			account.Credentials = merged(stored.Credentials, given.Credentials)
			account.Settings = merged(stored.Settings, given.Settings)
			maps.DeleteFunc(account.Settings, func(_, value string) bool { return value == "" })
		}
		account, made = completed(adapter, account)
		if problems := adapter.Check(account); len(problems) > 0 {
			return channel.Account{}, badAccount(problems)
		}
		return account, nil
	})
	view := s.viewOf(saved)
	if saved.Channel == webhookChannel {
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
func mayReplace(stored, given channel.Account) error {
	if stored.Channel != given.Channel {
		return newProblem("other_channel").saying("An account stays on its channel (" + stored.Channel + "): connect this one under another name.")
	}
	elsewhere := given.APIBaseURL != "" && given.APIBaseURL != stored.APIBaseURL && len(given.CheckBaseURL()) == 0
	for name := range stored.Credentials {
		if _, shown := given.Credentials[name]; elsewhere && !shown {
			return newProblem("credentials_needed")
		}
	}
	return nil
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

// merged keeps what is stored and was not given anew.
func merged(stored, given map[string]string) map[string]string {
	all := maps.Clone(stored)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, given)
	return all
}

func badAccount(problems []channel.Problem) problem {
	refused := newProblem("bad_account")
	for _, each := range problems {
		refused.Problems = append(refused.Problems, item{Path: each.Field, Detail: each.Detail})
	}
	return refused
}
