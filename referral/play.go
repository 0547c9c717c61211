package referral

import (
	"slices"
	"strings"

	"github.com/millenniumm/referrals/program"
)

// A Scene is what a segment is decided from, read under the locks of its people.
type Scene struct {
	Segment    Segment
	EntryPoint string // as the ref or the opening named it
	Status     Status // of the referral, before the segment; empty for a flow without one
	Becomes    Status // of the referral, with the segment; the same where nothing is decided about it
	Kind       Kind
	Late       bool // the invitee was there before they named their referrer
	People     map[program.Role]*program.Person
	Granted    map[string]int64 // who holds each reward whose total is bounded, where that was counted
}

// Play decides a segment. A segment that knows where to start starts there. Others fire the triggers of what becomes of their
// referral; settle then welcomes the invitee, whatever that is: being refused credit is no reason not to be welcomed.
func Play(p *program.Program, scene Scene) program.Outcome {
	state := program.State{People: scene.People, EntryPoint: scene.EntryPoint, Granted: scene.Granted}
	from := scene.Segment.From
	switch {
	case len(from) == 0:
		from = opening(p, scene)
	case scene.Status == Voided && !scene.Segment.tellsOfVoid(): // taken back while a flow waited: nothing more happens for the referrer
		from = slices.DeleteFunc(slices.Clone(from), func(c program.Cursor) bool { return c.For == program.Referrer })
		from = alone(from)
	}
	return p.Run(state, from...)
}

// tellsOfVoid says whether a segment goes on with what the voiding of its referral began.
func (s Segment) tellsOfVoid() bool { return strings.HasPrefix(s.Name, VoidSegment+".") }

func opening(p *program.Program, scene Scene) []program.Cursor {
	from := fired(p, scene)
	if name := scene.Segment.Name; scene.Late || name == CreditSegment || name == VoidSegment { // welcomed before
		return from
	}
	return append(from, arrival(p, scene)...)
}

// arrival is what happens for who came in. What of it is for the referrer happens only where the referral counts: being refused is no
// news for them, and what is held may yet be.
func arrival(p *program.Program, scene Scene) []program.Cursor {
	welcome, ok := p.Welcome(scene.EntryPoint, program.Invitee)
	if !ok {
		return nil
	}
	door, _ := p.Door(scene.EntryPoint)
	var arrived []program.Cursor
	if scene.Kind == New {
		arrived = p.Fired(program.ContactCreated, door.Name, program.Invitee)
	}
	arrived = append(arrived, p.Fired(program.EntryPointOpened, door.Name, program.Invitee)...)
	arrived = append(arrived, welcome)
	if scene.Becomes != Credited {
		return alone(arrived)
	}
	return arrived
}

// alone makes cursors do nothing for anybody but whom they run for.
func alone(cursors []program.Cursor) []program.Cursor {
	for i := range cursors {
		cursors[i].Alone = true
	}
	return cursors
}

// fired gives the triggers of a change: of a referral that comes to count, or of one that is taken back.
func fired(p *program.Program, scene Scene) []program.Cursor {
	if scene.Becomes == scene.Status {
		return nil
	}
	switch scene.Becomes {
	case Credited:
		var from []program.Cursor
		if door, known := p.EntryPoint(scene.EntryPoint); known && door.Hold.Until == program.UntilQualified {
			from = p.Triggered(program.ReferralQualified, scene.EntryPoint)
		}
		return append(from, p.Triggered(scene.Kind.Trigger(), scene.EntryPoint)...)
	case Voided:
		return p.Triggered(program.ReferralVoided, scene.EntryPoint)
	default:
		return nil
	}
}
