package webchat

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/millenniumm/referrals/channel"
)

const (
	maxBody   = 64 << 10 // bytes of a POST: the longest text is 24,000 of them at the worst
	maxText   = 2000     // characters
	maxLocale = 35       // characters, from BCP 47
)

// What a browser's POST is refused for. Only the first two are a person's doing; everything else is a page that isn't ours as it is now.
var (
	textTooLong = &channel.Refusal{
		Kind:    "text_too_long",
		Spanish: "El mensaje es demasiado largo: caben 2.000 caracteres. Acórtalo o envíalo por partes.",
		English: "The message is too long: 2,000 characters fit. Shorten it, or send it in parts.",
	}
	textMissing = &channel.Refusal{
		Kind:    "text_missing",
		Spanish: "El mensaje está vacío: escribe algo antes de enviarlo.",
		English: "The message is empty: write something before you send it.",
	}
	bodyTooLarge = &channel.Refusal{
		Kind:    "too_large",
		Spanish: "Es demasiado para enviarlo de una vez. Recarga la página e inténtalo de nuevo.",
		English: "That is too much to send at once. Reload the page and try again.",
	}
	notUnderstood = &channel.Refusal{
		Kind:    "not_understood",
		Spanish: "Esta página no está al día: recárgala e inténtalo de nuevo.",
		English: "This page is out of date: reload it and try again.",
	}
)

// idPattern is what the page counts its own messages by.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// posted is what the page sends.
type posted struct {
	Visitor string       `json:"visitor"`
	ID      string       `json:"id"`
	Kind    channel.Kind `json:"kind"`
	Text    string       `json:"text"`
	Ref     string       `json:"ref"`
	Locale  string       `json:"locale"`
}

func decode(body []byte) (posted, error) {
	var said posted
	if err := json.Unmarshal(body, &said); err != nil {
		return posted{}, fmt.Errorf("read what the page sent: %w", err)
	}
	return said, nil
}

// Parse reads what the page sent. Every error is a *channel.Refusal, since a browser is told what is wrong.
func (Adapter) Parse(_ channel.Account, body []byte) ([]channel.Event, error) {
	if len(body) > maxBody {
		return nil, bodyTooLarge
	}
	said, err := decode(body)
	if err != nil {
		return nil, notUnderstood
	}
	if refused := said.check(); refused != nil {
		return nil, refused
	}
	event := channel.Event{
		ID: said.Visitor + "/" + said.ID, Kind: said.Kind,
		From: channel.Sender{ExternalID: said.Visitor, Locale: said.Locale},
	}
	if said.Kind == channel.Opening {
		event.Ref = said.Ref
	} else {
		event.Text, event.Line = said.Text, true
	}
	return []channel.Event{event}, nil
}

func (p posted) check() *channel.Refusal {
	switch {
	case !visitorPattern.MatchString(p.Visitor), !idPattern.MatchString(p.ID), p.Kind != channel.Opening && p.Kind != channel.Text:
		return notUnderstood
	case utf8.RuneCountInString(p.Locale) > maxLocale:
		return notUnderstood
	case p.Kind == channel.Text && strings.TrimSpace(p.Text) == "":
		return textMissing
	case p.Kind == channel.Text && utf8.RuneCountInString(p.Text) > maxText:
		return textTooLong
	}
	return nil
}
