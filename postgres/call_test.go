package postgres_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// callProgram declares what the operations of these tests touch; what they are is decided in each test.
const callProgram = `
name: Calls
locale: en
fields: {points: {type: number}, city: {type: text}}
entry_points: {campaign1: {flow: none, attribution: first_touch}}
flows: {none: [{add_tag: came}]}
`

// decided is what a program would decide, without writing one.
func decided(ops ...program.Op) func(*program.Program, referral.Scene) program.Outcome {
	return func(*program.Program, referral.Scene) program.Outcome { return program.Outcome{Ops: ops} }
}

// play applies a segment of its own for a contact with the given operations.
func (b books) play(contact string, ops ...program.Op) referral.Applied {
	b.t.Helper()
	segment := referral.Segment{
		Bot: "shop", Run: "flow/shop/" + b.newID(), Name: "flow", Contact: contact, Account: "tg", EntryPoint: "campaign1",
	}
	applied, err := b.Apply(b.t.Context(), segment, decided(ops...))
	if err != nil {
		b.t.Fatal(err)
	}
	return applied
}

func callOf(webhook string, with map[string]string) program.Op {
	return program.Op{Kind: program.OpCall, Who: program.Contact, Webhook: webhook, With: with}
}

// told is the body of the call written last.
func (b books) told() map[string]any {
	b.t.Helper()
	var body map[string]any
	err := json.Unmarshal([]byte(b.text("SELECT body FROM deliveries WHERE call ORDER BY delivery_id DESC LIMIT 1")), &body)
	if err != nil {
		b.t.Fatal(err)
	}
	return body
}

func TestACallTellsOfTheContactAsTheStepsBeforeItLeftThem(t *testing.T) {
	t.Parallel()
	b := withProgram(t, callProgram)
	hello := event(channel.Text, "hello", "ana")
	hello.From = channel.Sender{ExternalID: "ana", FirstName: "Ana \"la\" Ñ", LastName: "<b>", Username: "ana1", Locale: "es-419"}
	ana := b.add("tg", hello)[0].UserID
	op := func(kind program.OpKind, op program.Op) program.Op {
		op.Kind, op.Who = kind, program.Contact
		return op
	}
	b.play(ana,
		op(program.OpSetNumber, program.Op{Field: "points", Number: 5}),
		op(program.OpSetText, program.Op{Field: "city", Text: "Oslo"}),
		op(program.OpAddTag, program.Op{Tag: "vip"}))
	b.play(ana,
		op(program.OpIncrement, program.Op{Field: "points", Delta: 2}),
		op(program.OpSetText, program.Op{Field: "city", Text: "Lima ☕"}),
		op(program.OpAddTag, program.Op{Tag: "new"}), op(program.OpAddTag, program.Op{Tag: "also"}),
		op(program.OpRemoveTag, program.Op{Tag: "vip"}),
		callOf("crm", map[string]string{"plan": "gold {{x}}"}),
		op(program.OpIncrement, program.Op{Field: "points", Delta: 90}), op(program.OpAddTag, program.Op{Tag: "later"}))
	want := map[string]any{
		"contact": map[string]any{
			"user_id": ana, "first_name": "Ana \"la\" Ñ", "last_name": "<b>", "username": "ana1", "locale": "es-419",
			"fields": map[string]any{"points": 7.0, "city": "Lima ☕"}, "tags": []any{"also", "new"},
		},
		"entry_point": "campaign1",
		"with":        map[string]any{"plan": "gold {{x}}"},
	}
	if got := b.told(); !reflect.DeepEqual(got, want) {
		t.Errorf("told %v\nwant %v", got, want)
	}
	expect(b, "crm "+ana+" queued", "SELECT account || ' ' || external_id || ' ' || state FROM deliveries")
}

func TestACallOfSomebodyWithoutFieldsOrTagsHasThemEmpty(t *testing.T) {
	t.Parallel()
	b := withProgram(t, callProgram)
	ana := b.contact("ana")
	b.play(ana, callOf("crm", nil))
	contact, _ := b.told()["contact"].(map[string]any)
	if !reflect.DeepEqual(contact["fields"], map[string]any{}) || !reflect.DeepEqual(contact["tags"], []any{}) {
		t.Errorf("contact %v", contact)
	}
	if with := b.told()["with"]; !reflect.DeepEqual(with, map[string]any{}) {
		t.Errorf("with %v", with)
	}
}

func TestACallOfAReferralNamesItAndWhomItIsAbout(t *testing.T) {
	t.Parallel()
	b := withProgram(t, callProgram)
	ana := b.contact("ana")
	opening := b.opening("campaign1", ana, "eva")
	b.admit(opening)
	ops := decided(
		program.Op{Kind: program.OpIncrement, Who: program.Referrer, Field: "points", Delta: 2},
		program.Op{Kind: program.OpCall, Who: program.Referrer, Webhook: "crm"},
		program.Op{Kind: program.OpCall, Who: program.Invitee, Webhook: "crm"})
	applied, err := b.Apply(t.Context(), settleOf(opening), ops)
	if err != nil || len(applied.Lanes) != 2 {
		t.Fatalf("applied %+v, %v; want a lane for each of the two", applied, err)
	}
	for user, points := range map[string]any{ana: 2.0, opening.Invitee: nil} {
		var told struct {
			Contact    struct{ Fields map[string]any }
			EntryPoint string `json:"entry_point"`
			Referral   string
		}
		if err := json.Unmarshal([]byte(b.text("SELECT body FROM deliveries WHERE call AND external_id = $1", user)), &told); err != nil {
			t.Fatal(err)
		}
		if told.EntryPoint != "campaign1" || told.Referral != b.text("SELECT referral_id::text FROM referrals") || told.Contact.Fields["points"] != points {
			t.Errorf("told of %s: %+v", user, told)
		}
	}
}

