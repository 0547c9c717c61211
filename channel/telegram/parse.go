package telegram

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/millenniumm/referrals/channel"
)

// lastSecond is the end of the year 9999: later dates can't be written as JSON, and no message is that young.
const lastSecond = 253402300799

// An update is the part of Telegram's Update that says something about one person and our bot. Ids are int64: Telegram
// gives them up to 52 bits today and promises no more than 64.
type update struct {
	ID            *int64      `json:"update_id"`
	Message       *message    `json:"message"`
	CallbackQuery *callback   `json:"callback_query"`
	MyChatMember  *membership `json:"my_chat_member"`
}

type message struct {
	From    *user  `json:"from"`
	Chat    chat   `json:"chat"`
	Date    int64  `json:"date"` // seconds since 1970
	Text    string `json:"text"`
	Caption string `json:"caption"`
}

type callback struct {
	From    *user    `json:"from"`
	Message *message `json:"message"` // absent under inline messages, whose chat is unknown
	Data    string   `json:"data"`
}

type membership struct {
	From          *user `json:"from"`
	Chat          chat  `json:"chat"`
	Date          int64 `json:"date"`
	NewChatMember struct {
		Status string `json:"status"`
	} `json:"new_chat_member"`
}

type chat struct {
	Type string `json:"type"`
}

type user struct {
	ID           int64  `json:"id"`
	IsBot        bool   `json:"is_bot"`
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name"`
	Username     string `json:"username"`
	LanguageCode string `json:"language_code"`
}

// Parse reads one update, which is all a Telegram webhook holds. Only private chats count: a ref in a group belongs to
// nobody in particular. A deep link, an inline mode button and a hand all send the same "/start <ref>", so that is the
// one place a ref comes in.
func (Adapter) Parse(account channel.Account, body []byte) ([]channel.Event, error) {
	var incoming update
	if err := json.Unmarshal(body, &incoming); err != nil {
		return nil, fmt.Errorf("read telegram update: %w", err)
	}
	if incoming.ID == nil {
		return nil, errors.New("read telegram update: it has no update_id")
	}
	event, ok := incoming.event(account.ExternalID)
	if !ok {
		return nil, nil
	}
	event.ID = strconv.FormatInt(*incoming.ID, 10)
	return []channel.Event{event}, nil
}

func (u update) event(bot string) (channel.Event, bool) {
	switch {
	case u.Message != nil:
		return u.Message.event(bot)
	case u.CallbackQuery != nil:
		return u.CallbackQuery.event()
	case u.MyChatMember != nil:
		return u.MyChatMember.event()
	}
	return channel.Event{}, false
}

// event is an opening for /start and a message for anything else, also for a photo or a sticker, which have no text.
func (m message) event(bot string) (channel.Event, bool) {
	event := channel.Event{Kind: channel.Text, From: m.From.sender(), Text: m.Text, OccurredAt: occurred(m.Date)}
	if event.Text == "" {
		event.Text = m.Caption
	}
	if ref, ok := start(m.Text, bot); ok {
		event.Kind, event.Ref, event.Text = channel.Opening, ref, ""
	}
	return event, betweenUs(m.Chat, m.From)
}

// event has no time: the only one in the update is that of the message with the button, which may be months old.
func (c callback) event() (channel.Event, bool) {
	event := channel.Event{Kind: channel.Postback, From: c.From.sender(), Text: c.Data}
	return event, c.Message != nil && betweenUs(c.Message.Chat, c.From)
}

func (m membership) event() (channel.Event, bool) {
	event := channel.Event{From: m.From.sender(), OccurredAt: occurred(m.Date)}
	switch m.NewChatMember.Status {
	case "kicked":
		event.Kind = channel.Blocked
	case "member":
		event.Kind = channel.Unblocked
	}
	return event, event.Kind != "" && betweenUs(m.Chat, m.From)
}

// betweenUs says whether an update is from a person in their private chat with the bot, where chat and person have one id.
func betweenUs(where chat, who *user) bool {
	return where.Type == "private" && who != nil && who.ID != 0 && !who.IsBot
}

func (u *user) sender() channel.Sender {
	if u == nil {
		return channel.Sender{}
	}
	return channel.Sender{
		ExternalID: strconv.FormatInt(u.ID, 10),
		FirstName:  u.FirstName,
		LastName:   u.LastName,
		Username:   u.Username,
		Locale:     u.LanguageCode,
	}
}

// start reads "/start", "/start <ref>" and "/start@<bot> <ref>". The ref is the first word after the command, just as it
// came: people add words of their own. A command for another bot isn't ours.
func start(text, bot string) (ref string, ok bool) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return "", false
	}
	command, addressee, addressed := strings.Cut(words[0], "@")
	if !strings.EqualFold(command, "/start") || addressed && !strings.EqualFold(addressee, bot) {
		return "", false
	}
	if len(words) > 1 {
		ref = words[1]
	}
	return ref, true
}

func occurred(seconds int64) time.Time {
	if seconds <= 0 || seconds > lastSecond {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
