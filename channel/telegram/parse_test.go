package telegram_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/millenniumm/referrals/channel/telegram"
)

func FuzzParse(f *testing.F) {
	for _, golden := range golden() {
		f.Add([]byte(golden.Body))
	}
	for _, body := range unreadable() {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		events, err := telegram.Adapter{}.Parse(account(), body)
		again, errAgain := telegram.Adapter{}.Parse(account(), body)
		if !reflect.DeepEqual(events, again) || (err == nil) != (errAgain == nil) {
			t.Fatalf("read twice: %+v %v, then %+v %v", events, err, again, errAgain)
		}
		if err != nil && len(events) > 0 || len(events) > 1 {
			t.Fatalf("events %+v, error %v", events, err)
		}
		for _, event := range events {
			if _, err := json.Marshal(event); err != nil || event.ID == "" || event.Kind == "" || event.From.ExternalID == "" {
				t.Fatalf("event %+v can't be kept: %v", event, err)
			}
		}
	})
}
