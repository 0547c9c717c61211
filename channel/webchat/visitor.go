package webchat

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millenniumm/referrals/channel"
)

const (
	// cookieLives is as long as browsers keep a cookie at most. Every visit renews it.
	cookieLives = 400 * 24 * time.Hour
	// purpose keeps a signature from meaning anything elsewhere.
	purpose = "millennium webchat visitor"
)

// visitorPattern is 130 random bits in lower-case base32.
var visitorPattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

// NewVisitor makes the id of somebody who was never here.
func NewVisitor() string { return strings.ToLower(rand.Text()[:26]) }

// A Place is where a browser shows the chat.
type Place struct {
	Secure   bool // over https
	Embedded bool // inside another site's page
}

// PlaceOf is the chat's own page on an api that browsers reach at an address.
func PlaceOf(baseURL string) Place { return Place{Secure: strings.HasPrefix(baseURL, "https://")} }

// Visitor gives who a browser is to this account, by the cookies it sends; "" when none of them is rightly signed and fresh.
func Visitor(account channel.Account, place Place, header http.Header, now time.Time) string {
	for _, value := range cookies(account, place, header) {
		if visitor := read(account, value, now); visitor != "" {
			return visitor
		}
	}
	return ""
}

// IsVisitor says whether a browser is this very visitor to the account. It may have cookies of several: of its own and of another site's page.
func IsVisitor(account channel.Account, place Place, visitor string, header http.Header, now time.Time) bool {
	return slices.ContainsFunc(cookies(account, place, header), func(value string) bool {
		is := read(account, value, now)
		return is != "" && is == visitor
	})
}

// Cookie makes a browser the visitor for another 400 days. In another site's page a cookie is sent over https only, and kept apart
// for each such site.
func Cookie(account channel.Account, visitor string, place Place, now time.Time) *http.Cookie {
	cookie := &http.Cookie{ //nolint:gosec // without TLS, on an author's own machine, a secure cookie would be none
		Name: place.cookieName(account), Value: sign(account, visitor, now.Add(cookieLives)), Path: "/",
		MaxAge: int(cookieLives.Seconds()), HttpOnly: true, Secure: place.Secure, SameSite: http.SameSiteLaxMode,
	}
	if place.Embedded && place.Secure {
		cookie.SameSite, cookie.Partitioned = http.SameSiteNoneMode, true
	}
	return cookie
}

// cookieName is unlike any other account's: names hold no dots. Over https its prefix has browsers refuse one that another host under the
// same domain wants to plant; one without it is not read there.
func (p Place) cookieName(account channel.Account) string {
	name := "chat." + account.Bot + "." + account.Name
	if p.Secure {
		return "__Host-" + name
	}
	return name
}

func cookies(account channel.Account, place Place, header http.Header) []string {
	request := http.Request{Header: header}
	var values []string
	for _, cookie := range request.CookiesNamed(place.cookieName(account)) {
		values = append(values, cookie.Value)
	}
	return values
}

// sign writes a cookie's value: the visitor, until when, and our word for both.
func sign(account channel.Account, visitor string, expires time.Time) string {
	until := strconv.FormatInt(expires.Unix(), 10)
	return visitor + "." + until + "." + signature(account, visitor, until)
}

// read gives the visitor in a cookie's value; "" unless it is signed for this account and not over.
func read(account channel.Account, value string, now time.Time) string {
	parts := strings.Split(value, ".")
	if len(parts) != 3 || checkSecret(account) != nil {
		return ""
	}
	visitor, until := parts[0], parts[1]
	if !hmac.Equal([]byte(parts[2]), []byte(signature(account, visitor, until))) {
		return ""
	}
	expires, err := strconv.ParseInt(until, 10, 64)
	if err != nil || now.Unix() >= expires || !visitorPattern.MatchString(visitor) {
		return ""
	}
	return visitor
}

// signature covers what each part is and where it ends: names hold no "|", and no part of one account is another's.
func signature(account channel.Account, visitor, until string) string {
	mac := hmac.New(sha256.New, []byte(account.Credentials[credentialSecret]))
	_, _ = mac.Write([]byte(strings.Join([]string{purpose, account.Bot, account.Name, visitor, until}, "|"))) // never fails
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Verify believes a browser that shows the cookie of the very visitor it writes for, from a page of ours: a page of another site could
// make it send the cookie, too.
func (a Adapter) Verify(account channel.Account, header http.Header, body []byte) error {
	said, err := decode(body)
	if err != nil || !a.fromOurPage(header) {
		return channel.ErrSignature
	}
	if !IsVisitor(account, PlaceOf(a.BaseURL), said.Visitor, header, time.Now()) {
		return channel.ErrSignature
	}
	return nil
}

// fromOurPage asks what browsers say of a request's origin. Sec-Fetch-Site is their own judgement, whatever proxies stand between; without
// it (an old browser, plain http) the origin has to be the public one. Who sends neither is no browser, and nobody's cookie is misused.
func (a Adapter) fromOurPage(header http.Header) bool {
	if site := header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin := header.Get("Origin")
	if origin == "" {
		return true
	}
	public, err := url.Parse(a.BaseURL)
	return err == nil && strings.EqualFold(origin, public.Scheme+"://"+public.Host)
}
