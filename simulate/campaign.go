// Package simulate plays a campaign against a running house and checks its books. The campaign, who refers whom and what else
// people do, is made from a seed before anything is sent. What the books must say in the end follows from it by plain counting. Then
// it is played through the front door, with the bad habits of platforms: webhooks come twice, out of order, late, or are lost
// at first. In the end everything is read back over REST and compared, contact by contact and message by message.
//
// The package must know nothing of how the house decides: no programs, no rules of referrals, no books.
//
// # Why there are waves
//
// Webhooks arrive in any order, so the books are exact only where the order doesn't matter. A campaign is therefore played in waves:
// everything of a wave is settled before the next one begins, and within a wave nothing depends on what else is in it.
//
//   - Who came first decides whom an invitee counts for, and whether they are new. So nobody does two things in one wave: somebody who
//     writes first and is referred later does it in two, and so do those who come again or through a second link.
//   - A link must be known to be shared, and its owner must have been met. So a wave's links belong to people of earlier waves.
//   - Two people who open each other's links: who was first is credited, the other refused. So founders open their invitees' links only
//     in the last wave, when it is settled who brought whom.
//   - What is left may come in any order: points are sums, and a sum crosses a threshold once, whichever referral does it. That is why
//     what the program sends names the invitee, who is fixed, and never the points so far, which are not.
//   - A webhook that comes twice changes nothing, in its own wave or in any later one.
//   - One that is lost comes again before its wave ends: the platform hadn't been told that it arrived.
package simulate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Deed is what somebody does by a visit, and thereby what must become of it.
type Deed int

// The deeds. Those from Invited on happen through somebody's link.
const (
	Greets            Deed = iota // writes something that means nothing to the bot, and is known from then on
	AsksForLink                   // writes the keyword
	OpensNonsense                 // opens the bot with a ref that says nothing
	OpensUnknownDoor              // with the ref of an entry point that isn't there
	OpensForNobody                // with the ref of a referrer who isn't there
	Invited                       // comes through the link of who invited them
	ComesAgain                    // once more through the same link
	ComesThroughOther             // through somebody else's link, after they counted
	OpensOwnLink
	OpensInviteesLink // a founder, who was never invited, through the link of somebody they brought
)

// nobody stands where no person is meant.
const nobody = -1

// A Visit is one thing somebody does. Its number is unique in the campaign: the platform's id of the webhook is made of it.
type Visit struct {
	Number  int
	Who     int // place in People
	Deed    Deed
	Through int    // whose link, or nobody
	Ref     string // what is opened instead of a link
}

// A Person is one of the campaign's contacts.
type Person struct {
	Name string
	// Generation is 0 for founders, who come by themselves, n for people invited by somebody of a generation before n, and nobody
	// for those never invited.
	Generation int
	InvitedBy  int // or nobody
}

// A Campaign is everything that will happen. The same seed and number of contacts give the same one.
type Campaign struct {
	Seed   uint64
	People []Person
	Waves  [][]Visit
}

const (
	// generations of invitees; each is a wave.
	generations = 4
	wavesInAll  = 1 + generations + 1

	foundersPerCent  = 5
	straysPerCent    = 5  // whose first visit is through a broken link
	acquaintPerCent  = 12 // who write before they are invited
	comeAgain        = 8  // per cent of the invited, in the last wave
	comeThroughOther = 8
	openOwnLink      = 5
	openInvitees     = 30 // per cent of the founders who brought somebody
)

// nonsense is what people make of refs. None of it may be taken for a referral.
var nonsense = []string{
	"!!!", "campaign1-c", "nosuchcampaign", "';DROP", "../../etc/passwd", "%00", "campañaó", "<script>", strings.Repeat("x", 300),
}

var names = []string{"Ana", "Luis", "Eva", "José", "Noé", "Mia", "Iñaki", "Zoë", "O'Hara", "李雷", "Ali", "Søren"}

// Generate makes the campaign of a seed: mostly newcomers, invited in four generations by ever fewer people who each bring ever more.
func Generate(seed uint64, contacts int) Campaign {
	g := &generator{chance: chanceOf(seed, 1), campaign: Campaign{Seed: seed, Waves: make([][]Visit, wavesInAll)}}
	for i := range contacts {
		g.introduce(i)
	}
	for generation := 1; generation <= generations; generation++ {
		g.invite(generation)
	}
	g.comeBack()
	return g.campaign
}

