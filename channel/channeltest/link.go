package channeltest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func (s Suite) testLink(t *testing.T) {
	adapter := s.New(http.DefaultClient)
	if s.Link.Want == "" {
		if link, err := adapter.Link(s.Account, sampleRef); err == nil || link != "" {
			t.Errorf("link %q, error %v, want an error alone", link, err)
		}
		return
	}
	t.Run("written out", func(t *testing.T) {
		if link, err := adapter.Link(s.Account, sampleRef); err != nil || link != s.Link.Want {
			t.Errorf("link %q, error %v, want %q", link, err, s.Link.Want)
		}
	})
	t.Run("every ref comes out as it went in", func(t *testing.T) {
		for _, ref := range goodRefs() {
			link, err := adapter.Link(s.Account, ref)
			if got := s.Link.Ref(link); err != nil || got != ref {
				t.Errorf("ref %q: link %q carries %q, error %v", ref, link, got, err)
			}
		}
	})
	for _, ref := range refusedRefs() {
		t.Run(fmt.Sprintf("refuses %.20q", ref), func(t *testing.T) {
			if link, err := adapter.Link(s.Account, ref); err == nil || link != "" {
				t.Errorf("link %q, error %v, want an error alone", link, err)
			}
		})
	}
	t.Run("an account that can have no link", func(t *testing.T) {
		account := s.account()
		s.Link.Broken(&account)
		link, err := adapter.Link(account, sampleRef)
		if err == nil || link != "" {
			t.Fatalf("link %q, error %v, want an error alone", link, err)
		}
		s.wantNoSecret(t, account, err.Error())
	})
}

func refusedRefs() []string {
	return []string{
		"", " ", "campaign 1", "campaign1\n", " campaign1", "a=b", "a&b=c", "a#b", "a/b", "a?b", "a.b", "a+b", "a%20b",
		"{ref}", "campaígn", "☕", "a\x00b", strings.Repeat("a", 65),
	}
}
