package channeltest

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
)

const sampleRef = "campaign1-cabcdefghij"

func (s Suite) testVerify(t *testing.T) {
	body := []byte(`{"from":"anywhere"}`)
	if s.Webhook == nil {
		s.wantVerified(t, s.Account, http.Header{}, body, false)
		return
	}
	if s.Webhook.Body != "" {
		body = []byte(s.Webhook.Body)
	}
	altered, rewritten := bytes.Replace(body, []byte("anywhere"), []byte("elsewhere"), 1), bytes.Replace(body, []byte(":"), []byte(": "), 1)
	signed := s.Webhook.Sign(s.Account, body)
	other := s.withSecret("another-secret-of-somebody-else")
	for _, example := range []struct {
		name    string
		account channel.Account
		header  http.Header
		body    []byte
		want    bool
	}{
		{"rightly signed", s.Account, signed, body, true},
		{"signed with another secret", s.Account, s.Webhook.Sign(other, body), body, false},
		{"not signed", s.Account, http.Header{}, body, false},
		{"empty signature", s.Account, eachValue(signed, func(string) string { return "" }), body, false},
		{"signature cut short", s.Account, eachValue(signed, func(v string) string { return v[:len(v)-1] }), body, false},
		{"signature with more behind it", s.Account, eachValue(signed, func(v string) string { return v + "0" }), body, false},
		{"signature with one character changed", s.Account, eachValue(signed, changeLast), body, false},
		{"empty secret and a signature made with it", s.withSecret(""), s.Webhook.Sign(s.withSecret(""), body), body, false},
		{"empty secret and no signature", s.withSecret(""), http.Header{}, body, false},
		{"empty secret and another's signature", s.withSecret(""), signed, body, false},
		{"altered body", s.Account, signed, altered, !s.Webhook.SignsBody},
		{"same JSON in other bytes", s.Account, signed, rewritten, !s.Webhook.SignsBody},
	} {
		t.Run(example.name, func(t *testing.T) {
			s.wantVerified(t, example.account, example.header, example.body, example.want)
		})
	}
	for _, vector := range s.Webhook.Vectors {
		t.Run(vector.Name, func(t *testing.T) {
			s.wantVerified(t, s.withSecret(vector.Secret), vector.Header, []byte(vector.Body), true)
		})
	}
}

func (s Suite) wantVerified(t *testing.T, account channel.Account, header http.Header, body []byte, want bool) {
	t.Helper()
	err := s.New(http.DefaultClient).Verify(account, header, body)
	if want && err != nil {
		t.Errorf("refused: %v", err)
	}
	if !want && !errors.Is(err, channel.ErrSignature) {
		t.Errorf("error %v, want ErrSignature", err)
	}
}

func (s Suite) withSecret(secret string) channel.Account {
	account := s.account()
	account.Credentials[s.Webhook.Secret] = secret
	return account
}

func eachValue(header http.Header, change func(string) string) http.Header {
	changed := http.Header{}
	for name := range header {
		changed.Set(name, change(header.Get(name)))
	}
	return changed
}

func changeLast(value string) string {
	last := "x"
	if strings.HasSuffix(value, last) {
		last = "y"
	}
	return value[:len(value)-1] + last
}

func (s Suite) testParse(t *testing.T) {
	if s.Webhook == nil {
		s.wantUnreadable(t, `{}`)
		return
	}
	t.Run("every topic is covered", s.testTopics)
	for _, golden := range s.Webhook.Golden {
		t.Run(string(golden.Topic)+": "+golden.Name, func(t *testing.T) { s.testGolden(t, golden) })
	}
	t.Run("refs of the whole alphabet and length", s.testRefs)
	t.Run("hostile refs", s.testHostileRefs)
	for name, body := range s.Webhook.Unreadable {
		t.Run(name, func(t *testing.T) { s.wantUnreadable(t, body) })
	}
	for _, body := range []string{"", "not JSON", `{"cut":`, "\x00\xff", "null", "[]", `"text"`, "{}{}"} {
		t.Run("unreadable "+body, func(t *testing.T) { s.wantUnreadable(t, body) })
	}
}

// testTopics keeps an adapter from passing because nobody thought of echoes.
func (s Suite) testTopics(t *testing.T) {
	for _, topic := range topics() {
		shown := slices.ContainsFunc(s.Webhook.Golden, func(golden Golden) bool { return golden.Topic == topic })
		if lacks := s.Webhook.Lacks[topic]; shown == (lacks != "") {
			t.Errorf("%s: a golden webhook %v, a reason to have none %q: one of the two is needed", topic, shown, lacks)
		}
	}
}

