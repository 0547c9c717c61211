package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/millenniumm/referrals/api/client"
)

func answering(t *testing.T, answer http.HandlerFunc) *client.Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return client.New(server.URL+"/", "key", 1)
}

func TestAProblemSaysWhatToDoAndWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status  int
		body    string
		says    string
		passing bool
	}{
		"the api's own": {
			400, `{"type":"/x","title":"Bad","status":400,"detail":"Mend it.","problems":[{"path":"a.b","detail":"is missing"}]}`,
			"400 Bad: Mend it.\n  a.b: is missing", false,
		},
		"busy":           {429, `{"type":"/x","title":"Busy","status":429,"detail":"Wait."}`, "429 Busy: Wait.", true},
		"away":           {503, `{"type":"/x","title":"Away","status":503,"detail":"Wait."}`, "503 Away: Wait.", true},
		"a gateway's":    {502, "<html>", "502 Bad Gateway: this is no answer of the api's own: check its address", true},
		"something else": {404, "404 page not found", "404 Not Found: this is no answer of the api's own: check its address", false},
	}
	for name, test := range tests {
		c := answering(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		})
		err := c.Call(t.Context(), "GET", "/x", nil, nil)
		var problem *client.Problem
		ok := errors.As(err, &problem)
		if !ok || err.Error() != test.says || client.Passing(err) != test.passing || !client.Is(err, test.status) {
			t.Errorf("%s: %v, try again: %t", name, err, client.Passing(err))
		}
		if ok && problem.RetryAfter != 3*time.Second {
			t.Errorf("%s: it waits %v", name, problem.RetryAfter)
		}
	}
	gone := client.New("http://127.0.0.1:1", "key", 1)
	if err := gone.Call(t.Context(), "GET", "/x", nil, nil); !client.Passing(err) {
		t.Errorf("nobody there: %v", err)
	}
	elsewhere := answering(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") })
	var into struct{}
	if err := elsewhere.Call(t.Context(), "GET", "/x", nil, &into); err == nil || client.Passing(err) {
		t.Errorf("a page in place of an answer: %v", err)
	}
}

func TestAListIsReadPageByPageUntilThereIsEnough(t *testing.T) {
	t.Parallel()
	var asked []string
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		fmt.Fprint(w, map[string]string{"": `{"items":[1,2],"next":"a"}`, "a": `{"items":[3],"next":"b"}`, "b": `{"items":[4]}`}[r.URL.Query().Get("cursor")])
	})
	get := func(path string, into any) error { return c.Call(t.Context(), "GET", path, nil, into) }
	for _, test := range []struct {
		enough int
		want   []int
	}{{100, []int{1, 2, 3, 4}}, {3, []int{1, 2, 3}}} {
		var got []int
		err := client.Pages("/list", url.Values{"state": {"queued"}}, get, func(items []int) bool {
			got = append(got, items...)
			return len(got) < test.enough
		})
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("until %d: %v, %v", test.enough, got, err)
		}
	}
	if want := "cursor=a&limit=200&state=queued"; asked[1] != want {
		t.Errorf("the second page was asked for with %s", asked[1])
	}
}

func TestARequestCarriesTheTokenAndJSON(t *testing.T) {
	t.Parallel()
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"authorization":%q,"type":%q,"path":%q}`, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.URL.Path)
	})
	var got struct{ Authorization, Type, Path string }
	err := c.Call(t.Context(), "POST", "/v1/bots", map[string]string{"id": "x"}, &got)
	if err != nil || got.Authorization != "Bearer key" || got.Type != "application/json" || got.Path != "/v1/bots" {
		t.Errorf("%+v, %v", got, err)
	}
}
