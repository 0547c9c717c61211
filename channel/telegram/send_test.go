package telegram_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/telegram"
	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

func sendTo(t *testing.T, address, text string) (channel.Receipt, *channel.SendError) {
	t.Helper()
	to := account()
	to.APIBaseURL = address
	receipt, err := telegram.Adapter{}.Send(t.Context(), to, "7", channel.Message{Text: text, Key: "delivery-1"})
	var failed *channel.SendError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("error %v, want a *SendError", err)
	}
	return receipt, failed
}

func TestSendToABaseAddressWithASlashAtItsEnd(t *testing.T) {
	api := telegramtest.New(token)
	server := httptest.NewServer(api)
	defer server.Close()
	receipt, failed := sendTo(t, server.URL+"/", "hello")
	if failed != nil || receipt.PlatformID != "1" || len(api.Messages()) != 1 {
		t.Errorf("receipt %+v, error %v, messages %+v", receipt, failed, api.Messages())
	}
}

func TestSendLeavesTheLengthOfATextToTelegram(t *testing.T) {
	server := httptest.NewServer(telegramtest.New(token))
	defer server.Close()
	for text, want := range map[string]bool{
		strings.Repeat("a", 4096): true,
		strings.Repeat("a", 4097): false,
		strings.Repeat("☕", 4096): true,
		strings.Repeat("🎁", 2049): false, // two UTF-16 units each
	} {
		_, failed := sendTo(t, server.URL, text)
		if want != (failed == nil) || failed != nil && failed.Class != channel.Bad {
			t.Errorf("%d bytes: error %v, want accepted %v", len(text), failed, want)
		}
	}
}

func TestSendNamesTheChatAGroupBecame(t *testing.T) {
	api := telegramtest.New(token)
	api.Script(telegramtest.Answer{Status: 400, Body: `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded",
		"parameters":{"migrate_to_chat_id":-1001234567890}}`})
	server := httptest.NewServer(api)
	defer server.Close()
	if _, failed := sendTo(t, server.URL, "hello"); failed == nil || !strings.Contains(failed.Detail, "-1001234567890") {
		t.Errorf("error %v, want it to name the new chat", failed)
	}
}

func TestSendRefusesABaseAddressThatIsNone(t *testing.T) {
	for _, address := range []string{"ftp://example.com", "example.com", "http://[::1", "http://me:password@example.com"} {
		if _, failed := sendTo(t, address, "hello"); failed == nil || failed.Class != channel.Config || strings.Contains(failed.Error(), token) {
			t.Errorf("%s: error %v, want a configuration problem without the token", address, failed)
		}
	}
}

func sent(t *testing.T, message channel.Message) telegramtest.Message {
	t.Helper()
	api := telegramtest.New(token)
	server := httptest.NewServer(api)
	defer server.Close()
	to := account()
	to.APIBaseURL = server.URL
	if _, err := (telegram.Adapter{}).Send(t.Context(), to, "7", message); err != nil {
		t.Fatalf("send: %v, faults %q", err, api.Faults())
	}
	return api.Messages()[0]
}

func TestAPictureIsAPhotoWhileItsTextFitsACaption(t *testing.T) {
	const picture = "https://example.com/a.png"
	for text, want := range map[string]bool{
		"": true, "hello": true,
		strings.Repeat("a", 1024): true,
		strings.Repeat("a", 1025): false,
		strings.Repeat("🎁", 512):  true, // two UTF-16 units each
		strings.Repeat("🎁", 513):  false,
		strings.Repeat("a", 4096): false,
	} {
		got := sent(t, channel.Message{Text: text, Picture: picture, Key: "delivery-1"})
		if got.Photo != want || got.Picture != picture || got.Text != text {
			t.Errorf("%d bytes: a photo %t, want %t; picture %q", len(text), got.Photo, want, got.Picture)
		}
	}
}

func TestWhatIsPostedToTelegram(t *testing.T) {
	long := strings.Repeat("a", 1025)
	for name, example := range map[string]struct {
		message channel.Message
		method  string
		want    string
	}{
		"a text alone": {channel.Message{Text: "hi"}, "sendMessage", `{"chat_id":7,"text":"hi"}`},
		"quick replies, two in a row": {
			channel.Message{Text: "hi", QuickReplies: []string{"a", "b", "c"}},
			"sendMessage",
			`{"chat_id":7,"text":"hi","reply_markup":{"keyboard":[[{"text":"a"},{"text":"b"}],[{"text":"c"}]],"resize_keyboard":true,"one_time_keyboard":true}}`,
		},
		"a picture": {
			channel.Message{Text: "hi", Picture: "https://example.com/a.png?b=1&c=2", QuickReplies: []string{"a"}},
			"sendPhoto",
			`{"chat_id":7,"photo":"https://example.com/a.png?b=1\u0026c=2","caption":"hi",` +
				`"reply_markup":{"keyboard":[[{"text":"a"}]],"resize_keyboard":true,"one_time_keyboard":true}}`,
		},
		"a picture over a long text": {
			channel.Message{Text: long, Picture: "https://example.com/a.png"},
			"sendMessage",
			`{"chat_id":7,"text":"` + long + `","link_preview_options":{"url":"https://example.com/a.png","prefer_large_media":true,"show_above_text":true}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var method, body string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				read, _ := io.ReadAll(r.Body)
				method, body = path.Base(r.URL.Path), string(read)
				_, _ = io.WriteString(w, `{"ok":true,"result":{"message_id":1}}`)
			}))
			defer server.Close()
			to := account()
			to.APIBaseURL = server.URL
			if _, err := (telegram.Adapter{}).Send(t.Context(), to, "7", example.message); err != nil {
				t.Fatal(err)
			}
			if method != example.method || body != example.want {
				t.Errorf("posted %s %s\nwant %s %s", method, body, example.method, example.want)
			}
		})
	}
}

func TestAPictureTelegramCantFetchSaysWhatToDo(t *testing.T) {
	for _, description := range []string{
		"Bad Request: wrong file identifier/HTTP URL specified", "Bad Request: failed to get HTTP URL content",
		"Bad Request: wrong type of the web page content",
	} {
		api := telegramtest.New(token)
		api.Script(telegramtest.Fail(400, description))
		server := httptest.NewServer(api)
		_, failed := sendTo(t, server.URL, "hello")
		server.Close()
		if failed == nil || failed.Class != channel.Bad ||
			!strings.Contains(failed.Detail, "could not fetch the picture") || !strings.Contains(failed.Detail, description) {
			t.Errorf("%s: error %v, want advice and the words as they came", description, failed)
		}
	}
}
