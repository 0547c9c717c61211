package channel_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/millenniumm/referrals/channel"
)

// roundTripper is somebody's own transport, which tells nobody how far it got.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func post(ctx context.Context, t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestDoProvesNothingByATransportThatReportsNothing(t *testing.T) {
	silent := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") })
	_, failed := channel.Do(&http.Client{Transport: silent}, post(t.Context(), t, "http://example.com"))
	if failed == nil || failed.Class != channel.Unknown || failed.Code != channel.CodeNoAnswer {
		t.Errorf("error %v, want an unknown outcome", failed)
	}
}

func TestDoKeepsAddressAndSecretsOutOfErrors(t *testing.T) {
	leaky := roundTripper(func(r *http.Request) (*http.Response, error) {
		return nil, errors.New("broken at " + r.URL.Path + " or 1%3Atoken\x00")
	})
	_, failed := channel.Do(&http.Client{Transport: leaky}, post(t.Context(), t, "http://example.com/1:token"), "1:token", "")
	if failed == nil || strings.Contains(failed.Detail, "token") || strings.Contains(failed.Detail, "example.com") || strings.Contains(failed.Detail, "\x00") {
		t.Errorf("error %v, want neither address nor secret", failed)
	}
}

// Over HTTP/2 connections are shared and the hooks come from other code: a connection that is used again counts too.
func TestDoOverHTTP2(t *testing.T) {
	arrived := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/silent" {
			arrived <- struct{}{}
			<-r.Context().Done()
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	for range 2 {
		if answer, failed := channel.Do(server.Client(), post(t.Context(), t, server.URL)); failed != nil || answer.Status != http.StatusOK {
			t.Fatalf("answer %+v, error %v", answer, failed)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		if _, failed := channel.Do(server.Client(), post(ctx, t, server.URL+"/silent")); failed == nil || failed.Class != channel.Unknown {
			t.Errorf("error %v, want an unknown outcome", failed)
		}
	}
}

func TestDoReadsABoundedAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("a", 100<<10))
	}))
	defer server.Close()
	answer, failed := channel.Do(nil, post(t.Context(), t, server.URL))
	if failed != nil || len(answer.Body) != 64<<10 {
		t.Errorf("%d bytes, error %v, want 65536 bytes", len(answer.Body), failed)
	}
}

func TestRedactCutsAtACharacter(t *testing.T) {
	if got := channel.Redact(strings.Repeat("ñ", 1000)); utf8.RuneCountInString(got) != 300 || !utf8.ValidString(got) {
		t.Errorf("%d characters", utf8.RuneCountInString(got))
	}
}