// chanceOf gives the chance of one purpose: what is added to one never changes another.
func chanceOf(seed, purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, purpose)) //nolint:gosec // it must be foreseeable: the same seed is the same campaign
}

type generator struct {
	chance   *rand.Rand
	campaign Campaign
	numbers  int
	hosts    []int // who may be a referrer so far, those longest there first
}

func (g *generator) perCent(share int) bool { return g.chance.IntN(100) < share }

func (g *generator) visit(wave int, visit Visit) {
	g.numbers++
	visit.Number = g.numbers
	g.campaign.Waves[wave] = append(g.campaign.Waves[wave], visit)
}

// introduce decides who somebody is. The first is a founder, or nobody could invite anybody.
func (g *generator) introduce(who int) {
	person := Person{Name: names[g.chance.IntN(len(names))], Generation: g.generation(), InvitedBy: nobody}
	role := g.chance.IntN(100)
	switch {
	case who == 0 || role < foundersPerCent:
		person.Generation = 0
		g.hosts = append(g.hosts, who)
		g.visit(0, Visit{Who: who, Deed: AsksForLink, Through: nobody})
	case role < foundersPerCent+straysPerCent:
		if g.perCent(50) {
			person.Generation = nobody
		}
		g.visit(0, g.stray(who))
	case role < foundersPerCent+straysPerCent+acquaintPerCent:
		g.visit(0, Visit{Who: who, Deed: Greets, Through: nobody})
	}
	g.campaign.People = append(g.campaign.People, person)
}

// generation is an early one for most.
func (g *generator) generation() int {
	for generation := 1; generation < generations; generation++ {
		if g.perCent(45) {
			return generation
		}
	}
	return generations
}

func (g *generator) stray(who int) Visit {
	visit := Visit{Who: who, Through: nobody}
	switch g.chance.IntN(3) {
	case 0:
		visit.Deed, visit.Ref = OpensNonsense, nonsense[g.chance.IntN(len(nonsense))]
	case 1:
		visit.Deed, visit.Ref = OpensUnknownDoor, unknownDoor+separator+nobodysID
	default:
		visit.Deed, visit.Ref = OpensForNobody, entryPoint+separator+nobodysID
	}
	return visit
}

// invite lets a generation in.
func (g *generator) invite(generation int) {
	var arrived []int
	for who := range g.campaign.People {
		person := &g.campaign.People[who]
		if person.Generation != generation {
			continue
		}
		person.InvitedBy = g.host()
		arrived = append(arrived, who)
		g.visit(generation, Visit{Who: who, Deed: Invited, Through: person.InvitedBy})
	}
	g.hosts = append(g.hosts, arrived...)
}

// host is somebody with a link, those longest there far likelier: a few bring crowds and most bring nobody.
func (g *generator) host() int {
	u := g.chance.Float64()
	return g.hosts[int(u*u*u*float64(len(g.hosts)))]
}

// comeBack is the last wave: what happens after everybody counted. Nobody does more than one thing in it.
func (g *generator) comeBack() {
	brought := map[int][]int{}
	for who, person := range g.campaign.People {
		if person.InvitedBy != nobody {
			brought[person.InvitedBy] = append(brought[person.InvitedBy], who)
		}
	}
	for who, person := range g.campaign.People {
		if visit := g.afterthought(who, person, brought[who]); visit.Through != nobody {
			g.visit(wavesInAll-1, visit)
		}
	}
}

func (g *generator) afterthought(who int, person Person, brought []int) Visit {
	visit, dice := Visit{Who: who, Through: nobody}, g.chance.IntN(100)
	switch {
	case person.Generation == nobody:
	case dice < openOwnLink:
		visit.Deed, visit.Through = OpensOwnLink, who
	case person.Generation == 0 && dice < openOwnLink+openInvitees && len(brought) > 0:
		visit.Deed, visit.Through = OpensInviteesLink, brought[g.chance.IntN(len(brought))]
	case person.Generation == 0:
	case dice < openOwnLink+comeAgain:
		visit.Deed, visit.Through = ComesAgain, person.InvitedBy
	case dice < openOwnLink+comeAgain+comeThroughOther:
		if other := g.host(); other != who && other != person.InvitedBy {
			visit.Deed, visit.Through = ComesThroughOther, other
		}
	}
	return visit
}

// Title names the campaign, so that a bot that played one is not given another.
func (c Campaign) Title() string { return fmt.Sprintf("Simulation %d of %d", c.Seed, len(c.People)) }
