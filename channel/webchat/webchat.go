// Package webchat is the channel of the bot's own chat page. There is no platform behind it: a visitor is known by a signed cookie, what
// they write comes by the ordinary webhook from their browser, and what is said is kept in a transcript that the page reads. It knows
// neither the page nor where the transcript is.
package webchat

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/millenniumm/referrals/channel"
)

// Name is the channel's name in accounts.
const Name = "webchat"

// The names of what an account holds.
const (
	credentialSecret = "secret"
	settingTitle     = "title"
	settingPage      = "page"
	settingOrigins   = "origins"
)

const (
	// secretBytes is how much of a secret has to be random.
	secretBytes = 32
	// maxTitle is what fits on top of a phone's screen, in characters.
	maxTitle = 60
	// maxOrigins keeps the page's headers within what proxies take.
	maxOrigins = 20
	// anySite as origins lets every site embed the chat.
	anySite = "*"
)

// A Transcript keeps what the bot says. A line whose key the chat has already is kept once. What a visitor says comes into it with its event.
type Transcript interface {
	Append(ctx context.Context, chat channel.Chat, line channel.Line) error
}

// Adapter is the chat page as a channel. An account needs credentials.secret, which Complete makes.
type Adapter struct {
	BaseURL    string // where browsers reach the api: "https://bot.example.com"
	Transcript Transcript
}

var (
	_ channel.Adapter   = Adapter{}
	_ channel.Completer = Adapter{}
)

// Complete makes the secret that visitors' cookies are signed with, where there is none.
func (Adapter) Complete(account channel.Account) channel.Account {
	if _, given := account.Credentials[credentialSecret]; given {
		return account // even an empty one, which Check refuses: a new one would make every visitor a stranger
	}
	account.Credentials = maps.Clone(account.Credentials)
	if account.Credentials == nil {
		account.Credentials = map[string]string{}
	}
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails
	account.Credentials[credentialSecret] = base64.StdEncoding.EncodeToString(random)
	return account
}

// Check says everything an account lacks to be used.
func (Adapter) Check(account channel.Account) []channel.Problem {
	var problems []channel.Problem
	for field, err := range map[string]error{
		"credentials.secret": checkSecret(account),
		"settings.title":     checkTitle(account.Settings[settingTitle]),
		"settings.page":      checkPage(account.Settings[settingPage]),
		"settings.origins":   checkOrigins(account),
	} {
		if err != nil {
			problems = append(problems, channel.Problem{Field: field, Detail: err.Error()})
		}
	}
	return append(problems, account.CheckBaseURL()...)
}

func checkSecret(account channel.Account) error {
	key, err := base64.StdEncoding.DecodeString(account.Credentials[credentialSecret])
	if err != nil || len(key) < secretBytes {
		return fmt.Errorf("must be at least %d random bytes in base64: leave it out to have one made", secretBytes)
	}
	return nil
}

func checkTitle(title string) error {
	if utf8.RuneCountInString(title) > maxTitle {
		return fmt.Errorf("must be at most %d characters: it stands on one line on top of the chat", maxTitle)
	}
	return nil
}

func checkPage(page string) error {
	if page == "" {
		return nil
	}
	address, err := url.Parse(page)
	switch {
	case err != nil, address.Scheme != "http" && address.Scheme != "https", address.Hostname() == "":
		return errors.New("must be the whole address of the page the chat stands in, as in https://shop.example.com/help")
	case address.User != nil:
		return errors.New("holds a user name or a password: take them out, everybody sees the address")
	case address.Query().Has("ref"):
		return errors.New("holds a ref already: take it out, every link gets its own")
	}
	return nil
}

func checkOrigins(account channel.Account) error {
	origins := Origins(account)
	if len(origins) > maxOrigins {
		return fmt.Errorf("must be at most %d sites: use * to let every site embed the chat", maxOrigins)
	}
	for _, origin := range origins {
		if origin != anySite && !isOrigin(origin) {
			return fmt.Errorf("must be sites such as https://shop.example.com, separated by blanks, or *: %q is none", channel.Redact(origin))
		}
	}
	return nil
}

// hostPattern is a name or an address as browsers write it, with or without a port: nothing that means more in a header.
var hostPattern = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?$`)

// isOrigin takes http for the author's own machine only: no cookie reaches an embedded chat otherwise.
func isOrigin(origin string) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	if !hostPattern.MatchString(host) {
		return false
	}
	name, _, _ := strings.Cut(host, ":")
	return scheme == "https" || scheme == "http" && (name == "localhost" || name == "127.0.0.1")
}

// Origins are the sites that may embed the account's chat; "*" among them is every site.
func Origins(account channel.Account) []string {
	return strings.Fields(account.Settings[settingOrigins])
}

// Title is what stands on top of the account's chat; empty when nobody chose it.
func Title(account channel.Account) string { return strings.TrimSpace(account.Settings[settingTitle]) }

// Link gives the chat's own address with the ref in it, or that of the page it stands in.
func (a Adapter) Link(account channel.Account, ref string) (string, error) {
	if err := channel.CheckRef(ref); err != nil {
		return "", fmt.Errorf("webchat link: %w", err)
	}
	page := account.Settings[settingPage]
	if page == "" {
		return a.BaseURL + Path(account) + "?ref=" + ref, nil
	}
	if err := checkPage(page); err != nil {
		return "", fmt.Errorf("webchat link: settings.page %w", err)
	}
	address, err := url.Parse(page)
	if err != nil {
		return "", errors.New("webchat link: settings.page can't be read")
	}
	address.RawQuery = strings.TrimPrefix(address.RawQuery+"&ref="+ref, "&") // the rest stays as its owner wrote it
	return address.String(), nil
}

// Path is the address of an account's chat on the api.
func Path(account channel.Account) string {
	return "/chat/" + url.PathEscape(account.Bot) + "/" + url.PathEscape(account.Name)
}
