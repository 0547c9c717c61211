package referral

import (
	"slices"

	"github.com/millenniumm/referrals/program"
)

// A Scene is what a segment is decided from, read under the locks of its people.
type Scene struct {
	Segment    Segment
	EntryPoint string // as the ref or the opening named it
	Status     Status // of the referral; empty for a flow without one
	Kind       Kind
	People     map[program.Role]*program.Person
}

// Play decides a segment. A segment that knows where to start starts there; settle starts with the triggers of an admitted
// referral, and then welcomes the invitee, credited or not: being refused credit is no reason not to be welcomed.
func Play(p *program.Program, scene Scene) program.Outcome {
	state := program.State{People: scene.People, EntryPoint: scene.EntryPoint}
	from := scene.Segment.From
	if len(from) == 0 {
		from = opening(p, scene)
	}
	if scene.Status == Voided { // taken back while a flow waited: nothing more happens for the referrer
		from = slices.DeleteFunc(slices.Clone(from), func(c program.Cursor) bool { return c.For == program.Referrer })
	}
	return p.Run(state, from...)
}

func opening(p *program.Program, scene Scene) []program.Cursor {
	var from []program.Cursor
	if scene.Status == Pending {
		from = p.Triggered(scene.Kind.Trigger(), scene.EntryPoint)
	}
	if welcome, ok := p.Welcome(scene.EntryPoint, program.Invitee); ok {
		from = append(from, welcome)
	}
	return from
}
