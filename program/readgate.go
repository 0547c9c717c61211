package program

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var (
	suffixPattern  = regexp.MustCompile(`^[-_][A-Za-z0-9]{0,7}$`)
	channelPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

	holds        = []string{string(UntilQualified), string(UntilApproved), string(UntilStillSubscribed)}
	approvals    = []string{string(AutoApproval), string(ManualApproval)}
	voidPolicies = []string{string(KeepOnVoid), string(RevokeOnVoid)}
)

func (r *reader) linkSuffix(e element) string {
	suffix := r.word(e)
	if suffix != "" && !suffixPattern.MatchString(suffix) {
		r.error(e.path, codeBadLinkSuffix, excerpt(suffix))
		return DefaultLinkSuffix
	}
	return suffix
}

// checkAmbiguous refuses a name that would read as the ref of another entry point and a referrer, with the suffix of new links or with
// that of old ones.
func (r *reader) checkAmbiguous(e entry) {
	for _, suffix := range []string{r.program.LinkSuffix, DefaultLinkSuffix} {
		link := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(suffix) + `[a-z2-7]{10}$`)
		if suffix != "" && link.MatchString(e.key) {
			at := strings.LastIndexAny(e.key, "-_")
			r.error(e.path, codeAmbiguousEntryPoint, e.key, e.key[:at]+e.key[at+1:])
			return
		}
	}
}

// gate reads what keeps referrals through an entry point out, and what keeps them waiting.
func (r *reader) gate(values map[string]element, into *EntryPoint) {
	for _, each := range []struct {
		key  string
		read func(element)
	}{
		{"active", func(e element) { into.Active = r.window(e) }},
		{"paused", func(e element) { into.Paused = r.trueOrFalse(e) }},
		{"channels", func(e element) { into.Channels = r.channels(e) }},
		{"caps", func(e element) { into.Caps = r.caps(e) }},
		{"velocity", func(e element) { into.Velocity = r.velocity(e) }},
		{"typed_code", func(e element) { into.TypedCode = r.duration(e) }},
		{"hold", func(e element) { into.Hold = r.hold(e) }},
		{"approval", func(e element) { into.Approval = Approval(r.oneOf(e, codeUnknownApproval, approvals)) }},
	} {
		if value, ok := values[each.key]; ok {
			each.read(value)
		}
	}
}

func (r *reader) window(e element) Window {
	var window Window
	values := r.object(e, "active")
	if from, ok := values["from"]; ok {
		window.From = r.moment(from)
	}
	if until, ok := values["until"]; ok {
		window.Until = r.moment(until)
	}
	if !window.From.IsZero() && !window.Until.IsZero() && !window.Until.After(window.From) {
		r.error(e.path+".until", codeEndsBeforeStart)
	}
	return window
}

// moment reads a time with its zone, or a date, which means the start of that day in UTC.
func (r *reader) moment(e element) time.Time {
	written := r.word(e)
	if written == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if moment, err := time.Parse(layout, written); err == nil && moment.Year() > 0 {
			return moment.UTC()
		}
	}
	r.error(e.path, codeBadMoment, excerpt(written))
	return time.Time{}
}

func (r *reader) channels(e element) []string {
	var channels []string
	elements := r.itemsOrOne(e, yaml.ScalarNode)
	if e.isEmptyList() {
		r.error(e.path, codeEmptyText)
	}
	for _, each := range elements {
		name := r.word(each)
		switch {
		case name == "":
		case !channelPattern.MatchString(name):
			r.error(each.path, codeBadChannelName, excerpt(name))
		case !slices.Contains(channels, name):
			channels = append(channels, name)
		}
	}
	return channels
}

func (r *reader) caps(e element) Caps {
	values := r.object(e, "caps")
	return Caps{
		PerDay: r.positive(values["per_day"]), PerReferrer: r.positive(values["per_referrer"]), Total: r.positive(values["total"]),
	}
}

// positive reads a whole number of 1 or more; 0 stands for one that isn't there or is wrong.
func (r *reader) positive(e element) int64 {
	if e.node == nil {
		return 0
	}
	number, ok := r.whole(e)
	if ok && number < 1 {
		r.error(e.path, codePositiveExpected)
		return 0
	}
	return number
}

func (r *reader) velocity(e element) Velocity {
	var velocity Velocity
	values := r.object(e, "velocity")
	if atMost, ok := r.need(e, values, "at_most"); ok {
		velocity.AtMost = r.positive(atMost)
	}
	if within, ok := r.need(e, values, "within"); ok {
		velocity.Within = r.duration(within)
	}
	return velocity
}

func (r *reader) hold(e element) Hold {
	var hold Hold
	values := r.object(e, "hold")
	if until, ok := r.need(e, values, "until"); ok {
		hold.Until = HoldUntil(r.oneOf(until, codeUnknownHold, holds))
	}
	if span, ok := values["for"]; ok {
		hold.For = r.duration(span)
	} else if hold.Until == UntilStillSubscribed {
		r.error(e.path, codeHoldWithoutTime)
	}
	return hold
}
