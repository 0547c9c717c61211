package postgres_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/program/programtest"
	"github.com/millenniumm/referrals/referral"
)

// programsPlayed bounds the programs of a test here: each is a bot with a small life. -rapid.checks asks for more.
const programsPlayed = 50

// TestAnyProgramInAnyOrderKeepsTheBooksStraight lets random programs run for a few people, every step some times over, several at
// once and in any order, with imports in between. Whatever the program:
//   - each decision is made from what the decisions before it left, and the books hold exactly what was decided, each thing once;
//   - at most one referral is credited for each attribution key, and each was admitted as the rules say;
//   - a threshold asked about after every change is found crossed as often as it was crossed upwards, no more and no less, and its
//     reward is granted once, by the first crossing. Where numbers only grow, that is: when the total has come to it;
//   - a code is given once, and to everybody entitled once there are enough;
//   - doing all of it again in another order changes nothing.
func TestAnyProgramInAnyOrderKeepsTheBooksStraight(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	rapid.Check(t, fewer(programsPlayed, func(rt *rapid.T) {
		w := drawWeaving(rt)
		town := newTown(rt, b, w.weave(programtest.Plain().Draw(rt, "program")))
		happenings := []happening{{kind: comes, person: "0"}, {kind: comes, person: "1"}}
		happenings = append(happenings, rapid.SliceOfN(rapid.Custom(drawHappening), 3, 12).Draw(rt, "happenings")...)
		deeds := town.takeIn(happenings)
		for i := range rapid.IntRange(0, 3).Draw(rt, "imports") {
			deeds = append(deeds, town.imports("coffee", fmt.Sprint("C", i)), town.imports(prize(w.pooled), fmt.Sprint("P", i)))
		}
		play := town.play(rapid.Uint64().Draw(rt, "seed"))
		play.doAll(deeds)
		town.checkStock()
		plenty := []deed{town.imports("coffee", many("M")...), town.imports(prize(w.pooled), many("N")...)}
		play.doAll(plenty)
		town.checkNever()
		town.checkAdmissions(happenings)
		town.checkAgainstPaper()
		if !town.witness.truncated() {
			town.checkThresholds(w)
		}
		before := town.everything()
		play.doAll(slices.Clone(play.done))
		if after := town.everything(); !slices.Equal(before, after) {
			rt.Errorf("done again, everything changed from\n%s\nto\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
	}))
}

// TestWhereNothingAsksTheOrderDoesNotMatter holds programs that only add and give, unconditionally, against the same happenings on
// paper one after another, without the books.
func TestWhereNothingAsksTheOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	rapid.Check(t, fewer(programsPlayed, func(rt *rapid.T) {
		w := drawWeaving(rt)
		w.upwards, w.plain = true, true
		town := newTown(rt, b, w.weave(programtest.Plain().Draw(rt, "program")))
		happenings := drawStrangers(rt)
		town.play(rapid.Uint64().Draw(rt, "seed")).doAll(town.takeIn(happenings))
		alone := newPaper(nil)
		for _, h := range happenings {
			town.onPaper(alone, h)
		}
		alone.close()
		town.same("fields", alone.fields, fieldsRows)
		town.same("tags", alone.tags, tagsRows)
		town.same("rewards granted", alone.granted, "SELECT user_id || '|' || reward FROM grants"+ofTown)
		if sent := len(town.rows("SELECT run FROM deliveries WHERE bot_id = $1")); sent != len(alone.letters) {
			rt.Errorf("%d messages and calls, on paper %d", sent, len(alone.letters))
		}
	}))
}

// fewer bounds the draws that a property is checked on when nobody asked for a number: rapid has no setting for one test alone.
// Once it has failed, every draw counts, for rapid is looking for a smaller one.
func fewer(most int, property func(*rapid.T)) func(*rapid.T) {
	asked := flag.Lookup("rapid.checks")
	checked, failed := 0, false
	return func(rt *rapid.T) {
		if asked.Value.String() == asked.DefValue && checked >= most && !failed {
			return
		}
		checked++
		passed := false
		defer func() { failed = failed || !passed || rt.Failed() }()
		property(rt)
		passed = true
	}
}

// drawHappening draws from people of whom "0" and "1" are known already.
func drawHappening(rt *rapid.T) happening {
	person := rapid.SampledFrom([]string{"0", "1", "2", "3", "4"})
	return happening{
		kind:       rapid.SampledFrom([]string{opens, opens, opens, enters, writes}).Draw(rt, "kind"),
		person:     person.Draw(rt, "person"),
		referrer:   person.Draw(rt, "referrer"),
		entryPoint: rapid.SampledFrom(append([]string{gone}, slices.Repeat(programtest.EntryPoints, 3)...)).Draw(rt, "entry point"),
		text:       rapid.SampledFrom([]string{"refer", "/Refer", "points", "how many?", "hello"}).Draw(rt, "text"),
	}
}

// drawStrangers draws happenings whose order can't matter: whoever opens a link does so once and refers nobody.
func drawStrangers(rt *rapid.T) []happening {
	happenings := []happening{{kind: comes, person: "0"}, {kind: comes, person: "1"}}
	for i, h := range rapid.SliceOfN(rapid.Custom(drawHappening), 3, 12).Draw(rt, "happenings") {
		h.referrer = rapid.SampledFrom([]string{"0", "1", "1", "nobody"}).Draw(rt, "regular")
		if h.kind == opens {
			h.person = fmt.Sprint("stranger ", i)
			if rapid.Bool().Draw(rt, "known before") {
				happenings = append(happenings, happening{kind: comes, person: h.person})
			}
		}
		happenings = append(happenings, h)
	}
	return happenings
}

// many is more codes than there are people.
func many(prefix string) []string {
	var codes []string
	for i := range 16 {
		codes = append(codes, fmt.Sprint(prefix, i))
	}
	return codes
}

// A weaving is what is done to a program drawn: after every change of a number its thresholds are asked about.
type weaving struct {
	thresholds map[string]int // by field
	pooled     string         // the field whose prize has codes
	upwards    bool           // numbers only grow
	plain      bool           // and nothing is asked or taken away
}

func drawWeaving(rt *rapid.T) weaving {
	w := weaving{thresholds: map[string]int{}, pooled: programtest.NumberFields[0], upwards: rapid.Bool().Draw(rt, "upwards")}
	for _, field := range programtest.NumberFields {
		w.thresholds[field] = rapid.IntRange(-3, 12).Draw(rt, field+" reach")
	}
	return w
}

const thresholdsFlow = "thresholds"

func prize(field string) string { return "prize for " + field }

// weave writes the program anew.
func (w weaving) weave(source string) string {
	var file map[string]any
	if err := yaml.Unmarshal([]byte(source), &file); err != nil {
		panic(err)
	}
	flows, rewards := file["flows"].(map[string]any), file["rewards"].(map[string]any)
	for name, steps := range flows {
		if list, ok := steps.([]any); ok {
			flows[name] = w.steps(list)
		}
	}
	for _, each := range file["triggers"].([]any) {
		trigger := each.(map[string]any)
		trigger["do"] = w.steps(trigger["do"].([]any))
		if w.plain {
			delete(trigger, "if")
		}
	}
	asked := []any{}
	for _, field := range programtest.NumberFields {
		reward := map[string]any{"title": "A prize"}
		if field == w.pooled {
			reward["codes"] = "pool"
		}
		rewards[prize(field)] = reward
		asked = append(asked, map[string]any{
			"if":   map[string]any{"field": field, "reaches": w.thresholds[field]},
			"then": []any{map[string]any{"grant_reward": prize(field)}},
		})
	}
	flows[thresholdsFlow] = asked
	woven, err := yaml.Marshal(file)
	if err != nil {
		panic(err)
	}
	return string(woven)
}

func (w weaving) steps(list []any) []any {
	woven := []any{}
	for _, each := range list {
		woven = append(woven, w.step(each.(map[string]any))...)
	}
	if len(woven) == 0 { // a flow has steps
		woven = append(woven, map[string]any{"add_tag": programtest.Tags[0]})
	}
	return woven
}

// step gives what stands in a step's place.
func (w weaving) step(step map[string]any) []any {
	ask := map[string]any{"run_flow": thresholdsFlow}
	by, increments := step["by"].(int)
	_, setsNumber := step["to"].(int)
	switch {
	case increments && w.upwards:
		step["by"] = max(by, -by)
		return []any{step, ask}
	case increments:
		return []any{step, ask}
	case setsNumber && w.upwards, w.plain && (step["set"] != nil || step["remove_tag"] != nil):
		return nil
	case setsNumber:
		return []any{step, ask}
	case step["if"] == nil:
		return []any{step}
	}
	then := w.steps(step["then"].([]any))
	if w.plain {
		return then
	}
	step["then"] = then
	if otherwise, ok := step["else"].([]any); ok {
		step["else"] = w.steps(otherwise)
	}
	return []any{step}
}

// checkStock: before there are codes for everybody, no code lies idle while somebody waits.
func (t *town) checkStock() {
	for _, row := range t.rows(`SELECT reward FROM grants g WHERE bot_id = $1 AND needs_code
		AND NOT EXISTS (SELECT FROM reward_codes c WHERE c.bot_id = g.bot_id AND c.grant_id = g.grant_id)
		AND EXISTS (SELECT FROM reward_codes c WHERE c.bot_id = g.bot_id AND c.reward = g.reward AND c.grant_id IS NULL)`) {
		t.rt.Errorf("somebody waits for a code of %s while one is free", row)
	}
}

// never says what must never be, once there are codes for everybody.
var never = map[string]string{
	"a field isn't the sum of its ledger": `
		SELECT f.field FROM fields f WHERE f.bot_id = $1 AND f.number <> (
			SELECT coalesce(sum(l.delta), 0) FROM ledger l
			WHERE l.bot_id = f.bot_id AND l.contact_id = f.contact_id AND l.field = f.field)`,
	"a ledger's balances don't add up": `
		SELECT field FROM (
			SELECT field, balance, sum(delta) OVER (PARTITION BY contact_id, field ORDER BY entry_id) AS total FROM ledger WHERE bot_id = $1) l
		WHERE balance <> total`,
	"two referrals credited for one attribution": `
		SELECT attribution_key FROM referrals WHERE bot_id = $1 AND status = 'credited' GROUP BY attribution_key HAVING count(*) > 1`,
	"a referral left pending": "SELECT run FROM referrals WHERE bot_id = $1 AND status = 'pending'",
	"a reward granted twice":  "SELECT reward FROM grants WHERE bot_id = $1 GROUP BY contact_id, reward HAVING count(*) > 1",
	"a code told to two people": `
		SELECT code FROM reward_codes c JOIN deliveries d USING (bot_id)
		WHERE bot_id = $1 AND right(d.body, length(code) + 2) = ': ' || code GROUP BY code HAVING count(DISTINCT d.contact_id) > 1`,
	"a grant with another than its one code": `
		SELECT reward FROM grants g WHERE bot_id = $1 AND needs_code::int <> (
			SELECT count(*) FROM reward_codes c WHERE c.bot_id = g.bot_id AND c.grant_id = g.grant_id AND c.reward = g.reward)`,
	"a message still waits": "SELECT body FROM deliveries WHERE bot_id = $1 AND state <> 'queued'",
	"a message left with its hole": `
		SELECT body FROM deliveries WHERE bot_id = $1 AND body LIKE '%` + program.CodeHole + `%'`,
	"two deliveries in one place": `
		SELECT run FROM deliveries WHERE bot_id = $1 GROUP BY run, segment, ordinal HAVING count(*) > 1`,
}

func (t *town) checkNever() {
	for complaint, query := range never {
		if broken := t.rows(query); len(broken) > 0 {
			t.rt.Errorf("%s: %q", complaint, broken)
		}
	}
}

// checkAdmissions decides every referral anew, one after another in the order they were admitted in.
func (t *town) checkAdmissions(happenings []happening) {
	counted := map[string]bool{} // entry point|referrer|invitee
	taken := map[string]bool{}   // entry point|invitee
	known := map[string]bool{}   // public ids
	for _, h := range happenings {
		known[t.users[h.person]] = true
	}
	var want []string
	for _, each := range t.witness.admissionsInOrder() {
		o := each.opening
		door, isDoor := t.rules.EntryPoint(o.EntryPoint)
		pair := o.EntryPoint + "|" + o.Referrer + "|" + o.Invitee
		status, reason := referral.Rejected, referral.Reason("")
		switch {
		case !isDoor:
			reason = referral.UnknownEntryPoint
		case !known[o.Referrer]:
			reason = referral.UnknownReferrer
		case o.Referrer == o.Invitee:
			reason = referral.SelfReferral
		case counted[pair], door.Attribution != program.PerReferrer && taken[o.EntryPoint+"|"+o.Invitee]:
			reason = referral.AlreadyReferred
		case !door.AllowMutual && counted[o.EntryPoint+"|"+o.Invitee+"|"+o.Referrer]:
			reason = referral.MutualReferral
		default:
			status = referral.Credited
			counted[pair], taken[o.EntryPoint+"|"+o.Invitee] = true, true
		}
		want = append(want, fmt.Sprintf("%s|%s|%s", o.Run, status, reason))
	}
	t.same("referrals", want, "SELECT run || '|' || status || '|' || reason FROM referrals WHERE bot_id = $1")
	if wrong := t.rows(`SELECT run FROM referrals r JOIN inbox e USING (bot_id, event_id) WHERE bot_id = $1
		AND (r.kind = 'new') = EXISTS (
			SELECT FROM inbox b WHERE b.bot_id = e.bot_id AND b.contact_id = e.contact_id AND b.event_id < e.event_id)`); len(wrong) > 0 {
		t.rt.Errorf("of the wrong kind: %q", wrong)
	}
}

const (
	ofTown     = ` JOIN contacts USING (bot_id, contact_id) WHERE bot_id = $1`
	tagsRows   = `SELECT user_id || '|' || tag FROM tags` + ofTown
	fieldsRows = `SELECT user_id || '|' || field || '|' || coalesce(number::text, '') || '|' || earned || '|' || coalesce(text, '')
		FROM fields` + ofTown
	placed = `SELECT run || '|' || segment || '|' || ordinal || '|' || user_id || '|' || `
)

// checkAgainstPaper carries out all decisions again on paper, in their order, and compares.
func (t *town) checkAgainstPaper() {
	codes := map[string]string{}
	for _, row := range t.rows(`SELECT user_id || '|' || g.reward || '=' || code FROM reward_codes c JOIN grants g USING (bot_id, grant_id)
		JOIN contacts USING (bot_id, contact_id) WHERE bot_id = $1`) {
		holder, code, _ := strings.Cut(row, "=")
		codes[holder] = code
	}
	paper := newPaper(codes)
	for _, each := range t.witness.segmentsInOrder() {
		paper.enter(each)
	}
	paper.close()
	for _, complaint := range paper.complaints {
		t.rt.Error(complaint)
	}
	t.same("fields", paper.fields, fieldsRows)
	t.same("tags", paper.tags, tagsRows)
	t.same("ledger", paper.ledger, placed+"field || '|' || delta || '|' || balance || '|' || cause FROM ledger"+ofTown)
	t.same("grants", paper.grants,
		placed+"reward || '|' || coalesce(basis_field, '') || '|' || coalesce(basis_threshold::text, '') FROM grants"+ofTown)
	if got, want := slices.Sorted(slices.Values(t.letters())), slices.Sorted(slices.Values(paper.letters)); !slices.Equal(got, want) {
		t.rt.Errorf("messages and calls %q, want %q", got, want)
	}
}

// checkThresholds counts in the ledger how often each threshold was crossed upwards, and by what first.
func (t *town) checkThresholds(w weaving) {
	for i, field := range programtest.NumberFields {
		threshold := w.thresholds[field]
		crossed := fmt.Sprintf("FROM ledger%s AND field = '%s' AND balance - delta < %d AND %[3]d <= balance", ofTown, field, threshold)
		var found []string
		for user, times := range t.witness.holding(fmt.Sprintf("flows.%s[%d].if", thresholdsFlow, i)) {
			found = append(found, fmt.Sprintf("%s|%d", user, times))
		}
		t.same(fmt.Sprintf("%s found to reach %d", field, threshold), found, "SELECT user_id || '|' || count(*) "+crossed+" GROUP BY user_id")
		first := t.rows("SELECT DISTINCT ON (user_id) user_id || '|' || run || '|' || segment " + crossed + " ORDER BY user_id, entry_id")
		t.same(fmt.Sprintf("grants of %s, by the first crossing of %d", prize(field), threshold), first, fmt.Sprintf(
			"SELECT user_id || '|' || run || '|' || segment FROM grants%s AND reward = '%s' AND basis_field = '%s' AND basis_threshold = %d",
			ofTown, prize(field), field, threshold))
		if w.upwards && threshold > 0 {
			t.same(fmt.Sprintf("whose %s came to %d", field, threshold),
				t.rows(fmt.Sprintf("SELECT user_id FROM fields%s AND field = '%s' AND number >= %d", ofTown, field, threshold)),
				fmt.Sprintf("SELECT user_id FROM grants%s AND reward = '%s'", ofTown, prize(field)))
		}
	}
}

// onPaper lets a happening run its course on paper: waits take no time, and everything is done once.
func (t *town) onPaper(p *paper, h happening) {
	state := program.State{EntryPoint: h.entryPoint, People: map[program.Role]*program.Person{}}
	var from []program.Cursor
	is := func(role program.Role, person string) {
		found := p.person(t.users[person])
		state.People[role] = &found
	}
	switch h.kind {
	case opens:
		is(program.Invitee, h.person)
		_, isDoor := t.rules.EntryPoint(h.entryPoint)
		if _, known := t.users[h.referrer]; known && isDoor {
			is(program.Referrer, h.referrer)
			from = t.rules.Triggered(t.kindOf(h.person).Trigger(), h.entryPoint)
		}
		welcome, _ := t.rules.Welcome(h.entryPoint, program.Invitee)
		from = append(from, welcome)
	case enters:
		is(program.Contact, h.person)
		welcome, _ := t.rules.Welcome(h.entryPoint, program.Contact)
		from = append(from, welcome)
	case writes:
		is(program.Contact, h.person)
		if cursor, heard := t.rules.Keyword(h.text); heard {
			from = append(from, cursor)
		}
	}
	for len(from) > 0 {
		outcome := t.rules.Run(state, from...)
		from = nil
		for _, op := range outcome.Ops {
			p.carryOut("", state.People[op.Who].UserID, op)
		}
		for _, wait := range outcome.Waits {
			from = append(from, wait.Cursor)
		}
	}
}

// kindOf says how a stranger's referral counts: as an existing contact's when they had come before.
func (t *town) kindOf(person string) referral.Kind {
	if len(t.rows("SELECT event_id::text FROM inbox"+ofTown+" AND user_id = '"+t.users[person]+"'")) > 1 {
		return referral.Existing
	}
	return referral.New
}
