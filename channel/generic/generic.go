// Package generic is the channel of a bot that is hosted elsewhere. Its events come by the REST endpoint, so it has no
// webhook to verify or to parse; its messages are either read from the deliveries resource or handed over by a signed
// POST to the bot's own address. It knows nothing of programs, points or storage.
package generic

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/signed"
)

// Name is the channel's name in accounts.
const Name = "generic"

// settingLink is the name of the setting that holds the link template.
const settingLink = "link"

// placeholder is where a link template takes the ref.
const placeholder = "{ref}"

// unsafeSchemes run or open something on the device of whoever clicks; none of them leads to a bot.
var unsafeSchemes = []string{"javascript", "vbscript", "data", "file", "blob", "about"}

// Adapter is a bot hosted elsewhere as a channel. An account needs settings.link, a template with {ref}; with an
// api_base_url it also needs credentials.secret, a Standard Webhooks secret. Its zero value works.
type Adapter struct {
	// HTTP makes the calls; nil is a client with a timeout of 10 s. Addresses are the account owner's choice: where
	// owners aren't trusted, give a client that doesn't dial private networks.
	HTTP *http.Client
	// Now dates the signatures; nil is time.Now.
	Now func() time.Time
}

var _ channel.Adapter = Adapter{}

// Check says everything an account lacks to be used.
func (Adapter) Check(account channel.Account) []channel.Problem {
	var problems []channel.Problem
	if err := checkTemplate(account.Settings[settingLink]); err != nil {
		problems = append(problems, channel.Problem{Field: "settings.link", Detail: err.Error()})
	}
	if account.APIBaseURL != "" || account.Credentials[signed.Credential] != "" {
		problems = append(problems, signed.CheckSecret(account)...)
	}
	return append(problems, account.CheckBaseURL()...)
}

// checkTemplate refuses a template whose links would lead elsewhere or nowhere. The ref has to stand after the host:
// hosts ignore letter case, refs don't.
func checkTemplate(template string) error {
	before, _, found := strings.Cut(template, placeholder)
	if !found {
		return errors.New("must be the address that opens the bot, with {ref} where the ref goes, as in https://example.com/chat?ref={ref}")
	}
	link, err := url.Parse(fill(template, "ref"))
	start, errStart := url.Parse(before)
	if err != nil || errStart != nil || link.Scheme == "" || link.Host == "" && link.Opaque == "" && link.Path == "" {
		return errors.New("isn't a whole address: start it with https:// or with the scheme of the app it opens")
	}
	if link.Scheme != start.Scheme || link.Host != start.Host {
		return errors.New("has {ref} in the wrong place: put it after the host, in the path or the query")
	}
	return checkScheme(link)
}

func checkScheme(link *url.URL) error {
	if slices.Contains(unsafeSchemes, link.Scheme) {
		return fmt.Errorf("must not be a %s: address", link.Scheme)
	}
	if (link.Scheme == "http" || link.Scheme == "https") && link.Hostname() == "" {
		return errors.New("has no host: write it as in https://example.com/chat?ref={ref}")
	}
	return nil
}

// Verify authenticates nothing: the channel has no webhook, and whoever calls one is not the bot.
func (Adapter) Verify(channel.Account, http.Header, []byte) error { return channel.ErrSignature }

// Parse reads nothing, for the same reason.
func (Adapter) Parse(channel.Account, []byte) ([]channel.Event, error) {
	return nil, errors.New("a generic account has no webhook: post its events to /v1/bots/{bot}/events")
}

// Link gives the account's own address with the ref in it.
func (Adapter) Link(account channel.Account, ref string) (string, error) {
	if err := channel.CheckRef(ref); err != nil {
		return "", fmt.Errorf("generic link: %w", err)
	}
	template := account.Settings[settingLink]
	if err := checkTemplate(template); err != nil {
		return "", fmt.Errorf("generic link: settings.link %w", err)
	}
	return fill(template, ref), nil
}

func fill(template, ref string) string { return strings.ReplaceAll(template, placeholder, ref) }