// testGolden reads a body as it is, then in every disguise that changes nothing, then with each of its members spoilt.
func (s Suite) testGolden(t *testing.T, golden Golden) {
	s.wantEvents(t, golden.Body, golden.Want)
	t.Run("delivered again", func(t *testing.T) { s.wantEvents(t, golden.Body, golden.Want) })
	t.Run("members in another order, beside new ones", func(t *testing.T) {
		s.wantEvents(t, disguised(t, golden.Body), golden.Want)
	})
	t.Run("members missing or of another type", func(t *testing.T) {
		for name, body := range spoilt(t, golden.Body) {
			events, err := s.parse(body)
			if err == nil && !wellFormed(t, events) {
				t.Errorf("with %s: events %+v", name, events)
			}
		}
	})
}

func (s Suite) parse(body string) ([]channel.Event, error) {
	return s.New(http.DefaultClient).Parse(s.Account, []byte(body))
}

func (s Suite) wantEvents(t *testing.T, body string, want []channel.Event) {
	t.Helper()
	events, err := s.parse(body)
	if err != nil {
		t.Fatalf("read %s: %v", body, err)
	}
	if len(events)+len(want) > 0 && !reflect.DeepEqual(events, want) {
		t.Errorf("events of %s\n got %+v\nwant %+v", body, events, want)
	}
	wellFormed(t, events)
}

func (s Suite) wantUnreadable(t *testing.T, body string) {
	t.Helper()
	events, err := s.parse(body)
	if err == nil || len(events) > 0 {
		t.Errorf("events %+v and error %v, want an error alone", events, err)
	}
}

// wellFormed holds whatever the body was: an event without an id can't be recognised when it comes again, one without a
// sender belongs to nobody, one that isn't JSON can't be kept.
func wellFormed(t *testing.T, events []channel.Event) bool {
	t.Helper()
	seen := map[string]bool{}
	for _, event := range events {
		if fault := flaw(event); fault != "" {
			t.Errorf("event %+v: %s", event, fault)
			return false
		}
		if seen[event.ID] {
			t.Errorf("two events of one body have the id %q", event.ID)
			return false
		}
		seen[event.ID] = true
	}
	return true
}

func flaw(event channel.Event) string {
	_, err := json.Marshal(event)
	switch {
	case err != nil:
		return err.Error()
	case event.ID == "":
		return "no id"
	case event.From.ExternalID == "", event.From.ExternalID == "0":
		return "no sender"
	case !event.Kind.Interaction() && event.Kind != channel.Blocked && event.Kind != channel.Unblocked:
		return "unknown kind"
	case event.Ref != "" && event.Kind != channel.Opening:
		return "a ref without an opening"
	case event.OccurredAt.Location() != time.UTC:
		return "time not in UTC"
	}
	return ""
}

func (s Suite) testRefs(t *testing.T) {
	for _, ref := range goodRefs() {
		events, err := s.parse(string(s.Webhook.Opening(ref)))
		if err != nil || len(events) != 1 || events[0].Kind != channel.Opening || events[0].Ref != ref {
			t.Errorf("ref %q: events %+v, error %v", ref, events, err)
		}
	}
}

// testHostileRefs wants the ref as it came, in whole or in part, or none: one that was mended might be somebody else's.
func (s Suite) testHostileRefs(t *testing.T) {
	for _, ref := range hostileRefs() {
		events, err := s.parse(string(s.Webhook.Opening(ref)))
		if err != nil || len(events) != 1 {
			t.Errorf("ref %q: events %+v, error %v", ref, events, err)
			continue
		}
		if wellFormed(t, events); !strings.Contains(ref, events[0].Ref) {
			t.Errorf("ref %q became %q", ref, events[0].Ref)
		}
	}
}

func goodRefs() []string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-" // which is 64 long
	return append(strings.Split(alphabet, ""), alphabet, sampleRef, "campaign1", "--", "__")
}

func hostileRefs() []string {
	return []string{
		strings.Repeat("a", 65),
		strings.Repeat("a", 3000),
		"campaign1-c",
		"-cabcdefghij",
		"campaign1-cabcdefghij campaign2-cabcdefghij",
		"campaign1-cabcdefghij\nreferir",
		"../../etc/passwd",
		"'; DROP TABLE referrals; --",
		"<script>alert(1)</script>",
		"{{link.campaign1}}",
		"%63ampaign1-cabcdefghij",
		"campaign1-cabcdefghij\x00",
		"\u202ecampaign1",
		"campaign1\u200b-cabcdefghij",
		"campaígn1-cabcdefghij",
		"☕☕☕",
		`"},"update_id":1,{"`,
	}
}
