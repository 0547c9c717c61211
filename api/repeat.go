package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

// Once does a request at most once. What work's books write is kept together with its answer, or not at all. The same request gets the
// same answer; referral.ErrOtherRequest when its key was used for another one, referral.ErrUnderWay when it takes too long.
type Once func(ctx context.Context, request referral.Request, work func(books Books) (referral.Answer, error)) (
	answer referral.Answer, replayed bool, err error)

const (
	repeatHeader = "Idempotency-Key"
	// booksName is where the context of a repeatable request keeps the books its handler must use.
	booksName = "books"
)

// errRefused says that a request was answered with a problem: nothing of it is kept, and its key is free again.
var errRefused = errors.New("the request was refused")

// books are those a handler reads and writes: in a repeatable request, those that are kept together with its answer.
func (s *server) books(c *gin.Context) Books {
	if bound, ok := c.Get(booksName); ok {
		return bound.(Books)
	}
	return s.Books
}

// repeatable does a request that carries an Idempotency-Key at most once, and gives its repetitions the same answer.
func (s *server) repeatable(c *gin.Context) {
	key := c.GetHeader(repeatHeader)
	declared := s.contract.operation(c).Parameters.GetByInAndName("header", repeatHeader) != nil
	if key == "" || !declared || len(c.Request.Header.Values(repeatHeader)) > 1 {
		return // several are refused where parameters are read
	}
	if channel.CleanText(key) != key {
		held := item{Path: "header." + repeatHeader, Detail: "it holds NUL or what is no UTF-8 text"}
		s.problem(c, badRequest("The key must be text.", held))
		return
	}
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		s.problem(c, tooLarge)
		return
	}
	request := referral.Request{Bot: c.Param("bot"), Key: key, Fingerprint: fingerprintOf(c, body)}
	kept := &keptAnswer{ResponseWriter: c.Writer, header: http.Header{}, status: http.StatusOK}
	answer, replayed, err := s.Once(c.Request.Context(), request, func(books Books) (referral.Answer, error) {
		return kept.take(c, books, body)
	})
	switch {
	case errors.Is(err, errRefused):
		kept.send()
	case err != nil:
		s.fail(c, err, unknownBot)
	case replayed:
		c.Header("Idempotent-Replayed", "true")
		c.Data(answer.Status, "application/json; charset=utf-8", answer.Body)
		c.Abort()
	default:
		kept.send()
	}
}

// fingerprintOf is what a repetition must have in common with the first request.
func fingerprintOf(c *gin.Context, body []byte) []byte {
	who, address := callerOf(c).name(), c.Request.URL
	hash := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", who, c.Request.Method, address.EscapedPath(), address.RawQuery, body))
	return hash[:]
}

// A keptAnswer keeps what a handler answers until it is known whether it will come true.
type keptAnswer struct {
	gin.ResponseWriter
	header http.Header
	status int
	body   bytes.Buffer
}

// take lets the handler answer, with books and body of its own, and gives the answer if it is one to keep.
func (k *keptAnswer) take(c *gin.Context, books Books, body []byte) (referral.Answer, error) {
	c.Writer = k
	defer func() { c.Writer = k.ResponseWriter }() // also after a panic, which is answered elsewhere
	c.Set(booksName, books)
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	c.Next()
	if k.status/100 != 2 {
		return referral.Answer{}, errRefused
	}
	return referral.Answer{Status: k.status, Body: k.body.Bytes()}, nil
}

// send gives the answer to who asked.
func (k *keptAnswer) send() {
	for name, values := range k.header {
		k.ResponseWriter.Header()[name] = values
	}
	k.ResponseWriter.WriteHeader(k.status)
	_, _ = k.ResponseWriter.Write(k.body.Bytes()) // whoever asked may be gone
}

func (k *keptAnswer) Header() http.Header                  { return k.header }
func (k *keptAnswer) WriteHeader(status int)               { k.status = status }
func (k *keptAnswer) WriteHeaderNow()                      {}
func (k *keptAnswer) Write(part []byte) (int, error)       { return k.body.Write(part) }
func (k *keptAnswer) WriteString(part string) (int, error) { return k.body.WriteString(part) }
func (k *keptAnswer) Status() int                          { return k.status }
func (k *keptAnswer) Size() int                            { return k.body.Len() }
func (k *keptAnswer) Written() bool                        { return k.body.Len() > 0 }
