package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// A town is a bot with a program of its own, on books that it shares with other towns.
type town struct {
	books
	rt      *rapid.T
	bot     string
	rules   *program.Program
	version int32
	users   map[string]string // person → public id
	witness *witness
}

func newTown(rt *rapid.T, b books, source string) *town {
	town := &town{books: b, rt: rt, bot: fmt.Sprint("town-", b.ids.Add(1)), users: map[string]string{}, witness: newWitness(b.Store)}
	_, _, err := b.CreateBot(b.t.Context(), town.bot, town.bot)
	town.must(err)
	town.must(b.PutAccount(b.t.Context(), channel.Account{
		Bot: town.bot, Name: "tg", Channel: "telegram", ExternalID: town.bot,
		Credentials: map[string]string{"token": "secret"}, Settings: map[string]string{},
	}))
	town.version, err = b.SaveProgram(b.t.Context(), town.bot, source)
	town.must(err)
	town.rules, err = b.Program(b.t.Context(), town.bot, town.version)
	town.must(err)
	return town
}

func (t *town) must(err error) {
	t.rt.Helper()
	if err != nil {
		t.rt.Fatal(err)
	}
}

// A happening is something a person does.
type happening struct {
	kind       string // how they do it
	person     string
	referrer   string // whose link they open
	entryPoint string
	text       string // what they write
}

// The kinds of happening.
const (
	opens  = "opens a link"  // somebody's, through an entry point
	enters = "enters"        // by an entry point, with nobody's link
	writes = "writes a word" // perhaps a keyword
	comes  = "becomes known" // and starts nothing
)

const (
	nobody = "nobodyhere"     // a public id that no contact has
	gone   = "gone-campaign1" // an entry point that no program has
)

// takeIn stores what happens and gives the first deed of each that starts something, as the relay routes them.
func (t *town) takeIn(happenings []happening) []deed {
	names := make([]string, len(happenings))
	for i, h := range happenings {
		e := event(channel.Text, t.newID(), h.person)
		e.Text = h.text
		if h.kind == opens || h.kind == enters {
			e.Kind, e.Ref = channel.Opening, h.entryPoint // what stands behind it doesn't matter: no code is typed
		}
		names[i] = e.ID
		arrived, err := t.inbox.Add(t.t.Context(), t.bot, "tg", []channel.Event{e})
		t.must(err)
		t.users[h.person] = arrived[0].UserID
	}
	ids := map[string]int64{}
	for _, row := range t.rows("SELECT dedupe_key || '|' || event_id FROM inbox WHERE bot_id = $1") {
		name, id, _ := strings.Cut(row, "|")
		number, err := strconv.ParseInt(id, 10, 64)
		t.must(err)
		ids[name] = number
	}
	var deeds []deed
	for i, h := range happenings {
		deeds = append(deeds, t.started(h, ids[names[i]])...)
	}
	return deeds
}

// started is what a stored happening starts.
func (t *town) started(h happening, id int64) []deed {
	user := t.users[h.person]
	flow := contract.FlowInput{Bot: t.bot, Event: id, Account: "tg", Contact: user, Version: t.version}
	switch h.kind {
	case opens:
		referrer, known := t.users[h.referrer]
		if !known {
			referrer = nobody
		}
		in := contract.ReferralInput{Bot: t.bot, Event: id, Account: "tg", EntryPoint: h.entryPoint, Referrer: referrer, Invitee: user}
		return []deed{t.admission(in)}
	case enters:
		door, _ := t.rules.Door(h.entryPoint)
		flow.EntryPoint = door.Name
		flow.From, _ = t.rules.Welcome(door.Name, program.Contact)
		return []deed{t.flow(flow)}
	case writes:
		cursor, heard := t.rules.Keyword(h.text)
		if !heard {
			return nil
		}
		flow.From = cursor
		return []deed{t.flow(flow)}
	}
	return nil
}

// A deed is one step of a workflow: an activity that may be done any number of times, and the steps that follow its result.
type deed struct {
	name string
	do   func(context.Context, *activities.Activities) (any, error)
	then func(result any) []deed
}

func (t *town) admission(in contract.ReferralInput) deed {
	return deed{
		name: "admit " + in.ID(),
		do:   func(ctx context.Context, as *activities.Activities) (any, error) { return as.Admit(ctx, in) },
		then: func(any) []deed {
			return []deed{{
				name: "settle " + in.ID(),
				do:   func(ctx context.Context, as *activities.Activities) (any, error) { return as.Settle(ctx, in) },
				then: t.goingOn(contract.ResumeInput{
					Bot: in.Bot, Run: in.ID(), Segment: contract.SettleSegment, Account: in.Account, Contact: in.Invitee, Wanted: in.Referrer,
					EntryPoint: in.EntryPoint,
				}),
			}}
		},
	}
}

func (t *town) flow(in contract.FlowInput) deed {
	return deed{
		name: "run " + in.ID(),
		do:   func(ctx context.Context, as *activities.Activities) (any, error) { return as.Run(ctx, in) },
		then: t.goingOn(contract.ResumeInput{
			Bot: in.Bot, Run: in.ID(), Segment: contract.FlowSegment, Account: in.Account, Contact: in.Contact, Wanted: in.Contact,
			Version: in.Version, EntryPoint: in.EntryPoint,
		}),
	}
}

