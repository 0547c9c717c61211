package telegram_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/channeltest"
	"github.com/millenniumm/referrals/channel/telegram"
	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

const (
	token        = "700100200:AA-invented_for_tests_0123456789abc"
	secret       = "webhook-secret-0123456789"
	secretHeader = "X-Telegram-Bot-Api-Secret-Token"
)

func account() channel.Account {
	return channel.Account{
		Bot:         "demo",
		Name:        "main",
		Channel:     telegram.Name,
		ExternalID:  "MillenniumDemoBot",
		Credentials: map[string]string{"token": token, "secret_token": secret},
	}
}

func TestConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		New:      func(client *http.Client) channel.Adapter { return telegram.Adapter{HTTP: client} },
		Account:  account(),
		Required: []string{"credentials.token", "credentials.secret_token", "external_id"},
		Checks:   checks(),
		Webhook: &channeltest.Webhook{
			Secret: "secret_token",
			Sign: func(account channel.Account, _ []byte) http.Header {
				return signature(account.Credentials["secret_token"])
			},
			Vectors:    []channeltest.Vector{{Name: "the documented header", Secret: "s3cret", Header: signature("s3cret"), Body: "{}"}},
			Golden:     golden(),
			Opening:    opening,
			Unreadable: unreadable(),
			Lacks: map[channeltest.Topic]string{
				channeltest.Batch: "an update is one event, and a request one update",
			},
		},
		Link: channeltest.Link{
			Want:   "https://t.me/MillenniumDemoBot?start=campaign1-cabcdefghij",
			Ref:    startParameter,
			Broken: func(account *channel.Account) { account.ExternalID = "bot/../other" },
		},
		Sending: channeltest.Sending{
			Platform:  func() channeltest.Platform { return platform{telegramtest.New(token)} },
			Recipient: "9007199254740993",
			Refused: map[string]string{
				"that is a name": "@somebody", "that is empty": "", "with a fraction": "1.5", "with a sign": "+5",
				"with a zero in front": "05", "too large": "9223372036854775808",
			},
			Table: table(),
			Quote: func(words string) channeltest.Answer { return refusal(400, "Bad Request: "+words, "") },
		},
	})
}

func signature(secret string) http.Header {
	header := http.Header{}
	header.Set(secretHeader, secret)
	return header
}

func startParameter(link string) string {
	parsed, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return parsed.Query().Get("start")
}

// platform is the fake in the words of the suite.
type platform struct{ *telegramtest.API }

func (p platform) Accepted() []channeltest.Accepted {
	var accepted []channeltest.Accepted
	for _, message := range p.Messages() {
		accepted = append(accepted, channeltest.Accepted{
			Recipient:    strconv.FormatInt(message.ChatID, 10),
			Text:         message.Text,
			Picture:      message.Picture,
			QuickReplies: message.QuickReplies,
			PlatformID:   strconv.FormatInt(message.ID, 10),
		})
	}
	return accepted
}

func checks() []channeltest.Check {
	credential := func(name, value string) func(*channel.Account) {
		return func(account *channel.Account) { account.Credentials[name] = value }
	}
	user := func(name string) func(*channel.Account) {
		return func(account *channel.Account) { account.ExternalID = name }
	}
	return []channeltest.Check{
		{Name: "short test token", Change: credential("token", "1:abc")},
		{Name: "token without a number", Change: credential("token", "AA-invented_for_tests_0123456789abc"), Fields: []string{"credentials.token"}},
		{Name: "token that climbs out of its path", Change: credential("token", "1:abc/../../other"), Fields: []string{"credentials.token"}},
		{Name: "token with a line feed", Change: credential("token", token+"\n"), Fields: []string{"credentials.token"}},
		{Name: "empty secret", Change: credential("secret_token", ""), Fields: []string{"credentials.secret_token"}},
		{Name: "secret of one character", Change: credential("secret_token", "s")},
		{Name: "longest secret", Change: credential("secret_token", strings.Repeat("s", 256))},
		{Name: "too long a secret", Change: credential("secret_token", strings.Repeat("s", 257)), Fields: []string{"credentials.secret_token"}},
		{Name: "secret with a space", Change: credential("secret_token", "not so secret"), Fields: []string{"credentials.secret_token"}},
		{Name: "user name with an @", Change: user("@MillenniumDemoBot"), Fields: []string{"external_id"}},
		{Name: "user name that is a link", Change: user("https://t.me/MillenniumDemoBot"), Fields: []string{"external_id"}},
		{Name: "shortest user name", Change: user("gif")},
		{Name: "too long a user name", Change: user(strings.Repeat("b", 33)), Fields: []string{"external_id"}},
	}
}

