package simulate

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// A Report is how a campaign went: every total beside what it must be, and each difference by itself.
type Report struct {
	Bot         string   `json:"bot"`
	Channel     string   `json:"channel"`
	Seed        uint64   `json:"seed"`
	People      int      `json:"contacts"`
	Webhooks    int      `json:"webhooks"` // with those that came twice
	Duplicates  int      `json:"duplicates"`
	Lost        int      `json:"lost"`
	Repeated    int64    `json:"repeated_requests"` // because the api was away or busy
	Totals      []Total  `json:"totals"`
	Differences []string `json:"differences"`
	Stuck       string   `json:"stuck,omitempty"` // why it stopped before its end

	Rate           float64 `json:"webhooks_per_second"` // while sending
	SendSeconds    float64 `json:"send_seconds"`
	SettleSeconds  float64 `json:"settle_seconds"` // what was left to do after each wave's last webhook
	ElapsedSeconds float64 `json:"elapsed_seconds"`
	P50            float64 `json:"webhook_p50_ms"`
	P90            float64 `json:"webhook_p90_ms"`
}

// A Total is one number of the books.
type Total struct {
	What     string `json:"what"`
	Expected int    `json:"expected"`
	Found    int    `json:"found"`
	OK       bool   `json:"ok"`
}

// Sound says whether everything is as it must be.
func (r Report) Sound() bool { return r.Stuck == "" && len(r.Differences) == 0 }

// compare fills in totals and differences.
func (r *Report) compare(expected Books, found *finding) {
	r.Differences = []string{}
	r.total("contacts", expected.Contacts, found.Contacts)
	totals(r, expected.Referrals, found.Referrals, Referral.total)
	r.total("points", int(sum(expected.Points)), int(sum(found.Points)))
	totals(r, expected.Tags, found.Tags, func(t Tag) string { return "contacts tagged " + t.Name })
	totals(r, expected.Grants, found.Grants, func(g Grant) string { return "grants of " + g.Reward })
	r.total("codes taken", expected.CodesUsed, found.CodesUsed)
	totals(r, expected.Messages, found.Messages, func(m Message) string { return "messages " + m.State })

	differences(r, expected.Referrals, found.Referrals)
	differences(r, pointsOf(expected.Points), pointsOf(found.Points))
	differences(r, expected.Tags, found.Tags)
	differences(r, expected.Grants, found.Grants)
	differences(r, expected.Messages, found.Messages)
	r.comparePlatform(found)
	r.compareLeaders(expected, found.leaders)
	r.Differences = append(r.Differences, found.strange...)
}

func (r Referral) total() string {
	if r.Reason != "" {
		return "referrals " + r.Status + ", " + r.Reason
	}
	return "referrals " + r.Status + ", " + r.Kind
}

func (r *Report) total(what string, expected, found int) {
	r.Totals = append(r.Totals, Total{what, expected, found, expected == found})
	if expected != found {
		r.differ("%s: %d instead of %d", what, found, expected)
	}
}

func (r *Report) differ(format string, arguments ...any) {
	r.Differences = append(r.Differences, fmt.Sprintf(format, arguments...))
}

// totals adds up what two lists hold, by name.
func totals[K comparable](r *Report, expected, found map[K]int, name func(K) string) {
	sums := map[string][2]int{}
	for side, list := range []map[K]int{expected, found} {
		for key, count := range list {
			both := sums[name(key)]
			both[side] += count
			sums[name(key)] = both
		}
	}
	for _, what := range slices.Sorted(maps.Keys(sums)) {
		r.total(what, sums[what][0], sums[what][1])
	}
}

// differences tells each thing that is there too often or too rarely.
func differences[K interface {
	comparable
	fmt.Stringer
}](r *Report, expected, found map[K]int) {
	all := maps.Clone(found)
	for key := range expected {
		all[key] += 0
	}
	var told []string
	for key := range all {
		if expected[key] != found[key] {
			told = append(told, fmt.Sprintf("%v: %d times instead of %d", key, found[key], expected[key]))
		}
	}
	slices.Sort(told)
	r.Differences = append(r.Differences, told...)
}