// goingOn gives the deeds that go on after the waits of the segment that before names.
func (t *town) goingOn(before contract.ResumeInput) func(any) []deed {
	return func(result any) []deed {
		applied, _ := result.(referral.Applied)
		var deeds []deed
		for i, wait := range applied.Waits {
			in := before
			in.Segment, in.From, in.After = contract.NextSegment(before.Segment, i), wait.Cursor, wait.For
			deeds = append(deeds, deed{
				name: "go on " + in.ID(),
				do:   func(ctx context.Context, as *activities.Activities) (any, error) { return as.GoOn(ctx, in) },
				then: t.goingOn(in),
			})
		}
		return deeds
	}
}

// imports is the arrival of codes for a reward.
func (t *town) imports(reward string, codes ...string) deed {
	return deed{
		name: fmt.Sprint("import ", reward, codes),
		do: func(ctx context.Context, _ *activities.Activities) (any, error) {
			_, err := t.ImportCodes(ctx, t.bot, reward, codes)
			return nil, err
		},
		then: func(any) []deed { return nil },
	}
}

// A play is deeds being done by several workers, each some times over and in any order that lets causes come before effects.
type play struct {
	town    *town
	chance  *rand.Rand
	mu      sync.Mutex
	moved   *sync.Cond
	todo    []deed
	busy    int
	results map[string]any // by name, of deeds done
	done    []deed
	errors  []error
}

func (t *town) play(seed uint64) *play {
	p := &play{town: t, chance: rand.New(rand.NewPCG(seed, seed)), results: map[string]any{}}
	p.moved = sync.NewCond(&p.mu)
	return p
}

const workers, mostTimes = 3, 3

// doAll does the deeds and what follows them, until nothing is left.
func (p *play) doAll(deeds []deed) {
	p.add(deeds)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			process := activities.New(p.town.witness, nil, nil, nil) // one each: turns are taken within a process
			for each, more := p.next(); more; each, more = p.next() {
				result, err := each.do(p.town.t.Context(), process)
				p.finish(each, result, err)
			}
		})
	}
	group.Wait()
	for _, err := range p.errors {
		p.town.rt.Error(err)
	}
}

func (p *play) add(deeds []deed) {
	for _, each := range deeds {
		for range 1 + p.chance.IntN(mostTimes) {
			p.todo = append(p.todo, each)
		}
	}
}

// next takes any deed that is to do, and waits for one while others may yet bring some.
func (p *play) next() (deed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.todo) == 0 && p.busy > 0 {
		p.moved.Wait()
	}
	if len(p.todo) == 0 {
		return deed{}, false
	}
	at := p.chance.IntN(len(p.todo))
	each := p.todo[at]
	p.todo = slices.Delete(p.todo, at, at+1)
	p.busy++
	return each, true
}

// finish adds what follows a deed done for the first time, and compares the result of one done again.
func (p *play) finish(each deed, result any, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.moved.Broadcast()
	p.busy--
	before, again := p.results[each.name]
	switch {
	case err != nil:
		p.errors = append(p.errors, fmt.Errorf("%s: %w", each.name, err))
	case !again:
		p.results[each.name] = result
		p.done = append(p.done, each)
		p.add(each.then(result))
	case !reflect.DeepEqual(before, result):
		p.errors = append(p.errors, fmt.Errorf("%s: first %+v, then %+v", each.name, before, result))
	}
}

// rows are what a query about the town gives, as text and in order.
func (t *town) rows(query string) []string {
	t.rt.Helper()
	found, err := t.sql.Query(t.t.Context(), query, t.bot)
	t.must(err)
	var rows []string
	for found.Next() {
		var row string
		t.must(found.Scan(&row))
		rows = append(rows, row)
	}
	t.must(found.Err())
	slices.Sort(rows)
	return rows
}

// same compares what stands in the books with what should.
func (t *town) same(what string, want []string, query string) {
	t.rt.Helper()
	want = slices.Sorted(slices.Values(want))
	got := t.rows(query)
	if !slices.Equal(got, want) {
		missing := slices.DeleteFunc(slices.Clone(want), func(row string) bool { return slices.Contains(got, row) })
		extra := slices.DeleteFunc(slices.Clone(got), func(row string) bool { return slices.Contains(want, row) })
		t.rt.Errorf("%s: %d rows, want %d; missing %q, not wanted %q", what, len(got), len(want), missing, extra)
	}
}

// everything is all that the play may change, each row with its table.
func (t *town) everything() []string {
	var all []string
	for _, table := range []string{"segments", "referrals", "fields", "ledger", "tags", "grants", "reward_codes", "deliveries", "inbox"} {
		all = append(all, t.rows("SELECT '"+table+" ' || x::text FROM "+table+" x WHERE bot_id = $1")...)
	}
	return all
}

// letters are the messages and calls in the outbox, as the paper writes them.
func (t *town) letters() []string {
	var letters []string
	for _, row := range t.rows(`SELECT jsonb_build_object('place', run || '|' || segment || '|' || ordinal || '|' || user_id || '|',
		'account', account, 'call', call, 'body', body)::text FROM deliveries` + ofTown) {
		var letter struct {
			Place, Account, Body string
			Call                 bool
		}
		t.must(json.Unmarshal([]byte(row), &letter))
		if letter.Call {
			var told struct {
				Contact map[string]any
				With    map[string]string
			}
			t.must(json.Unmarshal([]byte(letter.Body), &told))
			letter.Body = "call " + letter.Account + " " +
				inOrder(map[string]any{"fields": told.Contact["fields"], "tags": told.Contact["tags"], "with": told.With})
		}
		letters = append(letters, letter.Place+letter.Body)
	}
	return letters
}