// ana writes in every golden update; her id is beyond what a float holds.
func ana() channel.Sender {
	return channel.Sender{ExternalID: "9007199254740993", FirstName: "Ana", LastName: "Ñúñez", Username: "ana", Locale: "es-419"}
}

// newYear is the date 1767225600 of the golden updates.
func newYear() time.Time { return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) }

const (
	anaJSON  = `{"id":9007199254740993,"is_bot":false,"first_name":"Ana","last_name":"Ñúñez","username":"ana","language_code":"es-419"}`
	chatJSON = `{"id":9007199254740993,"type":"private","first_name":"Ana"}`
	head     = `"message_id":41,"from":` + anaJSON + `,"chat":` + chatJSON + `,"date":1767225600`
)

func updateJSON(kind, content string) string {
	return fmt.Sprintf(`{"update_id":731200045,%q:%s}`, kind, content)
}

func messageJSON(text string) string {
	words, _ := json.Marshal(text) // a string always can be
	return updateJSON("message", `{`+head+`,"text":`+string(words)+`}`)
}

func opening(ref string) []byte { return []byte(messageJSON("/start " + ref)) }

func event(kind channel.Kind, ref, text string) []channel.Event {
	return []channel.Event{{
		ID: "731200045", Kind: kind, From: ana(), Ref: ref, Text: text,
		OccurredAt: newYear(),
	}}
}

func golden() []channeltest.Golden {
	const ref = "campaign1-cabcdefghij"
	var all []channeltest.Golden
	for _, topic := range [][]channeltest.Golden{openings(ref), writings(ref), others(), silent(ref)} {
		all = append(all, topic...)
	}
	return all
}

func openings(ref string) []channeltest.Golden {
	with := func(name, text, ref string) channeltest.Golden {
		topic := channeltest.OpeningWithRef
		if ref == "" {
			topic = channeltest.OpeningWithoutRef
		}
		return channeltest.Golden{Name: name, Topic: topic, Body: messageJSON(text), Want: event(channel.Opening, ref, "")}
	}
	return []channeltest.Golden{
		with("deep link", "/start "+ref, ref),
		with("addressed to the bot", "/start@MillenniumDemoBot "+ref, ref),
		with("addressed in other letter case", "/START@millenniumdemobot "+ref, ref),
		with("ref in other letter case, as it came", "/start Campaign1-CABCDEFGHIJ", "Campaign1-CABCDEFGHIJ"),
		with("words behind the ref", "/start "+ref+" hola, soy Ana", ref),
		with("another line behind the ref", "/start "+ref+"\nhola", ref),
		with("several spaces", "/start   "+ref+"  ", ref),
		with("hostile ref, as it came", "/start ../../'--", "../../'--"),
		with("start button", "/start", ""),
		with("start button with a space behind", "/start ", ""),
		with("addressed without a ref", "/start@MillenniumDemoBot", ""),
		{
			Name: "whole update, as Telegram sends them", Topic: channeltest.OpeningWithRef,
			Body: `{"update_id":731200046,"message":{"message_id":12,"from":{"id":5550123,"is_bot":false,"first_name":"Luz",
				"last_name":"Vega","username":"luzvega","language_code":"es"},"chat":{"id":5550123,"first_name":"Luz",
				"last_name":"Vega","username":"luzvega","type":"private"},"date":1767225600,"text":"/start ` + ref + `",
				"entities":[{"offset":0,"length":6,"type":"bot_command"}]}}`,
			Want: []channel.Event{{
				ID: "731200046", Kind: channel.Opening, Ref: ref, OccurredAt: newYear(),
				From: channel.Sender{ExternalID: "5550123", FirstName: "Luz", LastName: "Vega", Username: "luzvega", Locale: "es"},
			}},
		},
		{
			Name: "only what must be there", Topic: channeltest.OpeningWithRef,
			Body: `{"update_id":1,"message":{"from":{"id":7},"chat":{"type":"private"},"text":"/start ` + ref + `"}}`,
			Want: []channel.Event{{ID: "1", Kind: channel.Opening, Ref: ref, From: channel.Sender{ExternalID: "7"}}},
		},
	}
}

