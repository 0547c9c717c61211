package program

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a message and a call may carry: quick replies fit every chat platform.
const (
	mostQuickReplies  = 13
	longestQuickReply = 20 // characters
	mostWith          = 50
)

var (
	webhookPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
	withPattern    = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)
)

func (r *reader) send(values map[string]element, who Role) Step {
	step := SendStep{Text: r.message(values[send]), For: who}
	if picture, ok := values["picture"]; ok {
		step.Picture = r.picture(picture)
	}
	if replies, ok := values["quick_replies"]; ok {
		step.QuickReplies = r.quickReplies(replies)
	}
	return step
}

// picture reads an address: as written it is secure, or what a single variable holds. Which fields there are is checked
// later.
func (r *reader) picture(e element) Text {
	written := strings.TrimSpace(r.text(e))
	if written == "" {
		return Text{}
	}
	address, unclosed, ok := compileText(written)
	switch {
	case !ok:
		r.error(e.path, codeUnclosedVariable, excerpt(unclosed))
	case isSecure(written), len(address.parts) == 1 && address.parts[0].variable != nil:
		return address
	default:
		r.error(e.path, codeBadPicture)
	}
	return Text{}
}

// isSecure says whether an address is one that chat platforms fetch pictures from.
func isSecure(address string) bool {
	rest, ok := strings.CutPrefix(address, secure)
	return ok && rest != "" && !strings.ContainsAny(rest[:1], "/ \t\r\n")
}

func (r *reader) quickReplies(e element) []string {
	elements := r.items(e)
	if e.isEmptyList() {
		r.error(e.path, codeEmptyText)
	}
	if len(elements) > mostQuickReplies {
		r.error(elements[mostQuickReplies].path, codeTooMany, strconv.Itoa(mostQuickReplies))
		elements = elements[:mostQuickReplies]
	}
	var replies, folded []string
	for _, element := range elements {
		reply, ok := r.quickReply(element)
		if !ok {
			continue
		}
		if before := slices.Index(folded, fold(reply)); before >= 0 {
			r.error(element.path, codeDuplicateReply, reply, replies[before])
		}
		replies, folded = append(replies, reply), append(folded, fold(reply))
	}
	return replies
}

// quickReply reads what stands on a button, which is also what pressing it writes.
func (r *reader) quickReply(e element) (reply string, ok bool) {
	written := r.word(e)
	if written == "" {
		return "", false
	}
	reply = strings.Join(strings.Fields(withoutHole(written)), " ")
	switch {
	case fold(reply) == "":
		r.error(e.path, codeEmptyText)
	case utf8.RuneCountInString(reply) > longestQuickReply:
		r.error(e.path, codeTextTooLong, strconv.Itoa(longestQuickReply))
	case strings.Contains(reply, "{{"):
		r.error(e.path, codeVariableInReply)
	default:
		return reply, true
	}
	return "", false
}

func (r *reader) callWebhook(values map[string]element, who Role) Step {
	step := CallWebhookStep{Webhook: r.word(values[callWebhook]), For: who}
	if step.Webhook != "" && !webhookPattern.MatchString(step.Webhook) {
		r.error(values[callWebhook].path, codeBadWebhookName, excerpt(step.Webhook))
	}
	with, ok := values["with"]
	if !ok {
		return step
	}
	step.With = map[string]Text{}
	for _, entry := range r.named(with, mostWith) {
		if !withPattern.MatchString(entry.key) {
			r.error(entry.path, codeBadWithKey, excerpt(entry.key))
		}
		step.With[entry.key] = r.message(entry.element)
	}
	return step
}
