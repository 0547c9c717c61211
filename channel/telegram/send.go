package telegram

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millenniumm/referrals/channel"
)

const defaultBaseURL = "https://api.telegram.org"

// Codes of sends refused before any call.
const (
	codeAccount   = "account"
	codeRecipient = "recipient"
)

// A reply is what the Bot API answers to any method.
type reply struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	ErrorCode   int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  struct {
		RetryAfter      int64 `json:"retry_after"` // seconds
		MigrateToChatID int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

// Send makes one attempt to send a message to the private chat of the person whose id is recipient. Telegram has no
// idempotency key: an attempt whose answer was lost is Unknown, never Retry.
func (a Adapter) Send(ctx context.Context, account channel.Account, recipient string, message channel.Message) (channel.Receipt, error) {
	request, failed := newRequest(ctx, account, recipient, message)
	if failed != nil {
		return channel.Receipt{}, failed
	}
	token := account.Credentials[credentialToken]
	answer, failed := channel.Do(a.HTTP, request, token)
	if failed != nil {
		return channel.Receipt{}, failed
	}
	return outcome(answer, token)
}

func newRequest(ctx context.Context, account channel.Account, recipient string, message channel.Message) (*http.Request, *channel.SendError) {
	chatID, err := strconv.ParseInt(recipient, 10, 64)
	if err != nil || strconv.FormatInt(chatID, 10) != recipient {
		return nil, &channel.SendError{Class: channel.Bad, Code: codeRecipient, Detail: "the recipient isn't a Telegram chat id"}
	}
	method, content := methodOf(chatID, message)
	address, failed := endpoint(account, method)
	if failed != nil {
		return nil, failed
	}
	body, err := json.Marshal(content)
	if err != nil {
		return nil, &channel.SendError{Class: channel.Bad, Code: codeRecipient, Detail: "the message can't be written as JSON"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, misconfigured("its api_base_url can't be used") // err would quote the address and the token in it
	}
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

// endpoint gives the address of a method, which has the token in it. A token of another shape is refused, since it
// could lead the call elsewhere.
func endpoint(account channel.Account, method string) (string, *channel.SendError) {
	token := account.Credentials[credentialToken]
	if !tokenPattern.MatchString(token) {
		return "", misconfigured("its token isn't a bot token")
	}
	base := account.APIBaseURL
	if base == "" {
		base = defaultBaseURL
	}
	address, err := url.JoinPath(base, "bot"+token, method)
	if err != nil || len(account.CheckBaseURL()) > 0 {
		return "", misconfigured("its api_base_url can't be used")
	}
	return address, nil
}

func misconfigured(why string) *channel.SendError {
	return &channel.SendError{Class: channel.Config, Code: codeAccount, Detail: "the account can't send: " + why}
}

// outcome reads an answer. Only Telegram's own words count as such: a gateway's 403 must not mark a contact as gone.
func outcome(answer channel.Answer, token string) (channel.Receipt, error) {
	var said reply
	err := json.Unmarshal(answer.Body, &said)
	switch {
	case err == nil && said.OK && answer.Status/100 == 2:
		return channel.Receipt{PlatformID: messageID(said.Result)}, nil
	case err == nil && !said.OK && said.ErrorCode != 0:
		return channel.Receipt{}, said.failure(answer, token)
	}
	return channel.Receipt{}, foreign(answer)
}

// messageID is empty when it can't be read: the message was sent all the same.
func messageID(result json.RawMessage) string {
	var sent struct {
		MessageID json.Number `json:"message_id"`
	}
	if json.Unmarshal(result, &sent) != nil {
		return ""
	}
	return sent.MessageID.String()
}

func (r reply) failure(answer channel.Answer, token string) *channel.SendError {
	failed := &channel.SendError{
		Class:  classify(r.ErrorCode, r.Description),
		Code:   strconv.Itoa(r.ErrorCode),
		Detail: channel.Redact(explained(r.Description), token),
	}
	if failed.Class == channel.Throttle {
		failed.RetryAfter = channel.Wait(r.Parameters.RetryAfter)
		if failed.RetryAfter == 0 {
			failed.RetryAfter = retryAfter(answer)
		}
	}
	if moved := r.Parameters.MigrateToChatID; moved != 0 {
		failed.Detail = fmt.Sprintf("%s (migrate_to_chat_id %d)", failed.Detail, moved)
	}
	return failed
}

// pictureFaults are Telegram's words for a picture it could not fetch or show.
var pictureFaults = []string{
	"wrong file identifier/http url specified", "wrong remote file identifier specified", "failed to get http url content",
	"wrong type of the web page content",
}

// explained puts what to do before words of Telegram's that don't say it.
func explained(description string) string {
	fault := func(words string) bool { return strings.Contains(strings.ToLower(description), words) }
	if slices.ContainsFunc(pictureFaults, fault) {
		return "Telegram could not fetch the picture: its address must lead everybody to a JPEG or PNG of at most 5 MB (" + description + ")"
	}
	return description
}

// classify follows the source of telegram-bot-api. A chat that isn't there shares its code with requests that are wrong:
// only the words tell them apart.
func classify(code int, description string) channel.Class {
	switch {
	case code == http.StatusTooManyRequests:
		return channel.Throttle
	case code == http.StatusForbidden:
		return channel.Gone
	case code == http.StatusUnauthorized, code == http.StatusNotFound, code == http.StatusConflict:
		return channel.Config
	case code == http.StatusBadRequest && strings.Contains(strings.ToLower(description), "chat not found"):
		return channel.Gone
	case code/100 == 4:
		return channel.Bad
	}
	return channel.Unknown
}

// foreign classifies an answer that isn't the Bot API's: a gateway that is busy, something else at that address, or an
// answer cut off, after which the message may have been sent.
func foreign(answer channel.Answer) *channel.SendError {
	failed := &channel.SendError{
		Class:  channel.Unknown,
		Code:   strconv.Itoa(answer.Status),
		Detail: "the answer isn't the Bot API's",
	}
	switch {
	case answer.Status == http.StatusTooManyRequests:
		failed.Class, failed.RetryAfter = channel.Throttle, retryAfter(answer)
	case answer.Status/100 == 3, answer.Status/100 == 4:
		failed.Class = channel.Config
	}
	return failed
}

// retryAfter takes only seconds: a date would need a clock, and no Bot API server sends one.
func retryAfter(answer channel.Answer) time.Duration {
	return channel.RetryAfter(answer.Header, time.Time{})
}