func writings(ref string) []channeltest.Golden {
	with := func(name, body, text string) channeltest.Golden {
		return channeltest.Golden{Name: name, Topic: channeltest.Writing, Body: body, Want: event(channel.Text, "", text)}
	}
	return []channeltest.Golden{
		with("words", messageJSON("¡Hola! ☕"), "¡Hola! ☕"),
		with("another command", messageJSON("/referir"), "/referir"),
		with("a command that begins alike", messageJSON("/starting "+ref), "/starting "+ref),
		with("start for another bot", messageJSON("/start@OtherBot "+ref), "/start@OtherBot "+ref),
		with("start in the middle", messageJSON("escribe /start "+ref), "escribe /start "+ref),
		with("photo with a caption", updateJSON("message", `{`+head+`,"photo":[{"file_id":"x"}],"caption":"mira"}`), "mira"),
		with("caption that looks like start", updateJSON("message", `{`+head+`,"photo":[],"caption":"/start x"}`), "/start x"),
		with("photo without words", updateJSON("message", `{`+head+`,"photo":[{"file_id":"x"}]}`), ""),
	}
}

func others() []channeltest.Golden {
	press := func(chat, data string) string {
		return updateJSON("callback_query", `{"id":"1","from":`+anaJSON+`,"message":{"message_id":5,"date":1400000000,"chat":`+chat+`}`+data+`}`)
	}
	pressed := event(channel.Postback, "", "referir")
	pressed[0].OccurredAt = time.Time{}
	game := event(channel.Postback, "", "")
	game[0].OccurredAt = time.Time{}
	member := func(chat, status string) string {
		return updateJSON("my_chat_member", `{"chat":`+chat+`,"from":`+anaJSON+
			`,"date":1767225600,"old_chat_member":{"status":"member"},"new_chat_member":{"user":{"id":700100200,"is_bot":true},"status":"`+status+`"}}`)
	}
	return []channeltest.Golden{
		{Name: "button", Topic: channeltest.Pressing, Body: press(chatJSON, `,"data":"referir"`), Want: pressed},
		{Name: "game", Topic: channeltest.Pressing, Body: press(chatJSON, `,"game_short_name":"chess"`), Want: game},
		{Name: "button in a group", Topic: channeltest.NotOurs, Body: press(groupJSON, `,"data":"referir"`)},
		{
			Name: "button of an inline message", Topic: channeltest.NotOurs,
			Body: updateJSON("callback_query", `{"id":"1","from":`+anaJSON+`,"inline_message_id":"9","data":"referir"}`),
		},
		{Name: "blocked", Topic: channeltest.Membership, Body: member(chatJSON, "kicked"), Want: event(channel.Blocked, "", "")},
		{Name: "came back", Topic: channeltest.Membership, Body: member(chatJSON, "member"), Want: event(channel.Unblocked, "", "")},
		{Name: "another status", Topic: channeltest.NotOurs, Body: member(chatJSON, "restricted")},
		{Name: "put out of a group", Topic: channeltest.NotOurs, Body: member(groupJSON, "kicked")},
		{
			Name: "update, chat and person", Topic: channeltest.LargeID,
			Body: `{"update_id":9223372036854775807,"message":{"from":{"id":9223372036854775806},"chat":{"id":9223372036854775806,"type":"private"},"text":"x"}}`,
			Want: []channel.Event{{ID: "9223372036854775807", Kind: channel.Text, Text: "x", From: channel.Sender{ExternalID: "9223372036854775806"}}},
		},
		{
			Name: "date beyond all calendars", Topic: channeltest.Writing,
			Body: `{"update_id":1,"message":{"date":9223372036854775807,"from":{"id":7},"chat":{"type":"private"},"text":"x"}}`,
			Want: []channel.Event{{ID: "1", Kind: channel.Text, Text: "x", From: channel.Sender{ExternalID: "7"}}},
		},
	}
}