func TestACallIsMadeWhetherOrNotTheContactCanBeWrittenTo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"who blocked the bot": "UPDATE identities SET blocked = true, membership_at = now()",
		"who has no identity": "DELETE FROM identities",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, callProgram)
			ana := b.contact("ana")
			b.exec(change)
			applied := b.play(ana, program.Op{Kind: program.OpSend, Who: program.Contact, Text: "hi"}, callOf("crm", nil))
			if len(applied.Lanes) != 1 || applied.Lanes[0].Account != "crm" {
				t.Errorf("applied %+v, want the call alone to be made", applied)
			}
			expect(b, "failed,queued", "SELECT string_agg(state, ',' ORDER BY ordinal) FROM deliveries")
		})
	}
}

func TestACallDelaysNoMessage(t *testing.T) {
	t.Parallel()
	b := withProgram(t, callProgram)
	ana := b.contact("ana")
	say := func(text string) program.Op {
		return program.Op{Kind: program.OpSend, Who: program.Contact, Text: text}
	}
	applied := b.play(ana, say("one"), callOf("crm", nil), say("two"), callOf("crm", nil), callOf("mail", nil))
	var lanes []string
	for _, lane := range applied.Lanes {
		lanes = append(lanes, lane.Account)
	}
	if !reflect.DeepEqual(lanes, []string{"tg", "crm", "mail"}) {
		t.Fatalf("lanes %+v", applied.Lanes)
	}
	if len(applied.Lanes[0].Deliveries) != 2 || len(applied.Lanes[1].Deliveries) != 2 {
		t.Errorf("lanes %+v", applied.Lanes)
	}
	call := b.begun(applied.Lanes[1].Deliveries[0])
	if !call.Call || call.Account != "crm" || call.To != ana || !strings.HasPrefix(call.Message.Text, "{") {
		t.Errorf("the call: %+v", call)
	}
	for _, delivery := range applied.Lanes[0].Deliveries {
		attempt := b.begun(delivery)
		if attempt.Call {
			t.Errorf("a message taken for a call: %+v", attempt)
		}
		b.end(attempt, "")
	}
	if _, ok := b.begin(applied.Lanes[1].Deliveries[1], leaseFor); ok {
		t.Error("the second call of a webhook about somebody overtook the first")
	}
}

func TestAMessageKeepsItsPictureAndQuickReplies(t *testing.T) {
	t.Parallel()
	b := withProgram(t, callProgram)
	ana := b.contact("ana")
	replies := []string{"Sí ☕", "No, \"gracias\"", "{a,b}"}
	applied := b.play(ana,
		program.Op{Kind: program.OpSend, Who: program.Contact, Text: "look", Picture: "https://example.com/a.png", QuickReplies: replies},
		program.Op{Kind: program.OpSend, Who: program.Contact, Text: "plain"})
	views, err := b.Deliveries(t.Context(), "shop", referral.DeliveryFilter{}, 0, 10)
	if err != nil || len(views) != 2 {
		t.Fatalf("views %+v, %v", views, err)
	}
	if look := views[1]; look.Picture != "https://example.com/a.png" || !reflect.DeepEqual(look.QuickReplies, replies) {
		t.Errorf("shown %+v", look)
	}
	if plain := views[0]; plain.Picture != "" || plain.QuickReplies == nil || len(plain.QuickReplies) != 0 {
		t.Errorf("shown %+v, want an empty list that isn't null", plain)
	}
	look := b.begun(applied.Lanes[0].Deliveries[0])
	if look.Message.Picture != "https://example.com/a.png" || !reflect.DeepEqual(look.Message.QuickReplies, replies) {
		t.Errorf("to be sent: %+v", look.Message)
	}
}

// A webhook is no place people can be written to, even when they were heard of nowhere else.
func TestAWebhookIsNobodysChannel(t *testing.T) {
	t.Parallel()
	b := withProgram(t, callProgram)
	err := b.PutAccount(t.Context(), channel.Account{Bot: "shop", Name: "crm", Channel: "webhook", Settings: map[string]string{}})
	if err != nil {
		t.Fatal(err)
	}
	ana := b.contact("ana")
	b.end(b.begun(b.play(ana, callOf("crm", nil)).Lanes[0].Deliveries[0]), channel.Gone)
	expect(b, int64(0), "SELECT count(*) FROM identities WHERE account = 'crm' OR blocked")
	if _, _, _, err := b.Link(t.Context(), "shop", ana, "campaign1", "crm"); err == nil {
		t.Error("a link on a webhook")
	}
}
