package telegram_test

import (
	"errors"
	"net/http/httptest"
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
