package simulate

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func campaigns(t *rapid.T) Campaign {
	return Generate(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 400).Draw(t, "contacts"))
}

// A model is a house that does one thing after the other and looks everything up: the rules of first touch, as the documentation has
// them, with none of the campaign's knowledge of what was meant.
type model struct {
	Books
	seen      map[int]bool // visits
	met       map[int]bool
	countedBy map[int]int // invitee → referrer
}

func (m *model) take(visit Visit, ref string, owners map[string]int) {
	if m.seen[visit.Number] {
		return
	}
	m.seen[visit.Number] = true
	isNew := !m.met[visit.Who]
	m.met[visit.Who] = true
	switch visit.text() {
	case "":
	case "link":
		m.write(visit.Who, fmt.Sprintf("Your link: test:campaign1-c@%d", visit.Who))
		return
	default:
		return
	}
	if door, id, shared := strings.Cut(ref, "-c"); shared && len(id) == 10 {
		owner, known := owners[id]
		m.refer(visit.Who, owner, known, door, isNew)
	}
	m.Tags[Tag{visit.Who, "welcomed"}] = 1
	m.write(visit.Who, "Welcome!")
}

func (m *model) refer(invitee, owner int, known bool, door string, isNew bool) {
	if !known {
		owner = nobody
	}
	made := Referral{EntryPoint: door, Kind: "existing", Status: "rejected", Referrer: owner, Invitee: invitee}
	if isNew {
		made.Kind = "new"
	}
	_, counted := m.countedBy[invitee]
	back, cameBack := m.countedBy[owner]
	switch {
	case door != "campaign1":
		made.Reason = "unknown_entry_point"
	case !known || !m.met[owner]:
		made.Reason = "unknown_referrer"
	case owner == invitee:
		made.Reason = "self_referral"
	case counted:
		made.Reason = "already_referred"
	case cameBack && back == invitee:
		made.Reason = "mutual_referral"
	default:
		made.Status, made.Points = "credited", map[bool]int{true: 2, false: 1}[isNew]
		m.countedBy[invitee] = owner
		m.credit(owner, invitee, made.Points)
	}
	m.Referrals[made]++
}

func (m *model) credit(owner, invitee, points int) {
	before := m.Points[owner]
	after := before + int64(points)
	m.Points[owner] = after
	m.Credits[owner]++
	m.Tags[Tag{owner, "referrer"}] = 1
	m.write(owner, fmt.Sprintf("@%d came through your link.", invitee))
	if before < 4 && after >= 4 {
		m.Grants[Grant{owner, "badge"}]++
		m.Tags[Tag{owner, "badged"}] = 1
		m.write(owner, "You earned a badge.")
	}
	if before < 10 && after >= 10 {
		m.Grants[Grant{owner, "coffee"}]++
		m.CodesUsed++
		m.Tags[Tag{owner, "winner"}] = 1
		m.write(owner, "You won a coffee. Your code: <code>")
	}
}

// idOf is a public id for the model's people.
func idOf(who int) string { return fmt.Sprintf("z%09d", who) }

func TestWhatIsExpectedIsWhatAHouseArrivesAtThatDoesOneThingAfterTheOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		campaign := campaigns(t)
		owners := map[string]int{}
		for who := range campaign.People {
			owners[idOf(who)] = who
		}
		house := &model{Books: newBooks(), seen: map[int]bool{}, met: map[int]bool{}, countedBy: map[int]int{}}
		anyOrder := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		var before []Visit
		for i, wave := range campaign.Waves {
			// Everything of the wave in any order, with anything that was sent before, or in the wave, once more.
			sendings := append(slices.Clone(wave), wave...)
			sendings = append(sendings, before...)
			anyOrder.Shuffle(len(sendings), func(a, b int) { sendings[a], sendings[b] = sendings[b], sendings[a] })
			for _, visit := range sendings {
				ref := visit.Ref
				if visit.Through != nobody {
					ref = "campaign1-c" + idOf(visit.Through)
				}
				house.take(visit, ref, owners)
			}
			before = append(before, wave...)
			house.Contacts = len(house.met)
			if expected := campaign.Expect(i+1, "test:"); !reflect.DeepEqual(expected, house.Books) {
				t.Fatalf("after wave %d\nexpected %+v\nthe house has %+v", i+1, expected, house.Books)
			}
		}
	})
}

