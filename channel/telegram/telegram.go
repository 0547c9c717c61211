// Package telegram speaks the Telegram Bot API: it authenticates and reads webhook updates, builds t.me links and makes
// one attempt to send a message. It knows nothing of programs, points or storage, and it never retries.
package telegram

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/millenniumm/referrals/channel"
)

// Name is the channel's name in accounts and in webhook addresses.
const Name = "telegram"

// secretHeader repeats the secret_token that was given to setWebhook; Telegram signs nothing.
const secretHeader = "X-Telegram-Bot-Api-Secret-Token" //nolint:gosec // a header's name, not a secret

// The names of an account's credentials.
const (
	credentialToken  = "token"
	credentialSecret = "secret_token"
)

var (
	tokenPattern    = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]{3,}$`) // real ones end in 35 characters, those of tests in fewer
	secretPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	userNamePattern = regexp.MustCompile(`^[A-Za-z0-9_]{3,32}$`)
)

// Adapter is Telegram as a channel. An account needs the credentials token and secret_token; its external id is the
// bot's user name. Its zero value works.
type Adapter struct {
	// HTTP makes the calls; nil is a client with a timeout of 10 s. Idle connections should be given up before the
	// platform does (under a minute): one closed while a request is written leaves an unknown outcome.
	HTTP *http.Client
}

var _ channel.Adapter = Adapter{}

// Check says everything an account lacks to be used with Telegram.
func (Adapter) Check(account channel.Account) []channel.Problem {
	var problems []channel.Problem
	note := func(field, detail string) {
		problems = append(problems, channel.Problem{Field: field, Detail: detail})
	}
	if !tokenPattern.MatchString(account.Credentials[credentialToken]) {
		note("credentials.token", "isn't a bot token: copy it from @BotFather, it looks like 123456789:AAExampleExampleExample")
	}
	if !secretPattern.MatchString(account.Credentials[credentialSecret]) {
		note("credentials.secret_token", "must be 1 to 256 letters, digits, underscores or hyphens: make one up and give the same to setWebhook")
	}
	if !userNamePattern.MatchString(account.ExternalID) {
		note("external_id", userNameAdvice(account.ExternalID))
	}
	return append(problems, account.CheckBaseURL()...)
}

func userNameAdvice(name string) string {
	if strings.HasPrefix(name, "@") {
		return "must be the bot's user name without the @ in front"
	}
	return "must be the bot's user name, 3 to 32 letters, digits or underscores, as in t.me/my_bot"
}

// Verify compares the secret token in constant time. An account without one authenticates nothing.
func (Adapter) Verify(account channel.Account, header http.Header, _ []byte) error {
	secret := account.Credentials[credentialSecret]
	given := header.Get(secretHeader)
	if secret == "" || subtle.ConstantTimeCompare([]byte(secret), []byte(given)) != 1 {
		return channel.ErrSignature
	}
	return nil
}

// Link gives the bot's deep link; pressing Start there sends "/start <ref>", to newcomers and to old friends alike.
func (Adapter) Link(account channel.Account, ref string) (string, error) {
	if err := channel.CheckRef(ref); err != nil {
		return "", fmt.Errorf("telegram link: %w", err)
	}
	if !userNamePattern.MatchString(account.ExternalID) {
		return "", fmt.Errorf("telegram link: the external id %s", userNameAdvice(account.ExternalID))
	}
	link := url.URL{Scheme: "https", Host: "t.me", Path: "/" + account.ExternalID, RawQuery: "start=" + ref}
	return link.String(), nil
}
