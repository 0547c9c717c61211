package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/referral"
)

// linesAtOnce is how many lines are read at once, and how far back a page looks that has none yet.
const linesAtOnce = 200

// comeBackWhenFull is when a page may ask again for a stream of a process that has no room for it.
const comeBackWhenFull = 5 * time.Second

// A pace is how long requests may take, and how often streams do what nobody asks them to.
type pace struct {
	answer time.Duration // of any request but a stream
	poll   time.Duration // an announcement may get lost: look whether there is something anyway
	beat   time.Duration // something has to be written, or proxies take the stream for dead
	write  time.Duration // a reader that takes nothing for so long is gone
	read   time.Duration // of the books
}

var usualPace = pace{answer: answerWithin, poll: 3 * time.Second, beat: 15 * time.Second, write: 10 * time.Second, read: 5 * time.Second}

var (
	fullOfStreams  = newProblem("too_many_streams")
	strangeVisitor = newProblem("unknown_visitor")
	unknownChat    = newProblem("unknown_chat")
)

// A chatLine is a line as the page gets it.
type chatLine struct {
	Line         int64          `json:"line"`
	Key          string         `json:"key"`
	Author       channel.Author `json:"author"`
	Text         string         `json:"text"`
	Picture      string         `json:"picture"`
	QuickReplies []string       `json:"quick_replies"`
	At           time.Time      `json:"at"`
}

// A chatReady says that the page has seen all there was, and how often it hears something from now on, in milliseconds.
type chatReady struct {
	Last int64 `json:"last"`
	Beat int64 `json:"beat"`
}

// stream tells a visitor's page what is said, from the line it has seen last, until the page goes.
func (s *server) stream(c *gin.Context) {
	looking, cancel := context.WithTimeout(c.Request.Context(), s.pace.read)
	account, err := s.chatAccount(looking, c.Param("bot"), c.Param("account"))
	cancel()
	if errors.Is(err, referral.ErrNotFound) {
		s.problem(c, unknownChat)
		return
	}
	if err != nil { // a browser takes any answer but 200 as final: an empty stream has it ask again
		s.Log.Error("a stream could not begin", "path", c.Request.URL.Path, "error", err)
		_ = newEvents(c.Writer, s.pace.write).begin(spread(5 * time.Second))
		return
	}
	visitor := c.Query("visitor")
	if !webchat.IsVisitor(account, s.place(), visitor, c.Request.Header, time.Now()) {
		s.problem(c, strangeVisitor)
		return
	}
	after, ok := cursorOf(c)
	if !ok {
		s.problem(c, badRequest("Where the stream should go on is not the number of a line: leave it out to begin with the latest lines."))
		return
	}
	s.follow(c, channel.Chat{Bot: account.Bot, Account: account.Name, Visitor: visitor}, after)
}

// cursorOf reads the last line the page has: what its browser says when it comes back, or what the page says.
func cursorOf(c *gin.Context) (int64, bool) {
	text := c.GetHeader("Last-Event-ID")
	if text == "" {
		text = c.Query("after")
	}
	if text == "" {
		return 0, true
	}
	after, err := strconv.ParseInt(text, 10, 64)
	return after, err == nil && after >= 0
}

func (s *server) follow(c *gin.Context, chat channel.Chat, after int64) {
	ctx, end := context.WithCancel(c.Request.Context())
	defer end()
	mine, err := s.streams.begin(chat, end) // before the first look, so that nothing said after it is missed
	if errors.Is(err, errFull) {
		c.Header("Retry-After", strconv.Itoa(int(spread(comeBackWhenFull).Seconds())))
		s.problem(c, fullOfStreams)
		return
	}
	defer s.streams.leave(chat, mine)
	out := newEvents(c.Writer, s.pace.write)
	defer out.release()
	if beginning := out.begin(spread(time.Second)); err != nil || beginning != nil {
		return
	}
	reader := &chatReader{server: s, chat: chat, after: after, out: out, mine: mine}
	reader.run(ctx)
}

// spread adds up to two seconds, so that not everybody comes back at the same moment.
func spread(pause time.Duration) time.Duration {
	return pause + rand.N(2*time.Second) //nolint:gosec // nobody gains from guessing it
}

