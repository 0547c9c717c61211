// Package telegramtest is a strict stand-in for the Telegram Bot API, for tests and for people who try the engine
// without a bot. It refuses what the real one would refuse and also what it would merely put up with, remembers every
// message, and can be told to fail, to dawdle or to keep an answer back while something is crashed on purpose.
package telegramtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const maxRequest = 1 << 20 // bytes

// A Message is one that the API took: for the person it has been sent.
type Message struct {
	ID           int64
	ChatID       int64
	Text         string   // also a photo's caption
	Picture      string   // the address of the photo or of the preview above the text; empty for none
	Photo        bool     // the picture came as a photo, and the text as its caption
	QuickReplies []string // the keys of the reply keyboard, row by row
}

// An Answer is how the API treats one message. The zero value is its ordinary, immediate acceptance.
type Answer struct {
	Status int           // HTTP status of a failure; 0 accepts
	Body   string        // the failure's body
	Delay  time.Duration // how long it takes, before anything is remembered
	Sent   bool          // the message goes out all the same: what the caller sees as an unknown outcome
	Drop   bool          // the connection is cut in place of an answer
}

// Fail is a failure as the Bot API words it.
func Fail(code int, description string) Answer {
	return Answer{Status: code, Body: failure(code, description, "")}
}

// TooManyRequests is the API's wish to be left alone for so many seconds.
func TooManyRequests(seconds int) Answer {
	description := fmt.Sprintf("Too Many Requests: retry after %d", seconds)
	parameters := fmt.Sprintf(`,"parameters":{"retry_after":%d}`, seconds)
	return Answer{Status: http.StatusTooManyRequests, Body: failure(http.StatusTooManyRequests, description, parameters)}
}

// BlockedByUser is the answer for somebody who blocked the bot.
func BlockedByUser() Answer {
	return Fail(http.StatusForbidden, "Forbidden: bot was blocked by the user")
}

// Lost sends the message and then cuts the connection: the caller can't know.
func Lost() Answer { return Answer{Sent: true, Drop: true} }

