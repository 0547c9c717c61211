package telegram

import (
	"slices"
	"unicode/utf16"

	"github.com/millenniumm/referrals/channel"
)

// The methods a message goes out by.
const (
	methodMessage = "sendMessage"
	methodPhoto   = "sendPhoto"
)

const (
	maxCaption = 1024 // UTF-16 units of text that Telegram puts under a picture
	rowOfKeys  = 2    // quick replies side by side: three of 20 characters don't fit a phone
)

// A sendMessage is the body of the method of that name.
type sendMessage struct {
	ChatID  int64        `json:"chat_id"`
	Text    string       `json:"text"`
	Preview *linkPreview `json:"link_preview_options,omitempty"`
	Markup  *keyboard    `json:"reply_markup,omitempty"`
}

// A sendPhoto is the body of the method of that name. Telegram fetches the picture itself.
type sendPhoto struct {
	ChatID  int64     `json:"chat_id"`
	Photo   string    `json:"photo"`
	Caption string    `json:"caption,omitempty"`
	Markup  *keyboard `json:"reply_markup,omitempty"`
}

// A linkPreview shows the picture at an address, which need not stand in the text.
type linkPreview struct {
	URL   string `json:"url"`
	Large bool   `json:"prefer_large_media"`
	Above bool   `json:"show_above_text"`
}

// A keyboard stands in place of the contact's own until they press something; what they press is sent as if written.
type keyboard struct {
	Rows    [][]key `json:"keyboard"`
	Resize  bool    `json:"resize_keyboard"`
	OneTime bool    `json:"one_time_keyboard"`
}

type key struct {
	Text string `json:"text"`
}

// methodOf says how a message goes out, always in one call: a picture over a text too long for a caption is shown as the preview
// of a link.
func methodOf(chatID int64, message channel.Message) (method string, body any) {
	markup := keyboardOf(message.QuickReplies)
	if message.Picture == "" {
		return methodMessage, sendMessage{ChatID: chatID, Text: message.Text, Markup: markup}
	}
	if len(utf16.Encode([]rune(message.Text))) <= maxCaption {
		return methodPhoto, sendPhoto{ChatID: chatID, Photo: message.Picture, Caption: message.Text, Markup: markup}
	}
	preview := &linkPreview{URL: message.Picture, Large: true, Above: true}
	return methodMessage, sendMessage{ChatID: chatID, Text: message.Text, Preview: preview, Markup: markup}
}

// keyboardOf is nil for no quick replies: Telegram refuses an empty keyboard.
func keyboardOf(quickReplies []string) *keyboard {
	if len(quickReplies) == 0 {
		return nil
	}
	markup := &keyboard{Resize: true, OneTime: true}
	for replies := range slices.Chunk(quickReplies, rowOfKeys) {
		row := make([]key, len(replies))
		for i, reply := range replies {
			row[i] = key{Text: reply}
		}
		markup.Rows = append(markup.Rows, row)
	}
	return markup
}
