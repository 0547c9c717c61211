package simulate

import (
	"fmt"
	"strconv"
)

// What the simulated program is made of (program.yaml).
const (
	entryPoint   = "campaign1"
	separator    = "-c"
	unknownDoor  = "nosuch"
	nobodysID    = "aaaaaaaaaa"
	pointsField  = "points"
	pointsNew    = 2
	pointsKnown  = 1
	badge        = "badge"
	badgeAt      = 4
	coffee       = "coffee"
	coffeeAt     = 10
	keyword      = "link"
	codeStandsIn = "<code>"
)

// Books are what the house must know in the end, or what was found. People are named by their places in the campaign, and so they
// are in texts (@17): what public ids the house gives out isn't known beforehand.
type Books struct {
	Contacts  int
	Referrals map[Referral]int
	Points    map[int]int64
	Credits   map[int]int // referrals that counted, by referrer
	Tags      map[Tag]int
	Grants    map[Grant]int
	CodesUsed int
	Messages  map[Message]int
}

// A Referral is one as far as it can be known beforehand.
type Referral struct {
	EntryPoint, Kind, Status, Reason string
	Referrer, Invitee                int // referrer: nobody when there is none of that id
	Points                           int
}

// String is for those who look for a difference.
func (r Referral) String() string {
	return fmt.Sprintf("referral of @%d by @%d through %s: %s %s %s, %d points",
		r.Invitee, r.Referrer, r.EntryPoint, r.Kind, r.Status, r.Reason, r.Points)
}

// A Tag is one that somebody bears.
type Tag struct {
	Who  int
	Name string
}

func (t Tag) String() string { return fmt.Sprintf("tag %s of @%d", t.Name, t.Who) }

// A Grant is one that somebody got.
type Grant struct {
	Who    int
	Reward string
}

func (g Grant) String() string { return fmt.Sprintf("grant of %s to @%d", g.Reward, g.Who) }

// A Message is one that was written to somebody.
type Message struct {
	To    int
	State string
	Text  string
}

func (m Message) String() string { return fmt.Sprintf("message to @%d, %s: %q", m.To, m.State, m.Text) }

func newBooks() Books {
	return Books{
		Referrals: map[Referral]int{}, Points: map[int]int64{}, Credits: map[int]int{}, Tags: map[Tag]int{}, Grants: map[Grant]int{},
		Messages: map[Message]int{},
	}
}

// A fate is what becomes of a deed that is a referral.
type fate struct{ entryPoint, status, reason string }

const (
	credited = "credited"
	rejected = "rejected"
	accepted = "accepted"
)

var fates = map[Deed]fate{
	OpensUnknownDoor:  {unknownDoor, rejected, "unknown_entry_point"},
	OpensForNobody:    {entryPoint, rejected, "unknown_referrer"},
	Invited:           {entryPoint, credited, ""},
	ComesAgain:        {entryPoint, rejected, "already_referred"},
	ComesThroughOther: {entryPoint, rejected, "already_referred"},
	OpensOwnLink:      {entryPoint, rejected, "self_referral"},
	OpensInviteesLink: {entryPoint, rejected, "mutual_referral"},
}

// Expect counts what the books must say after so many waves of a campaign whose links start with link.
func (c Campaign) Expect(waves int, link string) Books {
	books, met := newBooks(), map[int]bool{}
	for _, wave := range c.Waves[:waves] {
		for _, visit := range wave {
			books.count(visit, !met[visit.Who], link)
			met[visit.Who] = true
		}
	}
	books.Contacts = len(met)
	for who, points := range books.Points {
		books.reward(who, points)
	}
	return books
}

// count adds one visit.
func (b Books) count(visit Visit, isNew bool, link string) {
	switch visit.Deed {
	case Greets:
	case AsksForLink:
		b.write(visit.Who, fmt.Sprintf("Your link: %s%s%s@%d", link, entryPoint, separator, visit.Who))
	default:
		b.Tags[Tag{visit.Who, "welcomed"}] = 1
		b.write(visit.Who, "Welcome!")
	}
	fate, isReferral := fates[visit.Deed]
	if !isReferral {
		return
	}
	made := Referral{
		EntryPoint: fate.entryPoint, Kind: "existing", Status: fate.status, Reason: fate.reason, Referrer: visit.Through, Invitee: visit.Who,
	}
	if isNew {
		made.Kind = "new"
	}
	if fate.status == credited {
		made.Points = pointsKnown
		if isNew {
			made.Points = pointsNew
		}
		b.Points[visit.Through] += int64(made.Points)
		b.Credits[visit.Through]++
		b.Tags[Tag{visit.Through, "referrer"}] = 1
		b.write(visit.Through, fmt.Sprintf("@%d came through your link.", visit.Who))
	}
	b.Referrals[made]++
}

// reward adds what somebody with so many points in the end has got.
func (b *Books) reward(who int, points int64) {
	if points >= badgeAt {
		b.Grants[Grant{who, badge}] = 1
		b.Tags[Tag{who, "badged"}] = 1
		b.write(who, "You earned a badge.")
	}
	if points >= coffeeAt {
		b.Grants[Grant{who, coffee}] = 1
		b.Tags[Tag{who, "winner"}] = 1
		b.CodesUsed++
		b.write(who, "You won a coffee. Your code: "+codeStandsIn)
	}
}

func (b Books) write(to int, text string) { b.Messages[Message{to, accepted, text}]++ }

// sum adds up what a list holds.
func sum[K comparable, N int | int64](counts map[K]N) N {
	var all N
	for _, count := range counts {
		all += count
	}
	return all
}

// at names somebody by their place.
func at(who int) string { return "@" + strconv.Itoa(who) }
