package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/generic"
	"github.com/millenniumm/referrals/channel/telegram"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/referral"
)

// What nobody may ever read in an answer or in the log.
const (
	adminToken    = "an-admin-token-of-the-tests"
	botToken      = "12345:AAAAAAAAAAAAAAAAAAAAAAAA"
	webhookSecret = "s3cret-of-the-webhook"
	postSecret    = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
)

// cafe's program: two points for a new contact; at two points a coffee.
const cafeProgram = `
name: Café
locale: en
fields:
  points: {type: number}
  city: {type: text}
entry_points:
  campaign1: {flow: welcome, attribution: first_touch}
keywords:
  - {match: refer, flow: share}
triggers:
  - on: referred_new_contact
    entry_point: campaign1
    do: [{increment: points, by: 2}, {run_flow: check}]
flows:
  share: [{send: "{{link.campaign1}}"}]
  check:
    - if: {field: points, reaches: 2}
      then: [{grant_reward: coffee}, {send: "Your code: {{reward.code}}"}]
  welcome: [{send: "Welcome, {{first_name|you}}"}]
rewards:
  coffee: {title: A coffee, codes: pool, redeem: once, low_stock: 1}
  cake: {title: A cake}
`

// A front is the whole API on a database of its own. Whatever it answers is held against the contract.
type front struct {
	t       *testing.T
	handler http.Handler
	books   *postgres.Store
	log     *textLog
	// who and what the story made, by the names that stand in paths: {ana}, {luis}, {referral}, {parked}, {key}
	names map[string]string
}

// newFront makes a front on an empty database, with the changes to its configuration that a test wants.
func newFront(t *testing.T, changes ...func(*api.Config)) *front {
	t.Helper()
	books := pgtest.NewStore(t)
	f := newFacade(t, append([]func(*api.Config){func(c *api.Config) {
		c.Books, c.Once, c.Inbox = books, once(books), startInbox(t, books)
	}}, changes...)...)
	f.books = books
	return f
}

// once joins the api and the books as the binary does.
func once(books *postgres.Store) api.Once {
	return func(ctx context.Context, request referral.Request, work func(api.Books) (referral.Answer, error)) (referral.Answer, bool, error) {
		return books.Once(ctx, request, func(within *postgres.Store) (referral.Answer, error) { return work(within) })
	}
}

// broken are books in which every method is a bug.
type broken struct{ api.Books }

// newFacade makes a front with nothing behind it, for what never asks the books.
func newFacade(t *testing.T, changes ...func(*api.Config)) *front {
	t.Helper()
	f := &front{t: t, log: &textLog{}, names: map[string]string{}}
	config := api.Config{
		Books: broken{}, AdminToken: adminToken, PublicURL: "https://bot.example.com",
		Channels:   map[string]channel.Adapter{telegram.Name: telegram.Adapter{}, generic.Name: generic.Adapter{}},
		TemporalUI: "http://temporal.example.com/", Namespace: "default", Log: slog.New(slog.NewTextHandler(f.log, nil)),
	}
	for _, change := range changes {
		change(&config)
	}
	var err error
	if f.handler, err = api.New(config); err != nil {
		t.Fatal(err)
	}
	return f
}

// newCafe makes a front with the bot "cafe": a Telegram account "tg", a generic one "own", a program.
func newCafe(t *testing.T, changes ...func(*api.Config)) *front {
	t.Helper()
	f := newFront(t, changes...)
	f.furnish()
	return f
}

// furnish goes past the handler, so that a test of one operation doesn't depend on the others.
func (f *front) furnish() {
	f.t.Helper()
	_, _, err := f.books.CreateBot(f.t.Context(), "cafe", "Café")
	f.check(err)
	for _, account := range []channel.Account{
		{
			Bot: "cafe", Name: "tg", Channel: telegram.Name, ExternalID: "cafe_bot", Settings: map[string]string{},
			Credentials: map[string]string{"token": botToken, "secret_token": webhookSecret},
		},
		{
			Bot: "cafe", Name: "own", Channel: generic.Name, Settings: map[string]string{"link": "https://cafe.example.com/?ref={ref}"},
			APIBaseURL: "https://cafe.example.com/messages", Credentials: map[string]string{"secret": postSecret},
		},
	} {
		f.check(f.books.PutAccount(f.t.Context(), account))
	}
	_, err = f.books.SaveProgram(f.t.Context(), "cafe", cafeProgram)
	f.check(err)
	key, _, err := f.books.CreateKey(f.t.Context(), "cafe", "the till", []referral.Scope{referral.ScopeRead})
	f.check(err)
	f.names["key"] = key.ID
}