const groupJSON = `{"id":-1001234567890,"type":"supergroup","title":"Amigos"}`

// silent are the updates that give no event.
func silent(ref string) []channeltest.Golden {
	none := func(topic channeltest.Topic, name, kind, content string) channeltest.Golden {
		return channeltest.Golden{Name: name, Topic: topic, Body: updateJSON(kind, content)}
	}
	start := `,"text":"/start ` + ref + `"}`
	group := `{"message_id":1,"from":` + anaJSON + `,"chat":` + groupJSON + `,"date":1767225600` + start
	return []channeltest.Golden{
		none(channeltest.Echo, "the bot's own message", "message", `{"from":{"id":700100200,"is_bot":true},"chat":`+chatJSON+start),
		none(channeltest.NotOurs, "start in a group", "message", group),
		none(channeltest.NotOurs, "message without a sender", "message", `{"message_id":1,"chat":`+chatJSON+start),
		none(channeltest.NotOurs, "edited message", "edited_message", `{`+head+start),
		none(channeltest.NotOurs, "channel post", "channel_post", `{"message_id":1,"chat":{"id":-1,"type":"channel"},"date":1`+start),
		none(channeltest.NotOurs, "message in somebody's business chat", "business_message", `{`+head+start),
		none(channeltest.UnknownType, "an update from the future", "hologram", `{"from":`+anaJSON+`,"chat":`+chatJSON+start),
		none(channeltest.UnknownType, "one of another shape", "hologram", `["message",1]`),
		{Name: "nothing but an id", Topic: channeltest.UnknownType, Body: `{"update_id":731200045}`},
	}
}

func unreadable() map[string]string {
	return map[string]string{
		"no update_id":                `{"message":{` + head + `,"text":"x"}}`,
		"update_id null":              `{"update_id":null}`,
		"update_id in quotes":         `{"update_id":"731200045"}`,
		"update_id with a fraction":   `{"update_id":1.5}`,
		"text that isn't a string":    updateJSON("message", `{`+head+`,"text":5}`),
		"something behind the update": `{"update_id":1} {"update_id":2}`,
	}
}

