package telegramtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

const (
	token = "1:abc"
	path  = "/bot" + token + "/sendMessage"
)

func setup(t *testing.T) (*telegramtest.API, *httptest.Server) {
	t.Helper()
	api := telegramtest.New(token)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return api, server
}

func call(t *testing.T, server *httptest.Server, method, path, contentType, body string) (status int, answer string, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := server.Client().Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, string(read), err
}

func send(t *testing.T, server *httptest.Server, body string) (int, string, error) {
	t.Helper()
	return call(t, server, http.MethodPost, path, "application/json", body)
}

func TestWhatTheAPITakesAndRefuses(t *testing.T) {
	const ok, kind = `{"chat_id":7,"text":"hola"}`, "application/json"
	for _, example := range []struct {
		name, method, path, kind, body string
		status, faults                 int
	}{
		{"right request", "POST", path, kind, ok, 200, 0},
		{"right request with a charset", "POST", path, kind + "; charset=utf-8", ok, 200, 0},
		{"another token", "POST", "/bot2:abc/sendMessage", kind, ok, 401, 0},
		{"no token", "POST", "/sendMessage", kind, ok, 401, 0},
		{"another method", "POST", "/bot" + token + "/sendVideo", kind, ok, 404, 1},
		{"more path", "POST", path + "/x", kind, ok, 404, 1},
		{"GET", "GET", path, kind, ok, 400, 1},
		{"a form", "POST", path, "application/x-www-form-urlencoded", "chat_id=7&text=hola", 400, 1},
		{"no content type", "POST", path, "", ok, 400, 1},
		{"parameters in the address", "POST", path + "?chat_id=7", kind, ok, 400, 1},
		{"not JSON", "POST", path, kind, "hola", 400, 1},
		{"chat id in quotes", "POST", path, kind, `{"chat_id":"7","text":"hola"}`, 400, 1},
		{"chat id missing", "POST", path, kind, `{"text":"hola"}`, 400, 1},
		{"text missing", "POST", path, kind, `{"chat_id":7}`, 400, 1},
		{"a field that isn't Telegram's", "POST", path, kind, `{"chat_id":7,"text":"hola","key":"x"}`, 400, 1},
		{"two objects", "POST", path, kind, ok + ok, 400, 1},
		{"empty text", "POST", path, kind, `{"chat_id":7,"text":" "}`, 400, 0},
		{"long text", "POST", path, kind, `{"chat_id":7,"text":"` + strings.Repeat("a", 4097) + `"}`, 400, 0},
	} {
		t.Run(example.name, func(t *testing.T) {
			api, server := setup(t)
			status, answer, err := call(t, server, example.method, example.path, example.kind, example.body)
			if err != nil || status != example.status || len(api.Faults()) != example.faults {
				t.Errorf("status %d, answer %s, faults %q, error %v", status, answer, api.Faults(), err)
			}
			if taken := len(api.Messages()) == 1; taken != (example.status == 200) {
				t.Errorf("messages %+v", api.Messages())
			}
		})
	}
}

func TestPicturesAndKeyboardsTheAPITakesAndRefuses(t *testing.T) {
	const photos, messages = "/bot" + token + "/sendPhoto", path
	for _, example := range []struct {
		name, path, body string
		status, faults   int
		want             telegramtest.Message
	}{
		{
			"photo", photos, `{"chat_id":7,"photo":"https://example.com/a.png","caption":"hola"}`, 200, 0,
			telegramtest.Message{ID: 1, ChatID: 7, Text: "hola", Picture: "https://example.com/a.png", Photo: true},
		},
		{
			"photo without a caption", photos, `{"chat_id":7,"photo":"http://example.com/a.png"}`, 200, 0,
			telegramtest.Message{ID: 1, ChatID: 7, Picture: "http://example.com/a.png", Photo: true},
		},
		{
			"longest caption", photos, `{"chat_id":7,"photo":"https://example.com/","caption":"` + strings.Repeat("🎁", 512) + `"}`, 200, 0,
			telegramtest.Message{ID: 1, ChatID: 7, Text: strings.Repeat("🎁", 512), Picture: "https://example.com/", Photo: true},
		},
		{"too long a caption", photos, `{"chat_id":7,"photo":"https://example.com/","caption":"` + strings.Repeat("🎁", 512) + `a"}`, 400, 0, telegramtest.Message{}},
		{"photo that isn't an address", photos, `{"chat_id":7,"photo":"AgADBAAD"}`, 400, 0, telegramtest.Message{}},
		{"photo on another protocol", photos, `{"chat_id":7,"photo":"ftp://example.com/a.png"}`, 400, 0, telegramtest.Message{}},
		{"photo missing", photos, `{"chat_id":7,"caption":"hola"}`, 400, 1, telegramtest.Message{}},
		{"photo with a text", photos, `{"chat_id":7,"photo":"https://example.com/","text":"hola"}`, 400, 1, telegramtest.Message{}},
		{
			"text with a preview", messages,
			`{"chat_id":7,"text":"hola","link_preview_options":{"url":"https://example.com/a.png","prefer_large_media":true,"show_above_text":true}}`, 200, 0,
			telegramtest.Message{ID: 1, ChatID: 7, Text: "hola", Picture: "https://example.com/a.png"},
		},
		{"preview of no address", messages, `{"chat_id":7,"text":"hola","link_preview_options":{"url":"a.png"}}`, 400, 1, telegramtest.Message{}},
		{
			"keyboard", messages,
			`{"chat_id":7,"text":"hola","reply_markup":{"keyboard":[[{"text":"a"},{"text":"b"}],[{"text":"c"}]],"resize_keyboard":true,"one_time_keyboard":true}}`, 200, 0,
			telegramtest.Message{ID: 1, ChatID: 7, Text: "hola", QuickReplies: []string{"a", "b", "c"}},
		},
		{"key without words", messages, `{"chat_id":7,"text":"hola","reply_markup":{"keyboard":[[{"text":"a"},{"text":" "}]]}}`, 400, 0, telegramtest.Message{}},
		{"key without a text", photos, `{"chat_id":7,"photo":"https://example.com/","reply_markup":{"keyboard":[[{}]]}}`, 400, 0, telegramtest.Message{}},
		{"keyboard without rows", messages, `{"chat_id":7,"text":"hola","reply_markup":{"keyboard":[]}}`, 400, 1, telegramtest.Message{}},
		{"row without keys", messages, `{"chat_id":7,"text":"hola","reply_markup":{"keyboard":[[{"text":"a"}],[]]}}`, 400, 1, telegramtest.Message{}},
		{"inline keyboard", messages, `{"chat_id":7,"text":"hola","reply_markup":{"inline_keyboard":[[{"text":"a"}]]}}`, 400, 1, telegramtest.Message{}},
	} {
		t.Run(example.name, func(t *testing.T) {
			api, server := setup(t)
			status, answer, err := call(t, server, "POST", example.path, "application/json", example.body)
			if err != nil || status != example.status || len(api.Faults()) != example.faults {
				t.Errorf("status %d, answer %s, faults %q, error %v", status, answer, api.Faults(), err)
			}
			var want []telegramtest.Message
			if example.status == http.StatusOK {
				want = []telegramtest.Message{example.want}
			}
			if got := api.Messages(); !reflect.DeepEqual(got, want) {
				t.Errorf("messages %+v, want %+v", got, want)
			}
		})
	}
}