// A balance is somebody's points, to be compared as everything else is.
type balance struct {
	who    int
	points int64
}

func (b balance) String() string { return fmt.Sprintf("%d points of @%d", b.points, b.who) }

func pointsOf(points map[int]int64) map[balance]int {
	balances := make(map[balance]int, len(points))
	for who, number := range points {
		balances[balance{who, number}] = 1
	}
	return balances
}

// comparePlatform holds what reached people against what the house says it sent: each once, to the right one. A platform that wasn't
// there from the beginning can only tell what came twice or shouldn't have.
func (r *Report) comparePlatform(found *finding) {
	if found.received == nil {
		return
	}
	if found.complete {
		r.total("messages Telegram received", sum(found.sent), sum(found.received))
		differences(r, found.sent, found.received)
		return
	}
	for message, count := range found.received {
		if count > found.sent[message] {
			r.differ("%v: Telegram received it %d times instead of %d", message, count, found.sent[message])
		}
	}
}

// compareLeaders holds the leaderboard against the points: of equals any may stand before the other.
func (r *Report) compareLeaders(expected Books, leaders []leader) {
	best := slices.SortedFunc(maps.Values(expected.Points), func(a, b int64) int { return cmp.Compare(b, a) })
	best = best[:min(len(best), mostLeaders)]
	r.total("places on the leaderboard", len(best), len(leaders))
	for i, each := range leaders {
		if i < len(best) && each.points != best[i] {
			r.differ("place %d of the leaderboard has %d points instead of %d", i+1, each.points, best[i])
		}
		if each.points != expected.Points[each.who] || each.referrals != expected.Credits[each.who] {
			r.differ("the leaderboard gives @%d %d points for %d referrals instead of %d for %d",
				each.who, each.points, each.referrals, expected.Points[each.who], expected.Credits[each.who])
		}
	}
}

// mostLeaders is how long a leaderboard the api gives.
const mostLeaders = 200

func (r *Report) time(t *tally, sending, settling, elapsed time.Duration) {
	r.Repeated = t.errors.Load()
	r.SendSeconds, r.SettleSeconds, r.ElapsedSeconds = sending.Seconds(), settling.Seconds(), elapsed.Seconds()
	if sending > 0 {
		r.Rate = float64(t.acknowledged.Load()) / sending.Seconds()
	}
	r.P50, r.P90 = t.percentile(0.5).Seconds()*1000, t.percentile(0.9).Seconds()*1000
}

// Table prints the totals and how fast it went.
func (r Report) Table(out io.Writer) {
	fmt.Fprintf(out, "%d contacts on %s (%s, seed %d): %d webhooks, %d of them sent twice, %d lost at first, %d requests repeated\n\n",
		r.People, r.Bot, r.Channel, r.Seed, r.Webhooks, r.Duplicates, r.Lost, r.Repeated)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "expected\tfound\tok\t ")
	for _, total := range r.Totals {
		verdict := "yes"
		if !total.OK {
			verdict = "NO"
		}
		fmt.Fprintf(table, "%d\t%d\t%s\t %s\n", total.Expected, total.Found, verdict, total.What)
	}
	_ = table.Flush()
	fmt.Fprintf(out, "\n%.0f webhooks/s while sending; a webhook took %.1f ms (p50), %.1f ms (p90)\n", r.Rate, r.P50, r.P90)
	fmt.Fprintf(out, "%.1f s of sending, %.1f s of settling, %.1f s in all\n", r.SendSeconds, r.SettleSeconds, r.ElapsedSeconds)
}

// mostTold bounds the differences that are printed: nobody reads further, and --json has them all.
const mostTold = 50

// Tell prints what is wrong.
func (r Report) Tell(out io.Writer) {
	if r.Stuck != "" {
		fmt.Fprintln(out, r.Stuck)
	}
	for _, each := range r.Differences[:min(len(r.Differences), mostTold)] {
		fmt.Fprintln(out, each)
	}
	if more := len(r.Differences) - mostTold; more > 0 {
		fmt.Fprintf(out, "... and %d more (--json lists them all)\n", more)
	}
}
