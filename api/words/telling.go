package words

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// textShown is how many characters of a message are repeated: enough to know it by. Its whole text is in the moment's data.
const textShown = 280

// A telling is one moment being put into words: what the sentences may mention, and those said so far.
type telling struct {
	speaker   Speaker
	facts     map[string]any
	sentences []string
}

// telling knows the people by name: who it happened to, and who invited whom.
func (s Speaker) telling(m referral.Moment) *telling {
	t := &telling{speaker: s, facts: map[string]any{}}
	maps.Copy(t.facts, m.Data)
	invitee, referrer := m.To, m.Other
	if t.text("role") == string(program.Referrer) {
		invitee, referrer = referrer, invitee
	}
	t.facts["own"], t.facts["nobodys"] = m.To == m.Other, m.Other.UserID == ""
	t.facts["who"], t.facts["invitee"], t.facts["referrer"] = t.name(m.To), t.name(invitee), t.name(referrer)
	return t
}

func (t *telling) name(person referral.Somebody) string {
	if person.UserID == "" {
		return t.phrase("somebody")
	}
	return person.Name()
}

// say adds a sentence.
func (t *telling) say(id string) *telling { return t.sayOf(id, nil) }

// sayOf adds a sentence whose form depends on a number; nil for none.
func (t *telling) sayOf(id string, count any) *telling {
	t.sentences = append(t.sentences, t.phraseOf(id, count))
	return t
}

func (t *telling) phrase(id string) string { return t.phraseOf(id, nil) }

func (t *telling) phraseOf(id string, count any) string {
	t.facts["PluralCount"] = count
	text, err := t.speaker.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: t.facts, PluralCount: count})
	if err != nil && text == "" {
		return id // a missing sentence is better than no answer; a test keeps the files complete
	}
	return text
}

// listed is the message for a code of a group, or for one that this binary doesn't know.
func (t *telling) listed(group, code string) string {
	if t.knows(group + "." + code) {
		return group + "." + code
	}
	return group + ".unlisted"
}

func (t *telling) knows(id string) bool {
	_, err := t.speaker.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: t.facts})
	return err == nil
}

func (t *telling) text(name string) string {
	text, _ := t.facts[name].(string)
	return text
}

func (t *telling) number(name string) int64 {
	digits, _ := t.facts[name].(json.Number)
	number, _ := digits.Int64()
	return number
}

func (t *telling) is(name string) bool { return t.facts[name] == true }

func (t *telling) opening() {
	switch {
	case t.is("own"):
		t.say("opening.own")
	case t.is("nobodys"):
		t.say("opening.nobodys")
	default:
		t.say("opening.theirs")
	}
	t.say("opening." + t.text("contact"))
	if status := t.text("status"); status != "" {
		t.because().say("status." + status)
	}
}

// because puts the reason into words that go on after a colon.
func (t *telling) because() *telling {
	if reason := t.text("reason"); reason != "" {
		t.facts["because"] = t.phrase(t.listed("reason", reason))
	}
	return t
}

func (t *telling) check() {
	if reward, ok := strings.CutPrefix(t.text("field"), "reward:"); ok && t.text("operator") == program.LimitReached {
		t.facts["limited"] = reward
		t.say("limit")
		return
	}
	t.facts["condition"] = t.phrase(t.condition())
	t.say("check.asked").say("check." + t.answer())
}

// condition is the message that puts a condition into words. Rows from before conditions were kept whole only say where it stands.
func (t *telling) condition() string {
	tag, isTag := strings.CutPrefix(t.text("field"), "tag:")
	operator, with := t.text("operator"), t.text("with")
	switch {
	case with == "":
		return "check.unlisted"
	case isTag:
		t.facts["tag"] = tag
		return map[string]string{"true": "check.tagged", "false": "check.untagged"}[with]
	case operator == string(program.IsSet) && with == "false":
		return "check.not_set"
	default:
		return t.listed("check", operator)
	}
}

// answer is how a condition came out, and why: reaches looks at where the number came from, the others at where it is.
func (t *telling) answer() string {
	yesNo := map[bool]string{true: "yes", false: "no"}[t.is("held")]
	switch {
	case strings.HasPrefix(t.text("field"), "tag:"):
		return yesNo
	case t.text("operator") == string(program.Reaches):
		return t.reached()
	case t.text("operator") == string(program.ReachesEvery) && t.is("held"):
		return "crossed"
	case t.text("now") == "" && t.text("operator") == string(program.IsSet):
		return yesNo
	case t.text("now") == "":
		return yesNo + "_empty"
	default:
		return yesNo + "_value"
	}
}