func TestScriptedAnswersComeInOrderThenAllIsOrdinary(t *testing.T) {
	api, server := setup(t)
	api.ScriptChat(7, telegramtest.BlockedByUser())
	api.Script(telegramtest.TooManyRequests(35), telegramtest.Fail(500, "Internal Server Error"))
	for _, want := range []struct{ chat, words string }{
		{"7", `"retry_after":35`}, {"7", "Internal"}, {"7", "blocked"}, {"8", `"ok":true`}, {"7", "blocked"},
	} {
		if _, answer, err := send(t, server, `{"chat_id":`+want.chat+`,"text":"hola"}`); err != nil || !strings.Contains(answer, want.words) {
			t.Errorf("answer %s, error %v, want %s", answer, err, want.words)
		}
	}
	if got := api.Messages(); len(got) != 1 || !reflect.DeepEqual(got[0], telegramtest.Message{ID: 1, ChatID: 8, Text: "hola"}) {
		t.Errorf("messages %+v, want only that to chat 8", got)
	}
}

func TestLostAnswerLeavesTheMessageSent(t *testing.T) {
	api, server := setup(t)
	api.Script(telegramtest.Lost())
	if _, answer, err := send(t, server, `{"chat_id":7,"text":"hola"}`); err == nil {
		t.Errorf("answer %s, want the connection cut", answer)
	}
	if got := len(api.Messages()); got != 1 {
		t.Errorf("%d messages, want 1", got)
	}
}

// begin hands the API a message without a network, so that synctest can tell when nothing moves any more.
func begin(ctx context.Context, api *telegramtest.API) *httptest.ResponseRecorder {
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(`{"chat_id":7,"text":"hola"}`))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	go api.ServeHTTP(recorder, request)
	return recorder
}

func TestHeldAnswerWaitsForItsReleaseAndTheMessageDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := telegramtest.New(token)
		release := api.Hold()
		held := begin(t.Context(), api)
		if _, err := api.WaitCount(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		if synctest.Wait(); held.Body.Len() > 0 {
			t.Fatalf("answered %s before the release", held.Body)
		}
		release()
		release()
		after := begin(t.Context(), api)
		synctest.Wait()
		if !strings.Contains(held.Body.String(), `"message_id":1`) || !strings.Contains(after.Body.String(), `"message_id":2`) {
			t.Errorf("answers %s and %s, want both acceptances", held.Body, after.Body)
		}
	})
}

func TestHeldAnswerIsDroppedWithItsCallerAndTheMessageIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := telegramtest.New(token)
		api.Hold()
		ctx, crash := context.WithCancel(t.Context())
		held := begin(ctx, api)
		synctest.Wait()
		crash()
		if synctest.Wait(); held.Body.Len() > 0 || len(api.Messages()) != 1 {
			t.Errorf("answer %s, messages %+v, want only the message", held.Body, api.Messages())
		}
	})
}

func TestDelayedMessageComesInItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := telegramtest.New(token)
		api.Script(telegramtest.Answer{Delay: time.Hour})
		started := time.Now()
		begin(t.Context(), api)
		if _, err := api.WaitCount(t.Context(), 1); err != nil || time.Since(started) != time.Hour {
			t.Errorf("came after %s, error %v, want an hour", time.Since(started), err)
		}
	})
}

func TestDelayedMessageIsDroppedWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := telegramtest.New(token)
		api.Script(telegramtest.Answer{Delay: time.Hour})
		ctx, crash := context.WithCancel(t.Context())
		delayed := begin(ctx, api)
		synctest.Wait()
		crash()
		if synctest.Wait(); delayed.Body.Len() > 0 || len(api.Messages()) != 0 {
			t.Errorf("answer %s, messages %+v, want neither", delayed.Body, api.Messages())
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	api, _ := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := api.WaitCount(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
