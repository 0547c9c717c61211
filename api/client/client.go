// Package client asks the api over HTTP, for the commands that work on a running house. It knows the way a request is signed, how a
// problem is read and how a list is paged through; what is asked is the caller's business. A generated client would be
// thousands of lines for the dozen requests there are.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/millenniumm/referrals/api/openapi"
)

const (
	// answerWithin outlives the api's own bound of 10 s, so that it is the api that says what happened.
	answerWithin = 15 * time.Second
	// mostBody bounds an answer: the largest is a page of 200 long messages.
	mostBody = 64 << 20
	// pageSize is the most the api gives at once.
	pageSize = "200"
)

// A Client is one way to one api.
type Client struct {
	Base  string // "http://127.0.0.1:8080"
	Token string
	HTTP  *http.Client
}

// New makes a client that keeps so many connections open.
func New(base, token string, connections int) *Client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: connections, MaxIdleConnsPerHost: connections, IdleConnTimeout: 30 * time.Second,
	}
	return &Client{Base: strings.TrimSuffix(base, "/"), Token: token, HTTP: &http.Client{Timeout: answerWithin, Transport: transport}}
}

// A Problem is an answer that isn't a success.
type Problem struct {
	openapi.Problem
	RetryAfter time.Duration // 0 when the api named none
}

// Error says what went wrong and what to do, and each thing to mend on a line of its own.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail)
	if p.Problems != nil {
		for _, each := range *p.Problems {
			text += "\n  " + each.Path + ": " + each.Detail
		}
	}
	return text
}

// Is says whether err is a problem with this status.
func Is(err error, status int) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.Status == status
}

// errNoAnswer says that a request may or may not have arrived.
var errNoAnswer = errors.New("the api didn't answer")

// Passing says whether the same request may succeed later: the api is being restarted, is busy or can't reach its books.
func Passing(err error) bool {
	var problem *Problem
	if !errors.As(err, &problem) {
		return errors.Is(err, errNoAnswer) && !errors.Is(err, context.Canceled)
	}
	switch problem.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// A Request is what is sent besides the token.
type Request struct {
	Method, Path string
	Body         []byte
	Header       map[string]string
}

// Do sends a request and gives the answer's body and header. A *Problem when it isn't a success.
func (c *Client) Do(ctx context.Context, asked Request) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, asked.Method, c.Base+asked.Path, bytes.NewReader(asked.Body))
	if err != nil {
		return nil, nil, fmt.Errorf("ask the api: %w", err)
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	for name, value := range asked.Header {
		request.Header.Set(name, value)
	}
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostBody))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, nil, problemOf(answer, body)
	}
	return body, answer.Header, nil
}

// problemOf reads a problem document, or makes one of whatever a gateway in between said.
func problemOf(answer *http.Response, body []byte) *Problem {
	problem := &Problem{}
	if json.Unmarshal(body, &problem.Problem) != nil || problem.Title == "" {
		problem.Problem = openapi.Problem{
			Title: http.StatusText(answer.StatusCode), Detail: "this is no answer of the api's own: check its address",
		}
	}
	problem.Status = answer.StatusCode
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		problem.RetryAfter = time.Duration(seconds) * time.Second
	}
	return problem
}

// Call sends body as JSON, when there is one, and reads the answer into something, when that is wanted.
func (c *Client) Call(ctx context.Context, method, path string, body, into any) error {
	asked := Request{Method: method, Path: path, Header: map[string]string{"Content-Type": "application/json"}}
	if body != nil {
		var err error
		if asked.Body, err = json.Marshal(body); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	answer, _, err := c.Do(ctx, asked)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the api's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// A Page is a part of a list.
type Page[T any] struct {
	Items []T
	Next  string
}

// Pages gives a list's pages one after the other, until there are no more or take has seen enough. get does one request.
func Pages[T any](path string, query url.Values, get func(path string, into any) error, take func([]T) (more bool)) error {
	asked := url.Values{"limit": {pageSize}}
	for name, values := range query {
		asked[name] = values
	}
	for {
		var page Page[T]
		if err := get(path+"?"+asked.Encode(), &page); err != nil {
			return err
		}
		if !take(page.Items) || page.Next == "" {
			return nil
		}
		asked.Set("cursor", page.Next)
	}
}