func (t *telling) reached() string {
	before, now, with := wholeNumber(t.text("before")), wholeNumber(t.text("now")), t.text("with")
	switch {
	case t.is("held"):
		return "crossed"
	case with != "" && before >= wholeNumber(with):
		return "past"
	case before == now:
		return "unchanged"
	default:
		return "not_yet"
	}
}

func wholeNumber(text string) int64 {
	number, _ := json.Number(text).Int64()
	return number
}

func (t *telling) points() {
	t.facts["change"] = strings.Replace(fmt.Sprintf("%+d", t.number("delta")), "-", "−", 1)
	if t.text("cause") == "reversal" {
		t.say("points.reversal")
		return
	}
	t.say("points.changed").say("why." + t.text("why"))
}

func (t *telling) set() {
	t.facts["before"] = t.number("balance") - t.number("delta")
	t.say("set").say("why." + t.text("why"))
}

func (t *telling) grant() {
	t.say("grant.given")
	if !t.is("stocked") {
		t.say("grant.missing")
	}
	if t.text("revoked_at") != "" {
		t.say("grant.revoked")
	}
}

func (t *telling) message() {
	if text := []rune(t.text("text")); len(text) > textShown {
		t.facts["text"] = string(text[:textShown]) + "…"
	}
	if t.text("account") == "" {
		t.say("message.unaddressed")
	} else {
		t.say("message.to")
	}
	if t.text("picture") != "" {
		t.say("message.picture")
	}
	t.whereabouts()
}

func (t *telling) call() {
	t.facts["call"] = true
	t.say("call").whereabouts()
}

// whereabouts says where a message or a call is. What came of it is a moment of its own in a timeline; a history says it here, and its
// moments count the attempts for that.
func (t *telling) whereabouts() {
	_, counted := t.facts["attempts"]
	switch state := t.text("state"); {
	case state == string(channel.Waiting):
		t.say(t.listed("waiting", t.text("waiting_for")))
	case !channel.DeliveryState(state).Final():
		t.say("state." + state)
	case counted:
		t.outcome()
	}
}

func (t *telling) outcome() {
	t.facts["what"] = t.phrase("what." + t.whatIsSent())
	state, attempts := t.text("state"), t.number("attempts")
	if attempts == 0 && state == string(channel.Failed) {
		t.say("outcome.untried").failure()
		return
	}
	t.sayOf("outcome."+state, max(attempts, 1))
	if state == string(channel.Failed) || state == string(channel.Expired) {
		t.failure()
	}
}

func (t *telling) attempt() {
	t.facts["what"] = t.phrase("what." + t.whatIsSent())
	if class := t.text("class"); class == string(channel.Unknown) {
		t.say("attempt.unknown")
	} else {
		t.say("attempt.failed")
	}
	t.failure()
}

func (t *telling) whatIsSent() string {
	switch {
	case t.is("call"):
		return "call"
	case t.text("account") == "":
		return "unaddressed"
	default:
		return "message"
	}
}

// failure says why something wasn't sent, what happens next while something may, and what the other side said.
func (t *telling) failure() {
	class := t.text("class")
	if class != "" {
		t.say(t.listed("cause", class))
	}
	if next := "next." + class; t.text("state") == "" && t.knows(next) {
		t.say(next)
	}
	if t.facts["detail"] = t.detail(class); t.text("detail") != "" {
		t.say("detail")
	}
}

// detail is what the other side said, out of an error that begins with its class and code. What the books say themselves has been put
// into words already.
func (t *telling) detail(class string) string {
	_, said, isAnswer := strings.Cut(t.text("error"), class+" (")
	code, detail, isWhole := strings.Cut(said, "): ")
	if class == "" || !isAnswer || !isWhole {
		return ""
	}
	return detail + " (" + code + ")"
}

// wait counts in the largest unit that needs no fraction.
func (t *telling) wait() {
	seconds := t.number("seconds")
	for _, unit := range []struct {
		id   string
		size time.Duration
	}{{"days", 24 * time.Hour}, {"hours", time.Hour}, {"minutes", time.Minute}, {"seconds", time.Second}} {
		if size := int64(unit.size / time.Second); seconds%size == 0 {
			t.facts["duration"] = t.phraseOf(unit.id, seconds/size)
			break
		}
	}
	t.say("wait")
}
