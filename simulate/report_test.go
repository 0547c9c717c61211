package simulate

import (
	"bytes"
	"strings"
	"testing"
)

// asExpected is a house that got everything right.
func asExpected(campaign Campaign) *finding {
	found := &finding{Books: campaign.Expect(wavesInAll, "test:"), complete: true, sent: map[Message]int{}, received: map[Message]int{}}
	for message, count := range found.Messages {
		found.sent[Message{To: message.To, Text: message.Text}] += count
		found.received[Message{To: message.To, Text: message.Text}] += count
	}
	for who, points := range found.Points {
		found.leaders = append(found.leaders, leader{who, found.Credits[who], points})
	}
	return found
}

// best puts a leaderboard in order.
func best(leaders []leader) []leader {
	for i := range leaders {
		for j := i; j > 0 && leaders[j].points > leaders[j-1].points; j-- {
			leaders[j], leaders[j-1] = leaders[j-1], leaders[j]
		}
	}
	return leaders[:min(len(leaders), mostLeaders)]
}

func anyOf[K comparable](list map[K]int) K {
	for key := range list {
		return key
	}
	panic("the list is empty")
}

func TestEveryKindOfDifferenceIsNoticed(t *testing.T) {
	t.Parallel()
	campaign := Generate(5, 300)
	expected := campaign.Expect(wavesInAll, "test:")
	top := best(asExpected(campaign).leaders)[0].who
	tests := map[string]struct {
		spoil func(*finding)
		told  string // in a difference
	}{
		"nothing":              {func(*finding) {}, ""},
		"a contact too many":   {func(f *finding) { f.Contacts++ }, "contacts"},
		"a referral missing":   {func(f *finding) { delete(f.Referrals, anyOf(f.Referrals)) }, "0 times instead of 1"},
		"a referral twice":     {func(f *finding) { f.Referrals[anyOf(f.Referrals)]++ }, "2 times instead of 1"},
		"points moved to none": {func(f *finding) { f.Points[top]--; f.Points[nobody]++ }, "points of @-1"},
		"a tag missing":        {func(f *finding) { delete(f.Tags, Tag{top, "winner"}) }, "tag winner"},
		"a grant twice":        {func(f *finding) { f.Grants[Grant{top, coffee}]++ }, "grant of coffee"},
		"a code too many":      {func(f *finding) { f.CodesUsed++ }, "codes taken"},
		"a message that waits": {func(f *finding) {
			message := anyOf(f.Messages)
			f.Messages[message]--
			message.State = "queued"
			f.Messages[message]++
		}, "queued"},
		"received twice":              {func(f *finding) { f.received[Message{To: top, Text: "You earned a badge."}]++ }, "2 times instead of 1"},
		"received by somebody else":   {func(f *finding) { f.received[Message{To: nobody, Text: "Welcome!"}]++ }, "message to @-1"},
		"never received":              {func(f *finding) { delete(f.received, Message{To: top, Text: "You earned a badge."}) }, "0 times instead of 1"},
		"a leader with other points":  {func(f *finding) { f.leaders[0].points++ }, "place 1"},
		"a leader with more invitees": {func(f *finding) { f.leaders[0].referrals++ }, "the leaderboard gives"},
		"a leader missing":            {func(f *finding) { f.leaders = f.leaders[1:] }, "places on the leaderboard"},
		"what is strange in itself":   {func(f *finding) { f.strange = []string{"the code X was given 2 times"} }, "the code X"},
	}
	for name, test := range tests {
		found := asExpected(campaign)
		found.leaders = best(found.leaders)
		test.spoil(found)
		var report Report
		report.compare(expected, found)
		if report.Sound() != (test.told == "") || !strings.Contains(strings.Join(report.Differences, "\n"), test.told) {
			t.Errorf("%s: %q", name, report.Differences)
		}
	}
}

func TestAPlatformThatWasntThereFromTheBeginningTellsOfWhatCameTwiceOnly(t *testing.T) {
	t.Parallel()
	campaign := Generate(5, 300)
	found := asExpected(campaign)
	found.leaders, found.complete = best(found.leaders), false
	message := anyOf(found.received)
	delete(found.received, message)
	var report Report
	if report.compare(campaign.Expect(wavesInAll, "test:"), found); !report.Sound() {
		t.Errorf("one went to an earlier platform: %q", report.Differences)
	}
	found.received[message] = found.sent[message] + 1
	if report.compare(campaign.Expect(wavesInAll, "test:"), found); report.Sound() {
		t.Error("one that came twice isn't noticed")
	}
}

func TestTheTableShowsWhichTotalIsWrong(t *testing.T) {
	t.Parallel()
	campaign := Generate(5, 300)
	found := asExpected(campaign)
	found.CodesUsed += 3
	var report Report
	report.compare(campaign.Expect(wavesInAll, "test:"), found)
	var table bytes.Buffer
	report.Table(&table)
	for _, line := range strings.Split(table.String(), "\n") {
		if wrong := strings.Contains(line, "codes taken"); wrong != strings.Contains(line, "NO") {
			t.Errorf("the table says %q", line)
		}
	}
}

func TestOptionsThatCantBeAreAllNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := Options{Channel: "pigeon", Contacts: 0, Weather: Weather{Lost: 2, Delay: -1}, Rate: -1}.Check()
	for _, flag := range []string{"--channel", "--contacts", "--lost", "--delay", "--rate", "--at-once", "--patience"} {
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s isn't named in %v", flag, err)
		}
	}
}

func TestTextsNamePeopleByTheirPlaces(t *testing.T) {
	t.Parallel()
	p, codes := newPeople(), map[string]bool{"SIM-0000001": true}
	p.meet(idString(4), "abcdefghij")
	for text, want := range map[string]string{
		"abcdefghij came through your link.":               "@4 came through your link.",
		"Your link: test:campaign1-cabcdefghij":            "Your link: test:campaign1-c@4",
		"zzzzzzzzzz came":                                  "zzzzzzzzzz came",
		"You won a coffee. Your code: SIM-0000001":         "You won a coffee. Your code: <code>",
		"You won a coffee. Your code: from somewhere else": "You won a coffee. Your code: from somewhere else",
		"¿Qué?": "¿Qué?",
	} {
		if got := p.placed(text, codes); got != want {
			t.Errorf("%q is told as %q", text, got)
		}
	}
}

func TestAPublicIDIsOnePersonsForEver(t *testing.T) {
	t.Parallel()
	p := newPeople()
	p.meet(idString(1), "aaaaaaaaa2")
	p.meet(idString(1), "aaaaaaaaa2")
	if len(p.strange) != 0 {
		t.Fatalf("nothing is strange yet: %q", p.strange)
	}
	p.meet(idString(1), "aaaaaaaaa3")
	p.meet(idString(2), "aaaaaaaaa2")
	p.meet("somebody", "aaaaaaaaa4")
	if len(p.strange) != 3 {
		t.Errorf("three things are strange, it says %q", p.strange)
	}
}