func refusal(code int, description, parameters string) channeltest.Answer {
	words, _ := json.Marshal(description) // a string always can be
	return channeltest.Answer{
		Status: code,
		Body:   fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%s%s}`, code, words, parameters),
	}
}

func table() []channeltest.Row {
	said := func(name string, code int, description string, want channel.Class) channeltest.Row {
		return channeltest.Row{
			Name: name, Answer: refusal(code, description, ""),
			Want: channel.SendError{Class: want, Code: strconv.Itoa(code)},
		}
	}
	return append([]channeltest.Row{
		said("blocked", 403, "Forbidden: bot was blocked by the user", channel.Gone),
		said("deactivated", 403, "Forbidden: user is deactivated", channel.Gone),
		said("never started", 403, "Forbidden: bot can't initiate conversation with a user", channel.Gone),
		said("chat not found", 400, "Bad Request: chat not found", channel.Gone),
		said("empty text", 400, "Bad Request: message text is empty", channel.Bad),
		said("long text", 400, "Bad Request: message is too long", channel.Bad),
		said("picture that isn't one", 400, "Bad Request: wrong type of the web page content", channel.Bad),
		said("picture out of reach", 400, "Bad Request: failed to get HTTP URL content", channel.Bad),
		said("picture without an address", 400, "Bad Request: wrong file identifier/HTTP URL specified", channel.Bad),
		said("another refusal", 413, "Request Entity Too Large", channel.Bad),
		said("wrong token", 401, "Unauthorized", channel.Config),
		said("malformed token", 404, "Not Found", channel.Config),
		said("polling elsewhere", 409, "Conflict: terminated by other getUpdates request", channel.Config),
		said("internal error", 500, "Internal Server Error: Request aborted", channel.Unknown),
		said("bad gateway of theirs", 502, "Bad Gateway", channel.Unknown),
	}, odd()...)
}

// odd are the rows that aren't merely a code.
func odd() []channeltest.Row {
	row := func(name string, answer channeltest.Answer, want channel.SendError) channeltest.Row {
		return channeltest.Row{Name: name, Answer: answer, Want: want}
	}
	page := func(status int) channeltest.Answer {
		return channeltest.Answer{Status: status, Body: "<html>nginx</html>"}
	}
	const tooMany = "Too Many Requests: retry after 35"
	wait := func(d time.Duration) channel.SendError {
		return channel.SendError{Class: channel.Throttle, Code: "429", RetryAfter: d}
	}
	busy := page(429)
	busy.Header = http.Header{"Retry-After": {"7"}}
	busyUntil := page(429)
	busyUntil.Header = http.Header{"Retry-After": {"Thu, 01 Jan 2099 00:00:00 GMT"}}
	headed := refusal(429, tooMany, "")
	headed.Header = http.Header{"Retry-After": {"35"}}
	refusedIn200 := refusal(403, "Forbidden: bot was blocked by the user", "")
	refusedIn200.Status = 200
	return []channeltest.Row{
		row("too many", refusal(429, tooMany, `,"parameters":{"retry_after":35}`), wait(35*time.Second)),
		row("too many without a time", refusal(429, tooMany, ""), wait(0)),
		row("too many for ever", refusal(429, tooMany, `,"parameters":{"retry_after":9223372036854775807}`), wait(24*time.Hour)),
		row("too many since ever", refusal(429, tooMany, `,"parameters":{"retry_after":-5}`), wait(0)),
		row("too many from a gateway", busy, wait(7*time.Second)),
		row("too many from a gateway, until a date", busyUntil, wait(0)),
		row("too many with the time in the header", headed, wait(35*time.Second)),
		row("redirect", page(302), channel.SendError{Class: channel.Config, Code: "302"}),
		row("group upgraded", refusal(400, "Bad Request: group chat was upgraded to a supergroup chat",
			`,"parameters":{"migrate_to_chat_id":-1001234567890}`), channel.SendError{Class: channel.Bad, Code: "400"}),
		row("refusal in a 200", refusedIn200, channel.SendError{Class: channel.Gone, Code: "403"}),
		row("refusal without a code", channeltest.Answer{Status: 200, Body: `{"ok":false}`}, channel.SendError{Class: channel.Unknown}),
		row("page in a 200", page(200), channel.SendError{Class: channel.Unknown}),
		row("nothing in a 200", channeltest.Answer{Status: 200}, channel.SendError{Class: channel.Unknown}),
		row("200 cut off", channeltest.Answer{Status: 200, Body: `{"ok":true,"resu`, Cut: true}, channel.SendError{Class: channel.Unknown}),
		row("gateway that forbids", page(403), channel.SendError{Class: channel.Config, Code: "403"}),
		row("gateway that knows no such page", page(404), channel.SendError{Class: channel.Config, Code: "404"}),
		row("gateway in trouble", page(502), channel.SendError{Class: channel.Unknown, Code: "502"}),
		row("ok in a 500", channeltest.Answer{Status: 500, Body: `{"ok":true}`}, channel.SendError{Class: channel.Unknown}),
		row("ok without an id", channeltest.Answer{Status: 200, Body: `{"ok":true,"result":true}`}, channel.SendError{}),
		row("ok in other words", channeltest.Answer{Status: 200, Body: `{"result":{"message_id":7,"new":[1]},"ok":true,"new":{}}`}, channel.SendError{}),
	}
}
