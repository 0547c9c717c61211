package telegramtest

import (
	"net/url"
	"strings"
	"unicode/utf16"
)

// Telegram's limits, in UTF-16 units.
const (
	maxText    = 4096
	maxCaption = 1024
)

// A sending is a request to send something.
type sending interface {
	// fault is what no careful client would have sent; empty for nothing.
	fault() string
	// objection is what Telegram itself says about a content it won't send; empty for nothing.
	objection() string
	message() Message
}

type sendMessage struct {
	ChatID  *int64       `json:"chat_id"`
	Text    *string      `json:"text"`
	Preview *linkPreview `json:"link_preview_options"`
	Markup  *keyboard    `json:"reply_markup"`
}

type sendPhoto struct {
	ChatID  *int64    `json:"chat_id"`
	Photo   *string   `json:"photo"`
	Caption string    `json:"caption"`
	Markup  *keyboard `json:"reply_markup"`
}

type linkPreview struct {
	URL   string `json:"url"`
	Large bool   `json:"prefer_large_media"`
	Above bool   `json:"show_above_text"`
}

type keyboard struct {
	Rows    [][]key `json:"keyboard"`
	Resize  bool    `json:"resize_keyboard"`
	OneTime bool    `json:"one_time_keyboard"`
}

type key struct {
	Text *string `json:"text"`
}

func (s *sendMessage) fault() string {
	switch {
	case s.ChatID == nil || s.Text == nil:
		return "chat_id or text is missing"
	case s.Preview != nil && !isWebAddress(s.Preview.URL):
		return "the preview's url isn't a web address"
	}
	return s.Markup.fault()
}

func (s *sendMessage) objection() string {
	switch {
	case strings.TrimSpace(*s.Text) == "":
		return "message text is empty"
	case units(*s.Text) > maxText:
		return "message is too long"
	}
	return s.Markup.objection()
}

func (s *sendMessage) message() Message {
	message := Message{ChatID: *s.ChatID, Text: *s.Text, QuickReplies: s.Markup.keys()}
	if s.Preview != nil {
		message.Picture = s.Preview.URL
	}
	return message
}

func (s *sendPhoto) fault() string {
	if s.ChatID == nil || s.Photo == nil {
		return "chat_id or photo is missing"
	}
	return s.Markup.fault()
}

func (s *sendPhoto) objection() string {
	switch {
	case !isWebAddress(*s.Photo): // which Telegram then takes for the id of a file it has
		return "wrong file identifier/HTTP URL specified"
	case units(s.Caption) > maxCaption:
		return "message caption is too long"
	}
	return s.Markup.objection()
}

func (s *sendPhoto) message() Message {
	return Message{ChatID: *s.ChatID, Text: s.Caption, Picture: *s.Photo, Photo: true, QuickReplies: s.Markup.keys()}
}

// fault finds what Telegram puts up with and no person can use.
func (k *keyboard) fault() string {
	if k == nil {
		return ""
	}
	if len(k.Rows) == 0 {
		return "a keyboard without rows"
	}
	for _, row := range k.Rows {
		if len(row) == 0 {
			return "a row without keys"
		}
	}
	return ""
}

func (k *keyboard) objection() string {
	if k == nil {
		return ""
	}
	for _, row := range k.Rows {
		for _, key := range row {
			if key.Text == nil || strings.TrimSpace(*key.Text) == "" {
				return "can't parse keyboard button: its text must not be empty"
			}
		}
	}
	return ""
}

func (k *keyboard) keys() []string {
	if k == nil {
		return nil
	}
	var keys []string
	for _, row := range k.Rows {
		for _, key := range row {
			keys = append(keys, *key.Text)
		}
	}
	return keys
}

func isWebAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "http" || address.Scheme == "https") && address.Hostname() != ""
}

func units(text string) int { return len(utf16.Encode([]rune(text))) }
