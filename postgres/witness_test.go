package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// A witness is the books with somebody beside them who writes down what was decided, from what, and in which order. Decisions are
// made under the locks of their people, so for each person that order is the order of the commits.
type witness struct {
	*postgres.Store
	mu         sync.Mutex
	moment     int
	admissions map[string]admitted
	segments   map[string]played
}

type admitted struct {
	moment  int
	opening referral.Opening
	status  referral.Status
	reason  referral.Reason
}

type played struct {
	moment  int
	segment referral.Segment
	people  map[program.Role]program.Person // as they were found
	outcome program.Outcome
}

func newWitness(store *postgres.Store) *witness {
	return &witness{Store: store, admissions: map[string]admitted{}, segments: map[string]played{}}
}

func (w *witness) Admit(
	ctx context.Context, o referral.Opening, decide func(referral.Facts) (referral.Status, referral.Reason),
) (referral.Admission, error) {
	return w.Store.Admit(ctx, o, func(facts referral.Facts) (referral.Status, referral.Reason) {
		status, reason := decide(facts)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.moment++
		w.admissions[o.Run] = admitted{w.moment, o, status, reason}
		return status, reason
	})
}

// Apply notes the last decision of a segment: one made before in a transaction that was rolled back never was.
func (w *witness) Apply(
	ctx context.Context, segment referral.Segment, decide func(*program.Program, referral.Scene) program.Outcome,
) (referral.Applied, error) {
	return w.Store.Apply(ctx, segment, func(p *program.Program, scene referral.Scene) program.Outcome {
		people := map[program.Role]program.Person{}
		for role, person := range scene.People {
			people[role] = copyOf(*person)
		}
		outcome := decide(p, scene)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.moment++
		w.segments[segment.Run+"|"+segment.Name] = played{w.moment, segment, people, outcome}
		return outcome
	})
}

func copyOf(person program.Person) program.Person {
	person.Numbers, person.Texts, person.Tags = maps.Clone(person.Numbers), maps.Clone(person.Texts), maps.Clone(person.Tags)
	return person
}

func (w *witness) admissionsInOrder() []admitted {
	return slices.SortedFunc(maps.Values(w.admissions), func(a, b admitted) int { return a.moment - b.moment })
}

func (w *witness) segmentsInOrder() []played {
	return slices.SortedFunc(maps.Values(w.segments), func(a, b played) int { return a.moment - b.moment })
}

// truncated says whether some segment ran out of its budget of steps, so that not all was asked.
func (w *witness) truncated() bool {
	for _, each := range w.segments {
		if each.outcome.Truncated {
			return true
		}
	}
	return false
}

// holding counts how often a threshold of the flow thresholds was found crossed: "user|path" → times.
func (w *witness) holding(path string) map[string]int {
	held := map[string]int{}
	for _, each := range w.segments {
		for _, check := range each.outcome.Checks {
			if check.Held && check.Path == path {
				held[each.people[check.Who].UserID]++
			}
		}
	}
	return held
}

// A paper is the same books kept by one hand, on paper: decisions carried out one after another, without locks or SQL.
type paper struct {
	people                                         map[string]program.Person // by public id
	earned                                         map[string]int64          // user|field
	ledger, fields, tags, grants, granted, letters []string                  // rows as text
	codes                                          map[string]string         // user|reward → code, as given by the books
	complaints                                     []string
}

func newPaper(codes map[string]string) *paper {
	return &paper{people: map[string]program.Person{}, earned: map[string]int64{}, codes: codes}
}

// person gives somebody as the paper knows them; whoever it doesn't know has nothing yet.
func (p *paper) person(user string) program.Person {
	if _, known := p.people[user]; !known {
		p.people[user] = program.Person{UserID: user, Numbers: map[string]int64{}, Texts: map[string]string{}, Tags: map[string]bool{}}
	}
	return p.people[user]
}

// enter carries out a decision, after a look at whether it was made from what the paper says.
func (p *paper) enter(d played) {
	for role, found := range d.people {
		if known := p.person(found.UserID); !samePerson(found, known) {
			p.complaints = append(p.complaints,
				fmt.Sprintf("%s %s found the %s as %v, not as %v", d.segment.Run, d.segment.Name, role, found, known))
		}
	}
	for ordinal, op := range d.outcome.Ops {
		p.carryOut(fmt.Sprintf("%s|%s|%d|", d.segment.Run, d.segment.Name, ordinal), d.people[op.Who].UserID, op)
	}
}

func samePerson(a, b program.Person) bool {
	return maps.Equal(a.Numbers, b.Numbers) && maps.Equal(a.Texts, b.Texts) && maps.Equal(a.Tags, b.Tags)
}

func (p *paper) carryOut(place, user string, op program.Op) {
	person := p.person(user)
	before := person.Numbers[op.Field]
	switch op.Kind {
	case program.OpIncrement:
		person.Numbers[op.Field] = before + op.Delta
		p.earned[user+"|"+op.Field] += max(0, op.Delta) // what is spent was earned all the same
		p.ledger = append(p.ledger, fmt.Sprintf("%s%s|%s|%d|%d|increment", place, user, op.Field, op.Delta, before+op.Delta))
	case program.OpSetNumber:
		person.Numbers[op.Field] = op.Number
		p.ledger = append(p.ledger, fmt.Sprintf("%s%s|%s|%d|%d|set", place, user, op.Field, op.Number-before, op.Number))
	case program.OpSetText:
		person.Texts[op.Field] = op.Text
	case program.OpAddTag:
		person.Tags[op.Tag] = true
	case program.OpRemoveTag:
		delete(person.Tags, op.Tag)
	case program.OpGrant:
		p.grant(place, user, op)
	case program.OpSend:
		p.letters = append(p.letters, place+user+"|"+program.FillCode(op.Text, p.codes[user+"|"+op.Reward]))
	case program.OpCall:
		p.letters = append(p.letters, place+user+"|call "+op.Webhook+" "+tellingOf(person, op.With))
	}
}

// grant gives a reward to whom hasn't got it.
func (p *paper) grant(place, user string, op program.Op) {
	if slices.Contains(p.granted, user+"|"+op.Reward) {
		return
	}
	p.granted = append(p.granted, user+"|"+op.Reward)
	basis := "|"
	if op.Basis != nil {
		basis = fmt.Sprintf("%s|%d", op.Basis.Field, op.Basis.Threshold)
	}
	p.grants = append(p.grants, fmt.Sprintf("%s%s|%s|%s", place, user, op.Reward, basis))
}

// close writes down how everybody stands in the end.
func (p *paper) close() {
	for user, person := range p.people {
		for field, number := range person.Numbers {
			p.fields = append(p.fields, fmt.Sprintf("%s|%s|%d|%d|", user, field, number, p.earned[user+"|"+field]))
		}
		for field, text := range person.Texts {
			p.fields = append(p.fields, fmt.Sprintf("%s|%s||0|%s", user, field, text))
		}
		for tag := range person.Tags {
			p.tags = append(p.tags, user+"|"+tag)
		}
	}
}

// tellingOf is what a call must tell, as far as programs change it.
func tellingOf(person program.Person, with map[string]string) string {
	fields := map[string]any{}
	for field, text := range person.Texts {
		fields[field] = text
	}
	for field, number := range person.Numbers {
		fields[field] = number
	}
	tags := slices.AppendSeq([]string{}, maps.Keys(person.Tags))
	slices.Sort(tags)
	return inOrder(map[string]any{"fields": fields, "tags": tags, "with": with})
}

// inOrder is JSON with its keys in order and nothing else to tell it by.
func inOrder(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