// A chatReader is a stream at work.
type chatReader struct {
	server  *server
	chat    channel.Chat
	after   int64 // the last line written
	ready   bool  // the page was told that it has seen everything there was
	failing bool  // the books could not be read when last tried
	mine    *stream
	out     *events
}

// run writes what is said until the page goes or the stream is ended. While nothing is said it holds no connection to the books.
func (r *chatReader) run(ctx context.Context) {
	beat := time.NewTicker(r.server.pace.beat)
	defer beat.Stop()
	for err := r.catchUp(ctx); err == nil; {
		select {
		case <-r.mine.bell:
			err = r.catchUp(ctx)
		case <-beat.C:
			err = r.out.beat()
		case <-ctx.Done():
			return
		}
	}
}

// catchUp writes the lines there are. It fails only when they can't be written: books that can't be read are tried again at the next poll.
func (r *chatReader) catchUp(ctx context.Context) error {
	for {
		lines, err := r.read(ctx)
		if err != nil {
			if !r.failing && ctx.Err() == nil {
				r.server.Log.Warn("a chat can't be read: trying again", "bot", r.chat.Bot, "account", r.chat.Account, "error", err)
			}
			r.failing = true
			r.mine.seen.Store(unread)
			return nil
		}
		r.failing = false
		if err := r.write(lines); err != nil {
			return err
		}
		if len(lines) < linesAtOnce {
			r.mine.seen.Store(r.after)
			return r.sayReady()
		}
	}
}

func (r *chatReader) read(ctx context.Context) ([]channel.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, r.server.pace.read)
	defer cancel()
	if r.after == 0 && !r.ready { // a page that has been told that nothing was said wants all that is
		return r.server.Books.LatestLines(ctx, r.chat, linesAtOnce)
	}
	return r.server.Books.Lines(ctx, r.chat, r.after, linesAtOnce)
}

func (r *chatReader) write(lines []channel.Line) error {
	for _, line := range lines {
		replies := line.QuickReplies
		if replies == nil {
			replies = []string{}
		}
		err := r.out.event(line.Number, "line", chatLine{
			Line: line.Number, Key: line.Key, Author: line.Author, Text: line.Text,
			Picture: line.Picture, QuickReplies: replies, At: line.At,
		})
		if err != nil {
			return err
		}
		r.after = line.Number
	}
	if len(lines) == 0 {
		return nil
	}
	return r.out.flush()
}

func (r *chatReader) sayReady() error {
	if r.ready {
		return nil
	}
	r.ready = true
	if err := r.out.event(0, "ready", chatReady{Last: r.after, Beat: r.server.pace.beat.Milliseconds()}); err != nil {
		return err
	}
	return r.out.flush()
}

// events writes server-sent events to a reader who may have gone without a word.
type events struct {
	to      gin.ResponseWriter
	control *http.ResponseController
	within  time.Duration
}

func newEvents(to gin.ResponseWriter, within time.Duration) *events {
	return &events{to: to, control: http.NewResponseController(to), within: within}
}

// begin opens the stream, and says how long a browser waits before it comes back to one that ended.
func (e *events) begin(comeBackAfter time.Duration) error {
	header := e.to.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	header.Set("X-Content-Type-Options", "nosniff")
	e.to.WriteHeader(http.StatusOK)
	if err := e.write(fmt.Sprintf("retry: %d\n\n", comeBackAfter.Milliseconds())); err != nil {
		return err
	}
	return e.flush()
}

// event writes one; without an id the browser's place in the stream stays as it is.
func (e *events) event(id int64, name string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	text := "event: " + name + "\ndata: " + string(body) + "\n\n"
	if id > 0 {
		text = "id: " + strconv.FormatInt(id, 10) + "\n" + text
	}
	return e.write(text)
}

// beat writes an event of which the page learns that the connection is alive: comments it doesn't get to see.
func (e *events) beat() error {
	if err := e.event(0, "beat", struct{}{}); err != nil {
		return err
	}
	return e.flush()
}

func (e *events) write(text string) error {
	if err := possible(e.control.SetWriteDeadline(time.Now().Add(e.within))); err != nil {
		return err
	}
	_, err := io.WriteString(e.to, text)
	return err
}

func (e *events) flush() error { return e.control.Flush() }

// release lets the connection be used for other requests.
func (e *events) release() { _ = e.control.SetWriteDeadline(time.Time{}) }

// possible passes over that a writer has no deadlines to set, a test's recorder say.
func possible(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
