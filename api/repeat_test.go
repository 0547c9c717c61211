package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/referral"
)

const replayed = "Idempotent-Replayed"

func TestARepeatedRequestGetsTheSameAnswerAndDoesNothing(t *testing.T) {
	t.Parallel()
	for id, operation := range eachOperation(t) {
		if operation.Parameters.GetByInAndName("header", "Idempotency-Key") == nil {
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			f := newStory(t)
			f.parkEvent()
			request := calls[id][0]
			headers := append([]string{"Idempotency-Key: once"}, request.headers...)
			first := f.send(t, request.method, request.path, request.body, headers...)
			second := f.send(t, request.method, request.path, request.body, headers...)
			if first.status != request.status || first.header.Get(replayed) != "" {
				t.Fatalf("%d %v %s", first.status, first.header, first.body)
			}
			if second.status != first.status || string(second.body) != string(first.body) || second.header.Get(replayed) != "true" {
				t.Errorf("%d %v %s instead of %s", second.status, second.header, second.body, first.body)
			}
			if second.header.Get("Content-Type") != first.header.Get("Content-Type") {
				t.Errorf("%v instead of %v", second.header, first.header)
			}
		})
	}
}

func TestAKeyUsedForAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	_, _, err := f.books.CreateBot(t.Context(), "bar", "Bar")
	f.check(err)
	const keys, body, once = "/v1/bots/cafe/keys", `{"name":"x","scopes":["read"]}`, "Idempotency-Key: k"
	if got := f.send(t, "POST", keys, body, once); got.status != http.StatusCreated {
		t.Fatalf("%d %s", got.status, got.body)
	}
	manager := f.keyFor(referral.ScopeManage, referral.ScopeRead)
	for name, send := range map[string]func() answer{
		"another body":    func() answer { return f.send(t, "POST", keys, strings.Replace(body, "x", "y", 1), once) },
		"another query":   func() answer { return f.send(t, "POST", keys+"?x=1", body, once) },
		"another address": func() answer { return f.send(t, "POST", "/v1/bots/cafe/program/versions/1/restore", "", once) },
		"somebody else":   func() answer { return f.send(t, "POST", keys, body, once, manager) },
	} {
		t.Run(name, func(t *testing.T) { refused(t, send(), http.StatusUnprocessableEntity, "other_request") })
	}
	if got := f.send(t, "POST", "/v1/bots/bar/keys", body, once); got.status != http.StatusCreated || got.header.Get(replayed) != "" {
		t.Errorf("another bot's keys are its own: %d %s", got.status, got.body)
	}
	if found, err := f.books.Keys(t.Context(), "cafe"); err != nil || len(found) != 3 {
		t.Errorf("%d keys, %v", len(found), err)
	}
}

func TestARefusedRequestLeavesItsKeyFree(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	const body, once = `{"name":"x","scopes":["read"]}`, "Idempotency-Key: k"
	refused(t, f.send(t, "POST", "/v1/bots/later/keys", body, once), http.StatusNotFound, "unknown_bot")
	f.send(t, "POST", "/v1/bots", `{"id":"later","name":"Later"}`)
	if got := f.send(t, "POST", "/v1/bots/later/keys", body, once); got.status != http.StatusCreated || got.header.Get(replayed) != "" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}

func TestARefusalInARepeatableRequestIsToldWhole(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.send(t, "POST", "/v1/bots", `{"id":"bar","name":"Bar"}`)
	got := f.send(t, "POST", "/v1/bots", `{"id":"bar","name":"Bar"}`, "Idempotency-Key: k")
	refused(t, got, http.StatusConflict, "bot_exists")
	if strings.Count(string(got.body), `"type"`) != 1 {
		t.Errorf("it was answered twice: %s", got.body)
	}
}

func TestAKeyThatCanNotBeKept(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for name, header := range map[string]string{"a NUL": "a\x00b", "no UTF-8": "\xff", "too long": strings.Repeat("x", 201)} {
		t.Run(name, func(t *testing.T) {
			refused(t, f.send(t, "POST", "/v1/bots", `{"id":"x","name":"X"}`, "Idempotency-Key:"+header), http.StatusBadRequest, "bad_request")
		})
	}
}

func TestARepeatableRequestThatBreaksOffHasDoneNothing(t *testing.T) {
	t.Parallel()
	var breaks atomic.Bool
	f := newCafe(t, func(c *api.Config) {
		whole := c.Once
		c.Once = func(ctx context.Context, request referral.Request, work func(api.Books) (referral.Answer, error)) (referral.Answer, bool, error) {
			return whole(ctx, request, func(books api.Books) (referral.Answer, error) {
				answer, err := work(books)
				if breaks.Load() {
					panic("after the work, before its answer was kept")
				}
				return answer, err
			})
		}
	})
	breaks.Store(true)
	const body = `{"codes":["A","B"]}`
	refused(t, f.send(t, "POST", "/v1/bots/cafe/rewards/coffee/codes", body, "Idempotency-Key: k"), http.StatusInternalServerError, "internal")
	if stock, err := f.books.Stock(t.Context(), "cafe", "coffee"); err != nil || stock.Free != 0 {
		t.Fatalf("it left %+v, %v", stock, err)
	}
	breaks.Store(false)
	got := f.send(t, "POST", "/v1/bots/cafe/rewards/coffee/codes", body, "Idempotency-Key: k")
	if got.status != http.StatusOK || !strings.Contains(string(got.body), `"added":2`) || got.header.Get(replayed) != "" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestTheSameRequestManyTimesAtOnceIsDoneOnce(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	const many = 12
	answers := make([]answer, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			answers[i] = f.send(t, "POST", "/v1/bots/cafe/keys", `{"name":"x","scopes":["read"]}`, "Idempotency-Key: k")
		})
	}
	all.Wait()
	first := 0
	for _, got := range answers {
		if got.status != http.StatusCreated || string(got.body) != string(answers[0].body) {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got.header.Get(replayed) == "" {
			first++
		}
	}
	if keys, err := f.books.Keys(t.Context(), "cafe"); err != nil || len(keys) != 2 || first != 1 {
		t.Errorf("%d keys and %d first answers, %v", len(keys), first, err)
	}
}

// More repeatable events at once than there are connections: what holds one must not wait for another for good.
func TestRepeatableEventsDoNotDrainThePool(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			body := fmt.Sprintf(`{"id":"e%d","account":"own","contact":{"external_id":"c%d"},"text":"hi"}`, i, i)
			if got := f.send(t, "POST", "/v1/bots/cafe/events", body, fmt.Sprintf("Idempotency-Key: k%d", i)); got.status != http.StatusAccepted {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	all.Wait()
}
