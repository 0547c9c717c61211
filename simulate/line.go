package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

// The channels a campaign is played over.
const (
	Generic  = "generic"
	Telegram = "telegram"
)

const account = "sim"

// A line is the platform between people and the house.
type line interface {
	// account is how the bot is connected to it.
	account() openapi.PutAccount
	// link is what its links begin with, up to the ref.
	link() string
	// request is the webhook of a visit that opens ref, if it opens anything.
	request(bot string, visit Visit, person Person, ref string) (client.Request, error)
}

// externalID is a person's id on the platform, and whoIs its inverse. Telegram's ids are numbers, so all are.
func externalID(who int) int64 { return firstID + int64(who) }

func whoIs(externalID string) (int, bool) {
	id, err := strconv.ParseInt(externalID, 10, 64)
	return int(id - firstID), err == nil && id >= firstID
}

const firstID = 7_000_000_000

// genericLine is a bot hosted elsewhere that reports its events.
type genericLine struct{}

const genericLink = "https://bot.example.com/?ref="

func (genericLine) link() string { return genericLink }

func (genericLine) account() openapi.PutAccount {
	return openapi.PutAccount{Channel: Generic, Settings: &map[string]string{"link": genericLink + "{ref}"}}
}

func (genericLine) request(bot string, visit Visit, person Person, ref string) (client.Request, error) {
	event := openapi.NewEvent{Id: "visit-" + strconv.Itoa(visit.Number), Account: account}
	event.Contact.ExternalId, event.Contact.Name = strconv.FormatInt(externalID(visit.Who), 10), &person.Name
	if text := visit.text(); text != "" {
		event.Text = &text
	} else {
		event.Ref = &ref
	}
	body, err := json.Marshal(event)
	return client.Request{
		Method: http.MethodPost, Path: "/v1/bots/" + bot + "/events", Body: body,
		Header: map[string]string{"Content-Type": "application/json"},
	}, err
}

// text is what a visit writes; openings write nothing.
func (v Visit) text() string {
	switch v.Deed {
	case Greets:
		return "hello"
	case AsksForLink:
		return keyword
	}
	return ""
}

// telegramLine is the strict fake of Telegram's Bot API on loopback, with everybody's chats.
type telegramLine struct {
	fake    *telegramtest.API
	server  *http.Server
	address string
}

const (
	telegramBot    = "simulation_bot"
	telegramToken  = "1:AAAAAAAAAAAAAAAAAAAAAAAA"
	telegramSecret = "simulated"
	// telegramDate is when everything was written, in seconds since 1970: what comes twice must be the same twice.
	telegramDate = 1_767_225_600
)

// startTelegram starts the fake; the house's worker must reach it at address.
func startTelegram(address string) (*telegramLine, error) {
	listener, err := net.Listen("tcp", address) //nolint:noctx // it lasts as long as the campaign
	if err != nil {
		return nil, fmt.Errorf("start a stand-in for Telegram: %w", err)
	}
	fake := telegramtest.New(telegramToken)
	l := &telegramLine{fake: fake, address: listener.Addr().String()}
	l.server = &http.Server{Handler: fake, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := l.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // the listener is ours, and open
		}
	}()
	return l, nil
}

func (l *telegramLine) close() { _ = l.server.Close() }

func (l *telegramLine) link() string { return "https://t.me/" + telegramBot + "?start=" }

func (l *telegramLine) account() openapi.PutAccount {
	name, base := telegramBot, "http://"+l.address
	return openapi.PutAccount{
		Channel: Telegram, ExternalId: &name, ApiBaseUrl: &base,
		Credentials: &map[string]string{"token": telegramToken, "secret_token": telegramSecret},
	}
}

func (l *telegramLine) request(bot string, visit Visit, person Person, ref string) (client.Request, error) {
	text := visit.text()
	if text == "" {
		text = "/start " + ref
	}
	id := externalID(visit.Who)
	body, err := json.Marshal(map[string]any{
		"update_id": visit.Number,
		"message": map[string]any{
			"message_id": visit.Number, "date": telegramDate, "text": text,
			"from": map[string]any{"id": id, "is_bot": false, "first_name": person.Name, "language_code": "en"},
			"chat": map[string]any{"id": id, "type": "private", "first_name": person.Name},
		},
	})
	return client.Request{
		Method: http.MethodPost, Path: "/webhooks/telegram/" + bot + "/" + account, Body: body,
		Header: map[string]string{"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": telegramSecret},
	}, err
}
