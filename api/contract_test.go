package api_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/millenniumm/referrals/channel"
)

// A call is one request of the contract test. Every answer is held against openapi.yaml as it comes (see send).
type call struct {
	name         string
	method, path string
	body         string
	headers      []string
	status       int
	kind         string   // of the problem, when it is one
	places       []string // everything that its problems must name, and nothing else
	holds        string   // a stretch of the body, for what the contract can't say
}

var yaml = []string{"Content-Type: application/yaml"}

// calls are requests for every operation of the contract, in order; those of an operation that changes something on a story of
// their own. The first of each is one that works.
var calls = map[string][]call{
	"listBots": {
		{name: "all of them", method: "GET", path: "/v1/bots", status: 200, holds: `"id":"cafe"`},
		{name: "a page after the last", method: "GET", path: "/v1/bots?cursor=zzz&limit=1", status: 200, holds: `"items":[]`},
		{name: "a limit of nothing", method: "GET", path: "/v1/bots?limit=0", status: 400, kind: "bad_request", places: []string{"query.limit"}},
		{name: "a limit beyond the most", method: "GET", path: "/v1/bots?limit=201", status: 400, kind: "bad_request", places: []string{"query.limit"}},
		{name: "a limit that is no number", method: "GET", path: "/v1/bots?limit=many", status: 400, kind: "bad_request", places: []string{"query.limit"}},
	},
	"createBot": {
		{name: "a new one", method: "POST", path: "/v1/bots", body: `{"id":"bar","name":"Bar"}`, status: 201, holds: `"program_version":0`},
		{name: "one that is there", method: "POST", path: "/v1/bots", body: `{"id":"bar","name":"Another"}`, status: 409, kind: "bot_exists"},
		{
			name: "an id with capitals, an empty name, something else", method: "POST", path: "/v1/bots", body: `{"id":"Bar","name":"","colour":"red"}`,
			status: 400, kind: "bad_request", places: []string{"body", "body.id", "body.name"},
		},
		{name: "numbers for texts", method: "POST", path: "/v1/bots", body: `{"id":1,"name":2}`, status: 400, kind: "bad_request", places: []string{"body.id", "body.name"}},
		{name: "nothing in it", method: "POST", path: "/v1/bots", body: `{}`, status: 400, kind: "bad_request", places: []string{"body.id", "body.name"}},
		{name: "a list", method: "POST", path: "/v1/bots", body: `[]`, status: 400, kind: "bad_request", places: []string{"body"}},
	},
	"getBot": {
		{name: "a bot with a program", method: "GET", path: "/v1/bots/cafe", status: 200, holds: `"program_version":1`},
		{name: "nobody's", method: "GET", path: "/v1/bots/nosuch", status: 404, kind: "unknown_bot"},
		{name: "an id that is too long", method: "GET", path: "/v1/bots/" + strings.Repeat("x", 65), status: 400, kind: "bad_request", places: []string{"path.bot"}},
	},
	"listAccounts": {
		{name: "by name", method: "GET", path: "/v1/bots/cafe/accounts", status: 200, holds: `"credentials_set":["secret_token","token"]`},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/accounts", status: 404, kind: "unknown_bot"},
	},
	"getAccount": {
		{name: "telegram", method: "GET", path: "/v1/bots/cafe/accounts/tg", status: 200, holds: `"webhook":"https://bot.example.com/webhooks/telegram/cafe/tg"`},
		{name: "generic", method: "GET", path: "/v1/bots/cafe/accounts/own", status: 200, holds: `"webhook":""`},
		{name: "one that isn't there", method: "GET", path: "/v1/bots/cafe/accounts/nosuch", status: 404, kind: "unknown_account"},
		{name: "a name that can't be one", method: "GET", path: "/v1/bots/cafe/accounts/No!", status: 400, kind: "bad_request", places: []string{"path.account"}},
	},
	"putAccount": {
		{
			name: "a new one", method: "PUT", path: "/v1/bots/cafe/accounts/other", body: `{"channel":"generic","settings":{"link":"https://a.example/?r={ref}"}}`,
			status: 200, holds: `"credentials_set":[]`,
		},
		{
			name: "everything missing, at once", method: "PUT", path: "/v1/bots/cafe/accounts/third", body: `{"channel":"telegram"}`,
			status: 422, kind: "bad_account", places: []string{"credentials.token", "credentials.secret_token", "external_id"},
		},
		{name: "another channel", method: "PUT", path: "/v1/bots/cafe/accounts/tg", body: `{"channel":"generic"}`, status: 409, kind: "other_channel"},
		{
			name: "a channel nobody speaks", method: "PUT", path: "/v1/bots/cafe/accounts/tg", body: `{"channel":"pigeon"}`,
			status: 400, kind: "bad_request", places: []string{"body.channel"},
		},
		{
			name: "wrong types all over", method: "PUT", path: "/v1/bots/cafe/accounts/tg",
			body:   `{"channel":7,"external_id":1,"credentials":{"token":1,"secret_token":null},"settings":[],"api_base_url":{}}`,
			status: 400, kind: "bad_request",
			places: []string{"body.api_base_url", "body.channel", "body.credentials.secret_token", "body.credentials.token", "body.external_id", "body.settings"},
		},
	},
	"getProgram": {
		{name: "as it was written", method: "GET", path: "/v1/bots/cafe/program", status: 200, holds: cafeProgram},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/program", status: 404, kind: "unknown_bot"},
	},
	"putProgram": {
		{name: "a new version", method: "PUT", path: "/v1/bots/cafe/program", body: cafeProgram, headers: yaml, status: 200, holds: `"version":2`},
		{name: "in JSON", method: "PUT", path: "/v1/bots/cafe/program", body: `{"name":"Small","entry_points":{"door":{"flow":"hi"}},"flows":{"hi":[{"send":"hi"}]}}`, status: 200, holds: `"version":3`},
		{
			name: "one with a warning", method: "PUT", path: "/v1/bots/cafe/program", body: strings.Replace(cafeProgram, "reaches: 2", "equals: 3", 1),
			headers: yaml, status: 200, holds: `"severity":"warning"`,
		},
		{
			name: "mistakes", method: "PUT", path: "/v1/bots/cafe/program", body: mistakes, headers: yaml,
			status: 422, kind: "bad_program", places: []string{"entry_points.campaign1.flow", "fields.points.type"},
		},
		{name: "no YAML at all", method: "PUT", path: "/v1/bots/cafe/program", body: "{: [", headers: yaml, status: 422, kind: "bad_program", places: []string{""}},
		{
			name: "from one that was in force", method: "PUT", path: "/v1/bots/cafe/program", body: cafeProgram, headers: append([]string{`If-Match: "1"`}, yaml...),
			status: 412, kind: "stale_program", holds: "version 4 is in force",
		},
		{
			name: "from no version", method: "PUT", path: "/v1/bots/cafe/program", body: cafeProgram, headers: append([]string{"If-Match: *"}, yaml...),
			status: 400, kind: "bad_request", places: []string{"header.If-Match"},
		},
		{
			name: "of another type", method: "PUT", path: "/v1/bots/cafe/program", body: cafeProgram, headers: []string{"Content-Type: text/html"},
			status: 400, kind: "bad_request", places: []string{"header.Content-Type"},
		},
		{name: "nothing at all", method: "PUT", path: "/v1/bots/cafe/program", headers: yaml, status: 422, kind: "bad_program", places: []string{""}},
		{name: "for nobody", method: "PUT", path: "/v1/bots/nosuch/program", body: cafeProgram, headers: yaml, status: 404, kind: "unknown_bot"},
	},
	"postEvent": {
		{
			name: "a text", method: "POST", path: "/v1/bots/cafe/events",
			body:   `{"id":"e1","account":"own","contact":{"external_id":"zoe","name":"Zoe Z","locale":"en"},"text":"hi","occurred_at":"2026-01-02T03:04:05Z"}`,
			status: 202, holds: `"duplicate":false`,
		},
		{
			name: "the same again", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e1","account":"own","contact":{"external_id":"zoe"}}`,
			status: 202, holds: `"duplicate":true`,
		},
		{name: "an opening with a ref", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e2","account":"own","contact":{"external_id":"zoe"},"ref":"campaign1-cx"}`, status: 202},
		{
			name: "for an account that isn't there", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e3","account":"nosuch","contact":{"external_id":"zoe"}}`,
			status: 404, kind: "unknown_account",
		},
		{
			name: "for an account whose platform reports itself", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e3","account":"tg","contact":{"external_id":"zoe"}}`,
			status: 409, kind: "not_generic",
		},
		{
			name: "wrong types all over", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":1,"account":2,"contact":{"external_id":3,"name":4},"ref":5,"text":6,"occurred_at":7}`,
			status: 400, kind: "bad_request",
			places: []string{"body.account", "body.contact.external_id", "body.contact.name", "body.id", "body.occurred_at", "body.ref", "body.text"},
		},
		{
			name: "a time that isn't one", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e4","account":"own","contact":{"external_id":"zoe"},"occurred_at":"yesterday"}`,
			status: 400, kind: "bad_request", places: []string{"body.occurred_at"},
		},
		{
			name: "a day no calendar has", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e4","account":"own","contact":{"external_id":"zoe"},"occurred_at":"2026-02-30T10:00:00Z"}`,
			status: 400, kind: "bad_request",
		},
		{
			name: "something the contract doesn't know", method: "POST", path: "/v1/bots/cafe/events", body: `{"id":"e4","account":"own","contact":{"external_id":"zoe","age":9}}`,
			status: 400, kind: "bad_request", places: []string{"body.contact"},
		},
	},
	"getContact": {
		{name: "with points and a reward", method: "GET", path: "/v1/bots/cafe/contacts/{ana}", status: 200, holds: `"fields":{"points":2}`},
		{name: "nobody", method: "GET", path: "/v1/bots/cafe/contacts/aaaaaaaaaa", status: 404, kind: "unknown_contact"},
		{name: "another bot's", method: "GET", path: "/v1/bots/nosuch/contacts/{ana}", status: 404, kind: "unknown_contact"},
	},
	"getLink": {
		{name: "on the account last written to", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/links/campaign1", status: 200, holds: `"account":"own"`},
		{name: "on a chosen account", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/links/campaign1?account=own", status: 200, holds: `"ref":"campaign1-c`},
		{name: "on an account they aren't on", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/links/campaign1?account=tg", status: 404, kind: "unknown_contact"},
		{name: "for a door the program doesn't have", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/links/nosuch", status: 404, kind: "unknown_entry_point"},
		{name: "for nobody", method: "GET", path: "/v1/bots/cafe/contacts/aaaaaaaaaa/links/campaign1", status: 404, kind: "unknown_contact"},
	},
	"listReferrals": {
		{name: "newest first", method: "GET", path: "/v1/bots/cafe/referrals", status: 200, holds: `"reason":"self_referral"`},
		{name: "a page", method: "GET", path: "/v1/bots/cafe/referrals?limit=1", status: 200, holds: `"next":"`},
		{name: "the page after it", method: "GET", path: "/v1/bots/cafe/referrals?cursor={referral}", status: 200, holds: `"status":"credited"`},
		{
			name: "narrowed down", method: "GET", path: "/v1/bots/cafe/referrals?status=credited&entry_point=campaign1&referrer={ana}&invitee={luis}", status: 200,
			holds: `"workflow_url":"http://temporal.example.com/namespaces/default/workflows/referral%2Fcafe%2F`,
		},
		{name: "a status nobody has", method: "GET", path: "/v1/bots/cafe/referrals?status=lost", status: 400, kind: "bad_request", places: []string{"query.status"}},
		{name: "a cursor we never gave", method: "GET", path: "/v1/bots/cafe/referrals?cursor=x", status: 400, kind: "bad_request"},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/referrals", status: 404, kind: "unknown_bot"},
	},
	"getReferral": {
		{name: "with all it led to", method: "GET", path: "/v1/bots/cafe/referrals/{referral}", status: 200, holds: `"ledger":[`},
		{name: "one that isn't there", method: "GET", path: "/v1/bots/cafe/referrals/999999", status: 404, kind: "unknown_referral"},
		{name: "the one before the first", method: "GET", path: "/v1/bots/cafe/referrals/0", status: 404, kind: "unknown_referral"},
		{name: "another bot's", method: "GET", path: "/v1/bots/nosuch/referrals/{referral}", status: 404, kind: "unknown_referral"},
		{name: "no number", method: "GET", path: "/v1/bots/cafe/referrals/abc", status: 400, kind: "bad_request", places: []string{"path.referral"}},
	},
	"getReferralTimeline": {
		{name: "in English, unless asked otherwise", method: "GET", path: "/v1/bots/cafe/referrals/{referral}/timeline", status: 200, holds: `"words":"The referral doesn't count: `},
		{
			name: "in Spanish", method: "GET", path: "/v1/bots/cafe/referrals/{referral}/timeline", headers: []string{"Accept-Language: es-CO"},
			status: 200, holds: `"words":"El referido no cuenta: `,
		},
		{name: "one that isn't there", method: "GET", path: "/v1/bots/cafe/referrals/999999/timeline", status: 404, kind: "unknown_referral"},
		{name: "the one before the first", method: "GET", path: "/v1/bots/cafe/referrals/0/timeline", status: 404, kind: "unknown_referral"},
		{name: "another bot's", method: "GET", path: "/v1/bots/nosuch/referrals/{referral}/timeline", status: 404, kind: "unknown_referral"},
		{name: "no number", method: "GET", path: "/v1/bots/cafe/referrals/abc/timeline", status: 400, kind: "bad_request", places: []string{"path.referral"}},
	},
	"getContactHistory": {
		{name: "newest first", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history", status: 200, holds: `"words":"The bot got to know Ana."`},
		{name: "a page", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history?limit=1", status: 200, holds: `"next":"`},
		{name: "a page after the last", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history?cursor=1.0.1", status: 200, holds: `"items":[]`},
		{name: "nobody", method: "GET", path: "/v1/bots/cafe/contacts/aaaaaaaaaa/history", status: 404, kind: "unknown_contact"},
		{name: "another bot's", method: "GET", path: "/v1/bots/nosuch/contacts/{ana}/history", status: 404, kind: "unknown_contact"},
		{name: "a cursor we never gave", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history?cursor=7", status: 400, kind: "bad_request"},
		{name: "a cursor that was tampered with", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history?cursor=1.00.1", status: 400, kind: "bad_request"},
		{name: "a cursor from the end of time", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history?cursor=9223372036854775807.0.1", status: 400, kind: "bad_request"},
		{name: "a cursor with more behind it", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/history?cursor=1.0.1x", status: 400, kind: "bad_request"},
	},
	"getLeaderboard": {
		{name: "by the only number field", method: "GET", path: "/v1/bots/cafe/leaderboard", status: 200, holds: `"first_name":"Ana"`},
		{name: "by a named field", method: "GET", path: "/v1/bots/cafe/leaderboard?field=points&limit=1", status: 200, holds: `"place":1`},
		{name: "by a text", method: "GET", path: "/v1/bots/cafe/leaderboard?field=city", status: 400, kind: "unknown_field"},
		{name: "by what isn't there", method: "GET", path: "/v1/bots/cafe/leaderboard?field=nosuch", status: 400, kind: "unknown_field"},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/leaderboard", status: 404, kind: "unknown_bot"},
	},
	"listDeliveries": {
		{name: "newest first", method: "GET", path: "/v1/bots/cafe/deliveries", status: 200, holds: `"text":"Welcome, `},
		{name: "the one without its code", method: "GET", path: "/v1/bots/cafe/deliveries?state=waiting&user_id={ana}&account=own", status: 200, holds: `"waiting_for":"stock"`},
		{name: "a page", method: "GET", path: "/v1/bots/cafe/deliveries?limit=1", status: 200, holds: `"next":"`},
		{name: "a state nothing has", method: "GET", path: "/v1/bots/cafe/deliveries?state=lost", status: 400, kind: "bad_request", places: []string{"query.state"}},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/deliveries", status: 404, kind: "unknown_bot"},
	},
	"listRewards": {
		{name: "all of them", method: "GET", path: "/v1/bots/cafe/rewards", status: 200, holds: `"redeem":true,"held":1,"revoked":0,"redeemed":0,"expired":0,"stock":{"free":0,"taken":0,"low":true}`},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/rewards", status: 404, kind: "unknown_bot"},
	},
	"listGrants": {
		{name: "one that waits for its code", method: "GET", path: "/v1/bots/cafe/rewards/coffee/grants?user_id={ana}", status: 200, holds: `"stocked":false`},
		{name: "of somebody who has none", method: "GET", path: "/v1/bots/cafe/rewards/coffee/grants?user_id=nobodyhere", status: 200, holds: `"items":[]`},
		{name: "of no reward", method: "GET", path: "/v1/bots/cafe/rewards/nosuch/grants", status: 404, kind: "unknown_reward"},
		{name: "a cursor we never gave", method: "GET", path: "/v1/bots/cafe/rewards/coffee/grants?cursor=-1", status: 400, kind: "bad_request"},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/rewards/coffee/grants", status: 404, kind: "unknown_bot"},
	},
	"redeemGrant": {
		{name: "the first time", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/1/redeem", status: 200, holds: `"redeemed_at":"`},
		{name: "again", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/1/redeem", status: 409, kind: "already_used_up", holds: "the reward was redeemed on 20"},
		{name: "one that isn't redeemed", method: "POST", path: "/v1/bots/cafe/rewards/cake/grants/1/redeem", status: 409, kind: "not_redeemable"},
		{name: "one nobody has", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/999/redeem", status: 404, kind: "unknown_grant"},
		{name: "of nobody", method: "POST", path: "/v1/bots/nosuch/rewards/coffee/grants/1/redeem", status: 404, kind: "unknown_bot"},
		{name: "no id", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/x/redeem", status: 400, kind: "bad_request", places: []string{"path.grant"}},
	},
	"revokeGrant": {
		{name: "with a note", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/1/revoke", body: `{"note":"fraud"}`, status: 200, holds: `"revoke_note":"fraud"`},
		{name: "again, without one", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/1/revoke", status: 200, holds: `"revoke_note":"fraud"`},
		{name: "a note that is too long", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/1/revoke", body: `{"note":"` + strings.Repeat("x", 501) + `"}`, status: 400, kind: "bad_request", places: []string{"body.note"}},
		{name: "one nobody has", method: "POST", path: "/v1/bots/cafe/rewards/coffee/grants/999/revoke", status: 404, kind: "unknown_grant"},
		{name: "of nobody", method: "POST", path: "/v1/bots/nosuch/rewards/coffee/grants/1/revoke", status: 404, kind: "unknown_bot"},
	},
	"getStock": {
		{name: "an empty pool", method: "GET", path: "/v1/bots/cafe/rewards/coffee/codes", status: 200, holds: `{"free":0,"taken":0,"low":true}`},
		{name: "a reward without a pool", method: "GET", path: "/v1/bots/cafe/rewards/cake/codes", status: 404, kind: "unknown_reward"},
		{name: "no reward", method: "GET", path: "/v1/bots/cafe/rewards/nosuch/codes", status: 404, kind: "unknown_reward"},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/rewards/coffee/codes", status: 404, kind: "unknown_bot"},
	},
	"importCodes": {
		{
			name: "one for who waits, one to spare, one twice", method: "POST", path: "/v1/bots/cafe/rewards/coffee/codes", body: `{"codes":["A","B"," B "]}`, status: 200,
			holds: `{"added":2,"free":1,"served":1}`,
		},
		{name: "none", method: "POST", path: "/v1/bots/cafe/rewards/coffee/codes", body: `{"codes":[]}`, status: 400, kind: "bad_request", places: []string{"body.codes"}},
		{
			name: "wrong types", method: "POST", path: "/v1/bots/cafe/rewards/coffee/codes", body: `{"codes":[1,"",{}]}`, status: 400, kind: "bad_request",
			places: []string{"body.codes.0", "body.codes.1", "body.codes.2"},
		},
		{name: "for no reward", method: "POST", path: "/v1/bots/cafe/rewards/nosuch/codes", body: `{"codes":["A"]}`, status: 404, kind: "unknown_reward"},
		{name: "for nobody", method: "POST", path: "/v1/bots/nosuch/rewards/coffee/codes", body: `{"codes":["A"]}`, status: 404, kind: "unknown_bot"},
	},
	"listParked": {
		{name: "what was set aside", method: "GET", path: "/v1/bots/cafe/parked", status: 200, holds: `"reason":"it is no update"`},
		{name: "a cursor we never gave", method: "GET", path: "/v1/bots/cafe/parked?cursor=-1", status: 400, kind: "bad_request"},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/parked", status: 404, kind: "unknown_bot"},
	},
	"replayParked": {
		{name: "an event", method: "POST", path: "/v1/bots/cafe/parked/{parked-event}/replay", status: 202, holds: `{"id":"`},
		{name: "a webhook that can't be read", method: "POST", path: "/v1/bots/cafe/parked/{parked}/replay", status: 409, kind: "still_unreadable"},
		{name: "what isn't parked", method: "POST", path: "/v1/bots/cafe/parked/999999/replay", status: 404, kind: "unknown_parked"},
		{name: "another bot's", method: "POST", path: "/v1/bots/nosuch/parked/{parked}/replay", status: 404, kind: "unknown_parked"},
		{name: "no number", method: "POST", path: "/v1/bots/cafe/parked/x/replay", status: 400, kind: "bad_request", places: []string{"path.event"}},
	},
	"validateProgram": {
		{name: "one that may be saved", method: "POST", path: "/v1/bots/cafe/program/validate", body: cafeProgram, headers: yaml, status: 200, holds: `"valid":true`},
		{name: "mistakes are a verdict, too", method: "POST", path: "/v1/bots/cafe/program/validate", body: mistakes, headers: yaml, status: 200, holds: `"code":"unknown_flow"`},
		{
			name: "a warning", method: "POST", path: "/v1/bots/cafe/program/validate", body: strings.Replace(cafeProgram, "reaches: 2", "equals: 3", 1),
			headers: yaml, status: 200, holds: `"severity":"warning"`,
		},
		{name: "no YAML at all", method: "POST", path: "/v1/bots/cafe/program/validate", body: "{: [", headers: yaml, status: 200, holds: `"valid":false`},
		{
			name: "a picture", method: "POST", path: "/v1/bots/cafe/program/validate", body: "GIF89a", headers: []string{"Content-Type: image/gif"},
			status: 400, kind: "bad_request", places: []string{"header.Content-Type"},
		},
		{name: "for nobody", method: "POST", path: "/v1/bots/nosuch/program/validate", body: cafeProgram, headers: yaml, status: 404, kind: "unknown_bot"},
	},
	"listProgramVersions": {
		{name: "newest first", method: "GET", path: "/v1/bots/cafe/program/versions", status: 200, holds: `"in_force":true`},
		{name: "a page after the last", method: "GET", path: "/v1/bots/cafe/program/versions?cursor=1&limit=1", status: 200, holds: `"items":[]`},
		{name: "a cursor we never gave", method: "GET", path: "/v1/bots/cafe/program/versions?cursor=x", status: 400, kind: "bad_request"},
		{name: "a limit of nothing", method: "GET", path: "/v1/bots/cafe/program/versions?limit=0", status: 400, kind: "bad_request", places: []string{"query.limit"}},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/program/versions", status: 404, kind: "unknown_bot"},
	},
	"getProgramVersion": {
		{name: "as it was written", method: "GET", path: "/v1/bots/cafe/program/versions/1", status: 200, holds: cafeProgram},
		{name: "one that isn't there", method: "GET", path: "/v1/bots/cafe/program/versions/2147483647", status: 404, kind: "unknown_version"},
		{name: "beyond all numbers", method: "GET", path: "/v1/bots/cafe/program/versions/2147483648", status: 400, kind: "bad_request", places: []string{"path.version"}},
		{name: "before the first", method: "GET", path: "/v1/bots/cafe/program/versions/0", status: 400, kind: "bad_request", places: []string{"path.version"}},
		{name: "no number", method: "GET", path: "/v1/bots/cafe/program/versions/one", status: 400, kind: "bad_request", places: []string{"path.version"}},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/program/versions/1", status: 404, kind: "unknown_bot"},
	},
	"restoreProgram": {
		{name: "the first", method: "POST", path: "/v1/bots/cafe/program/versions/1/restore", status: 200, holds: `"version":2`},
		{name: "from the version in force", method: "POST", path: "/v1/bots/cafe/program/versions/1/restore", headers: []string{`If-Match: "2"`}, status: 200, holds: `"version":3`},
		{name: "from one that was in force", method: "POST", path: "/v1/bots/cafe/program/versions/1/restore", headers: []string{`If-Match: "2"`}, status: 412, kind: "stale_program", holds: "version 3 is in force"},
		{
			name: "from no version", method: "POST", path: "/v1/bots/cafe/program/versions/1/restore", headers: []string{"If-Match: two"},
			status: 400, kind: "bad_request", places: []string{"header.If-Match"},
		},
		{name: "one that isn't there", method: "POST", path: "/v1/bots/cafe/program/versions/9/restore", status: 404, kind: "unknown_version"},
		{name: "for nobody", method: "POST", path: "/v1/bots/nosuch/program/versions/1/restore", status: 404, kind: "unknown_bot"},
	},
	"compareProgramVersions": {
		{name: "with the one in force", method: "GET", path: "/v1/bots/cafe/program/diff?from=1", status: 200, holds: `{"diff":"","from":1,"to":1}`},
		{name: "with a named one", method: "GET", path: "/v1/bots/cafe/program/diff?from=1&to=1", status: 200, holds: `"diff":""`},
		{name: "from none", method: "GET", path: "/v1/bots/cafe/program/diff", status: 400, kind: "bad_request", places: []string{"query.from"}},
		{name: "from one that isn't there", method: "GET", path: "/v1/bots/cafe/program/diff?from=2", status: 404, kind: "unknown_version"},
		{name: "to one that isn't there", method: "GET", path: "/v1/bots/cafe/program/diff?from=1&to=2", status: 404, kind: "unknown_version"},
		{name: "no numbers", method: "GET", path: "/v1/bots/cafe/program/diff?from=a&to=b", status: 400, kind: "bad_request", places: []string{"query.from", "query.to"}},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/program/diff?from=1", status: 404, kind: "unknown_bot"},
	},
	"listKeys": {
		{name: "those that open something", method: "GET", path: "/v1/bots/cafe/keys", status: 200, holds: `"name":"the till"`},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/keys", status: 404, kind: "unknown_bot"},
	},
	"createKey": {
		{name: "for all", method: "POST", path: "/v1/bots/cafe/keys", body: `{"name":"All","scopes":["read","events","write","manage"]}`, status: 201, holds: `"key":"mk_`},
		{
			name: "for nothing", method: "POST", path: "/v1/bots/cafe/keys", body: `{"name":"","scopes":[]}`,
			status: 400, kind: "bad_request", places: []string{"body.name", "body.scopes"},
		},
		{
			name: "for what is no scope", method: "POST", path: "/v1/bots/cafe/keys", body: `{"name":"x","scopes":["read","admin"]}`,
			status: 400, kind: "bad_request", places: []string{"body.scopes.1"},
		},
		{name: "twice the same scope", method: "POST", path: "/v1/bots/cafe/keys", body: `{"name":"x","scopes":["read","read"]}`, status: 400, kind: "bad_request", places: []string{"body.scopes"}},
		{name: "for nobody", method: "POST", path: "/v1/bots/nosuch/keys", body: `{"name":"x","scopes":["read"]}`, status: 404, kind: "unknown_bot"},
	},
	"revokeKey": {
		{name: "one", method: "DELETE", path: "/v1/bots/cafe/keys/{key}", status: 204},
		{name: "the same again", method: "DELETE", path: "/v1/bots/cafe/keys/{key}", status: 404, kind: "unknown_key"},
		{name: "what can't be one", method: "DELETE", path: "/v1/bots/cafe/keys/KEY", status: 400, kind: "bad_request", places: []string{"path.key"}},
		{name: "another bot's", method: "DELETE", path: "/v1/bots/nosuch/keys/{key}", status: 404, kind: "unknown_key"},
	},
	"listContacts": {
		{name: "newest first", method: "GET", path: "/v1/bots/cafe/contacts", status: 200, holds: `"referrals":1`},
		{name: "searched for", method: "GET", path: "/v1/bots/cafe/contacts?q=%C3%81NA&account=own", status: 200, holds: `"name":"Ana"`},
		{name: "a page", method: "GET", path: "/v1/bots/cafe/contacts?limit=1", status: 200, holds: `"next":"`},
		{name: "with a tag nobody has", method: "GET", path: "/v1/bots/cafe/contacts?tag=nosuch", status: 200, holds: `"items":[]`},
		{
			name: "by far too much", method: "GET", path: "/v1/bots/cafe/contacts?q=" + strings.Repeat("x", 101) + "&account=" + strings.Repeat("x", 65),
			status: 400, kind: "bad_request", places: []string{"query.account", "query.q"},
		},
		{name: "a cursor we never gave", method: "GET", path: "/v1/bots/cafe/contacts?cursor=x", status: 400, kind: "bad_request"},
		{name: "of nobody", method: "GET", path: "/v1/bots/nosuch/contacts", status: 404, kind: "unknown_bot"},
	},
	"listLinks": {
		{name: "all of them", method: "GET", path: "/v1/bots/cafe/contacts/{ana}/links", status: 200, holds: `"entry_point":"campaign1"`},
		{name: "of nobody", method: "GET", path: "/v1/bots/cafe/contacts/aaaaaaaaaa/links", status: 404, kind: "unknown_contact"},
		{name: "a user id beyond reason", method: "GET", path: "/v1/bots/cafe/contacts/" + strings.Repeat("x", 65) + "/links", status: 400, kind: "bad_request", places: []string{"path.user_id"}},
	},
}

const mistakes = `
name: Mistakes
fields:
  points: {type: numeric}
entry_points:
  campaign1: {flow: nowhere}
`

func TestEveryOperationKeepsTheContract(t *testing.T) {
	t.Parallel()
	reading := newStory(t)
	for operation, requests := range calls {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			f := reading
			if requests[0].method != http.MethodGet {
				f = newStory(t)
				f.parkEvent()
			}
			for _, each := range requests {
				t.Run(each.name, func(t *testing.T) {
					got := f.send(t, each.method, each.path, each.body, each.headers...)
					each.judge(t, got)
				})
			}
		})
	}
}

func (c call) judge(t *testing.T, got answer) {
	t.Helper()
	if got.status != c.status || !strings.Contains(string(got.body), c.holds) {
		t.Fatalf("%d instead of %d with %q: %s", got.status, c.status, c.holds, got.body)
	}
	if c.kind == "" {
		return
	}
	said := refused(t, got, c.status, c.kind)
	var places []string
	for _, item := range said.Problems {
		places = append(places, item.Path)
	}
	slices.Sort(places)
	wanted := slices.Sorted(slices.Values(c.places))
	if c.places != nil && !slices.Equal(slices.Compact(places), wanted) {
		t.Errorf("the problems name %q instead of %q: %s", places, wanted, got.body)
	}
}

// TestNoOperationIsLeftOut looks the table over: an operation that openapi.yaml gains must be in it, working and refused.
func TestNoOperationIsLeftOut(t *testing.T) {
	t.Parallel()
	operations := eachOperation(t)
	for id := range calls {
		if _, known := operations[id]; !known {
			t.Errorf("the contract has no operation %s", id)
		}
	}
	for id, operation := range operations {
		works, fails := 0, 0
		for _, each := range calls[id] {
			route, _ := operationOf(t, httptest.NewRequest(each.method, "http://api.test"+strings.NewReplacer("{", "", "}", "").Replace(each.path), nil))
			if route == nil || route.Operation != operation {
				t.Errorf("%s: %s is a request of something else: %s %s", id, each.name, each.method, each.path)
			}
			if each.status < http.StatusBadRequest {
				works++
			} else {
				fails++
			}
		}
		if works == 0 || fails == 0 {
			t.Errorf("%s has %d requests that work and %d that are refused", id, works, fails)
		}
	}
}

func eachOperation(t *testing.T) map[string]*openapi3.Operation {
	t.Helper()
	operations := map[string]*openapi3.Operation{}
	for _, path := range theContract(t).Paths.Map() {
		for _, operation := range path.Operations() {
			operations[operation.OperationID] = operation
		}
	}
	return operations
}

// working gives the first request of each operation, which works.
func working() map[string]call {
	first := map[string]call{}
	for operation, requests := range calls {
		first[operation] = requests[0]
	}
	return first
}

// parkEvent parks an event that the relay gave up on.
func (f *front) parkEvent() {
	f.t.Helper()
	inbox := startInbox(f.t, f.books)
	f.arrive(inbox, channel.Event{ID: "5", Kind: channel.Text, Text: "refer", From: channel.Sender{ExternalID: "ana"}})
	events, err := f.books.Lease(f.t.Context(), 10, time.Minute)
	f.check(err)
	for _, event := range events {
		f.check(f.books.ParkEvent(f.t.Context(), event, "given up after five attempts"))
	}
	parked, err := f.books.Parked(f.t.Context(), "cafe", 0, 1)
	f.check(err)
	f.names["parked-event"] = strconv.FormatInt(parked[0].ID, 10)
}