func failure(code int, description, parameters string) string {
	words, _ := json.Marshal(description) // a string always can be
	return fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%s%s}`, code, words, parameters)
}

// API is the Bot API of one bot. It is an http.Handler and safe for concurrent use.
type API struct {
	token string

	mu       sync.Mutex
	lastID   int64
	messages []Message
	faults   []string
	next     []Answer
	chats    map[int64]Answer
	gate     chan struct{} // answers wait until it is closed; nil when they don't
	changed  chan struct{} // closed and replaced whenever a message is remembered
}

// New gives the API of the bot with this token.
func New(token string) *API {
	return &API{token: token, chats: map[int64]Answer{}, changed: make(chan struct{})}
}

// Messages gives what was sent so far, in order.
func (a *API) Messages() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.messages)
}

// Faults gives what was wrong with requests that no correct client makes; a test that ends with any has failed.
func (a *API) Faults() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.faults)
}

// Wait returns the messages as soon as there are enough of them, or ctx's error with those there are.
func (a *API) Wait(ctx context.Context, enough func([]Message) bool) ([]Message, error) {
	for {
		messages, changed := a.watch()
		if enough(messages) {
			return messages, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return messages, fmt.Errorf("wait for telegram messages: %w", ctx.Err())
		}
	}
}

// WaitCount is Wait for a number of messages.
func (a *API) WaitCount(ctx context.Context, count int) ([]Message, error) {
	return a.Wait(ctx, func(messages []Message) bool { return len(messages) >= count })
}

func (a *API) watch() ([]Message, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.messages), a.changed
}

// Script sets how the next messages are treated, one answer each, after those already set; then all is ordinary again.
func (a *API) Script(answers ...Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next = append(a.next, answers...)
}

// ScriptChat sets how every message to one chat is treated; scripted next answers go before it, the zero Answer ends it.
func (a *API) ScriptChat(chatID int64, answer Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.chats[chatID] = answer
}

// Hold keeps every answer back from now on until release is called. Messages are remembered as they come, so a test
// waits for one, crashes its sender, and releases. Holding twice is holding once.
func (a *API) Hold() (release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gate == nil {
		a.gate = make(chan struct{})
	}
	return sync.OnceFunc(a.release)
}

func (a *API) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gate != nil {
		close(a.gate)
		a.gate = nil
	}
}

// ServeHTTP answers POST /bot<token>/sendMessage and …/sendPhoto, and refuses everything else.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, method := split(r.URL.Path)
	if token != a.token {
		write(w, Fail(http.StatusUnauthorized, "Unauthorized"))
		return
	}
	var asked sending
	switch method {
	case "sendMessage":
		asked = &sendMessage{}
	case "sendPhoto":
		asked = &sendPhoto{}
	default:
		a.refuse(w, http.StatusNotFound, "Not Found", fmt.Sprintf("there is no method %q here", method))
		return
	}
	a.send(w, r, asked)
}

func split(path string) (token, method string) {
	token, method, _ = strings.Cut(strings.TrimPrefix(path, "/bot"), "/")
	return token, method
}

func (a *API) send(w http.ResponseWriter, r *http.Request, asked sending) {
	fault := read(r, asked)
	if fault == "" {
		fault = asked.fault()
	}
	if fault != "" {
		a.refuse(w, http.StatusBadRequest, "Bad Request: "+fault, fault)
		return
	}
	if objection := asked.objection(); objection != "" {
		write(w, Fail(http.StatusBadRequest, "Bad Request: "+objection))
		return
	}
	a.treat(w, r, asked.message())
}

// read takes a request apart, more strictly than Telegram does: the fault says what a careful client wouldn't have sent.
func read(r *http.Request, asked sending) (fault string) {
	if r.Method != http.MethodPost {
		return "method " + r.Method + " where POST is meant"
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return "the content type isn't application/json"
	}
	if r.URL.RawQuery != "" {
		return "parameters in the address beside those in the body"
	}
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxRequest))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(asked); err != nil {
		return "can't parse JSON: " + err.Error()
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "something follows the JSON object"
	}
	return ""
}

func (a *API) treat(w http.ResponseWriter, r *http.Request, message Message) {
	answer := a.answer(message.ChatID)
	if !pause(r.Context(), answer.Delay) {
		return
	}
	if answer.Status == 0 && !answer.Drop || answer.Sent {
		message = a.remember(message)
	}
	if !a.pass(r.Context()) {
		return
	}
	if answer.Drop {
		panic(http.ErrAbortHandler) // net/http's own way to cut a connection
	}
	if answer.Status == 0 {
		answer = accepted(message)
	}
	write(w, answer)
}

func (a *API) answer(chatID int64) Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.next) == 0 {
		return a.chats[chatID]
	}
	answer := a.next[0]
	a.next = a.next[1:]
	return answer
}

func (a *API) remember(message Message) Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastID++
	message.ID = a.lastID
	a.messages = append(a.messages, message)
	close(a.changed)
	a.changed = make(chan struct{})
	return message
}

// pass waits for the gate, if there is one; false means that the caller has gone.
func (a *API) pass(ctx context.Context) bool {
	a.mu.Lock()
	gate := a.gate
	a.mu.Unlock()
	if gate == nil {
		return true
	}
	select {
	case <-gate:
		return true
	case <-ctx.Done():
		return false
	}
}

func pause(ctx context.Context, delay time.Duration) bool {
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (a *API) refuse(w http.ResponseWriter, status int, description, fault string) {
	a.mu.Lock()
	a.faults = append(a.faults, fault)
	a.mu.Unlock()
	write(w, Fail(status, description))
}

func accepted(message Message) Answer {
	text, _ := json.Marshal(message.Text) // a string always can be
	content := `"text":`
	if message.Photo {
		content = `"photo":[{"file_id":"AgAD","file_unique_id":"AQAD","width":90,"height":90}],"caption":`
	}
	return Answer{Status: http.StatusOK, Body: fmt.Sprintf(
		`{"ok":true,"result":{"message_id":%d,"chat":{"id":%d,"type":"private"},"date":%d,%s%s}}`,
		message.ID, message.ChatID, time.Now().Unix(), content, text,
	)}
}

func write(w http.ResponseWriter, answer Answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body) // a caller that has gone is no concern of the API
}