// newStory is newCafe after Luis came through Ana's link (which won her a coffee whose code is still missing), Eva through her
// own, and a webhook that can't be read.
func newStory(t *testing.T, changes ...func(*api.Config)) *front {
	t.Helper()
	f := newCafe(t, changes...)
	inbox := startInbox(t, f.books)
	f.names["ana"] = f.arrive(inbox, channel.Event{ID: "1", Kind: channel.Text, Text: "refer", From: channel.Sender{ExternalID: "ana", FirstName: "Ana"}})
	f.names["luis"] = f.arrive(inbox, channel.Event{ID: "2", Kind: channel.Opening, Ref: "campaign1-c" + f.names["ana"], From: channel.Sender{ExternalID: "luis"}})
	f.names["eva"] = f.arrive(inbox, channel.Event{ID: "3", Kind: channel.Text, Text: "hi", From: channel.Sender{ExternalID: "eva"}})
	f.arrive(inbox, channel.Event{ID: "4", Kind: channel.Opening, Ref: "campaign1-c" + f.names["eva"], From: channel.Sender{ExternalID: "eva"}})
	events, err := f.books.Lease(t.Context(), 10, time.Minute)
	f.check(err)
	for _, event := range events {
		if ref, ok := referral.ParseRef(event.Ref, func(name string) bool { return name == "campaign1" }); ok {
			f.names["referral"] = f.settle(event, ref)
		}
	}
	f.check(f.books.FinishEvents(t.Context(), events))
	f.check(inbox.Park(t.Context(), "cafe", "tg", []byte(`{"update_id": "no`), "it is no update"))
	parked, err := f.books.Parked(t.Context(), "cafe", 0, 1)
	f.check(err)
	f.names["parked"] = fmt.Sprint(parked[0].ID)
	return f
}

func (f *front) arrive(inbox *postgres.Inbox, event channel.Event) (userID string) {
	f.t.Helper()
	arrived, err := inbox.Add(f.t.Context(), "cafe", "own", []channel.Event{event})
	f.check(err)
	return arrived[0].UserID
}

// settle does what the workflow of a referral does, and gives the referral's id.
func (f *front) settle(event referral.LeasedEvent, ref referral.Ref) string {
	f.t.Helper()
	run := "referral/cafe/" + fmt.Sprint(event.ID)
	admission, err := f.books.Admit(f.t.Context(), referral.Opening{
		Bot: "cafe", Run: run, Event: event.ID, EntryPoint: ref.EntryPoint, Referrer: ref.Referrer, Invitee: event.UserID,
	}, referral.Admit)
	f.check(err)
	_, err = f.books.Apply(f.t.Context(), referral.Segment{Bot: "cafe", Run: run, Name: "settle", Contact: event.UserID, Account: "own"}, referral.Play)
	f.check(err)
	return fmt.Sprint(admission.Referral)
}

func startInbox(t *testing.T, books *postgres.Store) *postgres.Inbox {
	t.Helper()
	inbox := postgres.NewInbox(books, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { inbox.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return inbox
}

func (f *front) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// into reads a JSON answer.
func (a answer) into(t *testing.T, value any) {
	t.Helper()
	if err := json.Unmarshal(a.body, value); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// A problem is an answer that says what is wrong (RFC 9457).
type problem struct {
	Type, Title, Detail string
	Status              int
	Problems            []struct {
		Severity, Code, Path, Detail string
		Line, Column                 int
	}
}

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	var read problem
	a.into(t, &read)
	return read
}

// send makes a request as an integrator would, with the admin token and a JSON body. Headers are "Name: value", and replace
// those that are always sent; "Name:" leaves one out.
func (f *front) send(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	return f.sendReader(t, method, path, strings.NewReader(body), headers...)
}

func (f *front) sendReader(t *testing.T, method, path string, body io.Reader, headers ...string) answer {
	t.Helper()
	for name, value := range f.names {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	request := httptest.NewRequest(method, "http://api.test"+path, body)
	request.Header.Set("Authorization", "Bearer "+adminToken)
	if method == http.MethodPost || method == http.MethodPut {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Del(name)
		if value != "" {
			request.Header.Set(name, strings.TrimSpace(value))
		}
	}
	recorder := httptest.NewRecorder()
	f.handler.ServeHTTP(recorder, request)
	got := answer{recorder.Code, recorder.Result().Header, recorder.Body.Bytes()}
	holdAgainstContract(t, request, got)
	f.keepsSecrets(t, method+" "+path, got)
	return got
}

// keepsSecrets checks what holds for every answer and every line of the log.
func (f *front) keepsSecrets(t *testing.T, request string, got answer) {
	t.Helper()
	for _, secret := range []string{adminToken, botToken, webhookSecret, postSecret, string(pgtest.Key)} {
		if bytes.Contains(got.body, []byte(secret)) || strings.Contains(fmt.Sprint(got.header), secret) {
			t.Errorf("%s gives the secret %q away: %s", request, secret, got.body)
		}
		if strings.Contains(f.log.String(), secret) {
			t.Errorf("%s writes the secret %q to the log: %s", request, secret, f.log)
		}
	}
}

// refused checks that an answer is the problem of this type.
func refused(t *testing.T, got answer, status int, kind string) problem {
	t.Helper()
	if got.status != status {
		t.Fatalf("%d instead of %d: %s", got.status, status, got.body)
	}
	said := got.problem(t)
	if said.Type != "/problems/"+kind {
		t.Errorf("the problem is %q instead of %q: %s", said.Type, kind, got.body)
	}
	return said
}

// A textLog keeps what is logged.
type textLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *textLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *textLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
