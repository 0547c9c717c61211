package program

import (
	"maps"
	"slices"
	"strconv"
)

// gates warns of entry points and triggers whose rules can't mean what they say.
func (w *warner) gates() {
	for _, entryPoint := range w.program.EntryPoints {
		path := "entry_points." + entryPoint.Name
		if entryPoint.Hold.Until == UntilApproved && entryPoint.Approval == ManualApproval {
			w.warn(path+".approval", codeApprovedTwice)
		}
		caps := entryPoint.Caps
		w.cap(path, "per_day", caps.PerDay, "per_referrer", caps.PerReferrer)
		w.cap(path, "per_day", caps.PerDay, "total", caps.Total)
		w.cap(path, "per_referrer", caps.PerReferrer, "total", caps.Total)
	}
	for i, trigger := range w.program.Triggers {
		if trigger.On == ReferralQualified && !w.program.waitsToQualify(trigger.EntryPoint) {
			w.warn(triggerStart(i)+".on", codeNeverQualified)
		}
		if trigger.On == ReferralVoided {
			w.reversedAnyway(i, trigger)
		}
	}
}

// cap: of two limits on the same referrals the wider one is never met.
func (w *warner) cap(path, wide string, wideCap int64, narrow string, narrowCap int64) {
	if narrowCap > 0 && wideCap > narrowCap {
		w.warn(path+".caps."+wide, codeCapNeverMet, wide, strconv.FormatInt(wideCap, 10), narrow, strconv.FormatInt(narrowCap, 10))
	}
}

// waitsToQualify says whether an entry point, or any when the name is empty, holds its referrals until their invitees qualify.
func (p *Program) waitsToQualify(name string) bool {
	return slices.ContainsFunc(p.EntryPoints, func(entryPoint EntryPoint) bool {
		return (name == "" || name == entryPoint.Name) && entryPoint.Hold.Until == UntilQualified
	})
}

// reversedAnyway: authors who know other platforms take points off by hand when a referral is voided.
func (w *warner) reversedAnyway(index int, trigger Trigger) {
	warn := func(path string, step Step) {
		if down, ok := step.(IncrementStep); ok && down.By < 0 {
			w.warn(path+"."+increment, codeReversedAnyway, down.Field)
		}
	}
	eachStep(triggerPath(index), trigger.Do, warn)
	for _, flow := range slices.Sorted(maps.Keys(w.program.reachable(w.program.flowsRunBy(trigger.Do)...))) {
		eachStep(flowPath(flow), w.program.Flows[flow], warn)
	}
}