func TestNobodyDoesTwoThingsInAWaveAndLinksAreOfPeopleMetBefore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		met := map[int]bool{}
		for number, wave := range campaigns(t).Waves {
			busy := map[int]bool{}
			for _, visit := range wave {
				if busy[visit.Who] {
					t.Fatalf("@%d does two things in wave %d", visit.Who, number)
				}
				if busy[visit.Who] = true; visit.Through != nobody && !met[visit.Through] {
					t.Fatalf("wave %d: the link of @%d, whom nobody has met", number, visit.Through)
				}
			}
			maps.Copy(met, busy)
		}
	})
}

func TestACampaignHasEverythingInIt(t *testing.T) {
	t.Parallel()
	campaign := Generate(1, 5000)
	deeds := map[Deed]int{}
	for _, wave := range campaign.Waves {
		for _, visit := range wave {
			deeds[visit.Deed]++
		}
	}
	for deed := Greets; deed <= OpensInviteesLink; deed++ {
		if deeds[deed] < 10 {
			t.Errorf("deed %d happens %d times", deed, deeds[deed])
		}
	}
	credits := slices.Sorted(maps.Values(campaign.Expect(wavesInAll, "").Credits))
	most, median := credits[len(credits)-1], credits[len(credits)/2]
	if most < 50*median {
		t.Errorf("the best referrer brought %d, one in the middle %d: that is no heavy tail", most, median)
	}
}

func TestTheSameSeedIsTheSameCampaign(t *testing.T) {
	t.Parallel()
	weather := Weather{Duplicates: 0.3, Reorder: 0.3, Lost: 0.3}
	one, same, other := Generate(3, 200), Generate(3, 200), Generate(4, 200)
	if !reflect.DeepEqual(one, same) || !reflect.DeepEqual(one.forecast(weather), same.forecast(weather)) {
		t.Error("two campaigns of one seed differ")
	}
	if reflect.DeepEqual(one.Waves, other.Waves) {
		t.Error("campaigns of two seeds are the same")
	}
}

func TestTheWeatherSendsEverythingAndInventsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		campaign := campaigns(t)
		share := rapid.Float64Range(0, 1)
		plan := campaign.forecast(Weather{Duplicates: share.Draw(t, "duplicates"), Reorder: share.Draw(t, "reorder"), Lost: share.Draw(t, "lost")})
		sent := map[int]int{}
		for number, sendings := range plan.waves {
			first := map[int]bool{}
			for _, sending := range sendings {
				sent[sending.Visit.Number]++
				first[sending.Visit.Number] = true
			}
			for _, visit := range campaign.Waves[number] {
				if !first[visit.Number] {
					t.Fatalf("visit %d is not sent in its wave", visit.Number)
				}
			}
		}
		twice := 0
		for number, times := range sent {
			if times > 2 {
				t.Fatalf("visit %d is sent %d times", number, times)
			}
			twice += times - 1
		}
		if twice != plan.duplicates || plan.webhooks() != len(sent)+twice {
			t.Fatalf("%d visits are sent twice, %d were planned, %d webhooks in all", twice, plan.duplicates, plan.webhooks())
		}
	})
}

func TestTheWeatherIsAsBadAsItWasAskedToBe(t *testing.T) {
	t.Parallel()
	campaign := Generate(2, 2000)
	visits := 0
	for _, wave := range campaign.Waves {
		visits += len(wave)
	}
	plan := campaign.forecast(Weather{Duplicates: 0.1, Reorder: 0.1, Lost: 0.1, Delay: time.Second})
	late, early, delayed := 0, 0, 0
	for number, sendings := range plan.waves {
		own := map[int]bool{}
		for _, visit := range campaign.Waves[number] {
			own[visit.Number] = true
		}
		highest := 0
		for _, sending := range sendings {
			switch {
			case !own[sending.Visit.Number]:
				late++
			case sending.Visit.Number < highest:
				early++
			}
			highest = max(highest, sending.Visit.Number)
			if sending.Delay > 0 && sending.Delay <= time.Second {
				delayed++
			}
		}
	}
	tenth := visits / 10
	if plan.duplicates < tenth/2 || plan.lost < tenth/2 || late < tenth/4 || early < tenth || delayed != plan.webhooks() {
		t.Errorf("of %d visits %d come twice, %d of them in a later wave, %d are lost, %d come after what they were before, %d are delayed",
			visits, plan.duplicates, late, plan.lost, early, delayed)
	}
	fair := campaign.forecast(Weather{})
	if fair.webhooks() != visits || fair.duplicates+fair.lost > 0 {
		t.Errorf("in fair weather %d webhooks are sent for %d visits", fair.webhooks(), visits)
	}
}
