package contract

import (
	"strconv"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// HoldPrefix stands before the id of a referral's workflow in the id of its hold, and in the inbox rows that wake one.
const HoldPrefix = "hold/"

// HoldInput starts a Hold: a referral that waits before it counts, or that is taken back.
type HoldInput struct {
	Of ReferralInput `json:"of"`
}

// ID is the id of the hold's workflow: one at a time for each referral.
func (in HoldInput) ID() string { return HoldPrefix + in.Of.ID() }

// Summary says for people who look at workflows what a hold is about.
func (in HoldInput) Summary() string {
	return in.Of.EntryPoint + ": " + in.Of.Invitee + " through " + in.Of.Referrer + "'s link"
}

// ParseReferral reads the id of a referral's workflow back, all but the account, which isn't in it.
func ParseReferral(id string) (in ReferralInput, ok bool) {
	parts := strings.Split(id, "/")
	const kind, bot, entryPoint, referrer, invitee, event, count = 0, 1, 2, 3, 4, 5, 6
	if len(parts) != count || parts[kind] != "referral" {
		return ReferralInput{}, false
	}
	number, err := strconv.ParseInt(parts[event], 10, 64)
	in = ReferralInput{
		Bot: parts[bot], EntryPoint: parts[entryPoint], Referrer: parts[referrer], Invitee: parts[invitee], Event: number,
	}
	return in, err == nil
}

// SearchAttributes are what a referral, and its hold, are found by.
func (in ReferralInput) SearchAttributes() temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		BotID.ValueSet(in.Bot), EntryPoint.ValueSet(in.EntryPoint), Referrer.ValueSet(in.Referrer), Invitee.ValueSet(in.Invitee),
	)
}
