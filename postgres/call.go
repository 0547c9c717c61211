package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/program"
)

// A call is what a webhook is told; its JSON is the contract with whoever receives it.
type call struct {
	Contact    callContact       `json:"contact"`
	EntryPoint string            `json:"entry_point"` // of the referral or opening; "" when there is none
	Referral   string            `json:"referral,omitempty"`
	With       map[string]string `json:"with"`
}

// A callContact is whom a call tells about, as they are after the steps before it.
type callContact struct {
	UserID    string         `json:"user_id"`
	FirstName string         `json:"first_name"`
	LastName  string         `json:"last_name"`
	Username  string         `json:"username"`
	Locale    string         `json:"locale"`
	Fields    map[string]any `json:"fields"`
	Tags      []string       `json:"tags"`
}

// call writes a call of a webhook to the outbox. It goes to a server, so that it doesn't matter whether the contact can be written to,
// and it is in a lane of its own: no message waits for it. Whether there is such a webhook is found out when it is sent.
func (w *writing) call(ctx context.Context, ordinal int32, op program.Op) error {
	segment, about := w.scene.Segment, w.person(op.Who)
	told := call{Contact: contactOf(about), EntryPoint: w.scene.EntryPoint, With: op.With}
	if w.referral != nil {
		told.Referral = strconv.FormatInt(*w.referral, 10)
	}
	if told.With == nil {
		told.With = map[string]string{}
	}
	body, err := json.Marshal(told)
	if err != nil {
		return fmt.Errorf("encode the call: %w", err)
	}
	return w.queued.InsertDelivery(ctx, db.InsertDeliveryParams{
		BotID: segment.Bot, ContactID: w.actors[op.Who].contact, Account: op.Webhook, ExternalID: about.UserID, Body: string(body), Call: true,
		ReferralID: w.referral, Run: segment.Run, Segment: segment.Name, Ordinal: ordinal, State: stateQueued,
	})
}

func contactOf(person *program.Person) callContact {
	told := callContact{
		UserID: person.UserID, FirstName: person.FirstName, LastName: person.LastName, Username: person.Username, Locale: person.Locale,
		Fields: map[string]any{}, Tags: slices.AppendSeq([]string{}, maps.Keys(person.Tags)),
	}
	slices.Sort(told.Tags)
	for field, text := range person.Texts {
		told.Fields[field] = text
	}
	for field, number := range person.Numbers {
		told.Fields[field] = number
	}
	return told
}
