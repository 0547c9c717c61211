// Package words says moments to people: the message files hold the sentences of each language, and this package chooses among
// them. It decides nothing and asks nobody; what a moment doesn't hold isn't said.
package words

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"github.com/millenniumm/referrals/referral"
)

//go:embed active.*.yaml
var files embed.FS

var bundle = mustLoad()

// mustLoad reads every language there is a file for. English is what everybody else reads.
func mustLoad() *i18n.Bundle {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	names, err := fs.Glob(files, "active.*.yaml")
	for _, name := range names {
		if err == nil {
			_, err = bundle.LoadMessageFileFS(files, name)
		}
	}
	if err != nil {
		panic(fmt.Errorf("read the messages: %w", err)) // they are in the binary: only a mistake of ours gets here
	}
	return bundle
}

// A Speaker says things in one language.
type Speaker struct{ localizer *i18n.Localizer }

// In gives a speaker of a language, "es" or "en".
func In(language string) Speaker { return Speaker{i18n.NewLocalizer(bundle, language)} }

// Moment says what happened, in one or more whole sentences.
func (s Speaker) Moment(m referral.Moment) string {
	t := s.telling(m)
	tell, known := tellers[m.Kind]
	if !known {
		return string(m.Kind)
	}
	tell(t)
	return strings.Join(t.sentences, " ")
}

var tellers = map[referral.MomentKind]func(*telling){
	referral.MomentContact:  func(t *telling) { t.say("contact") },
	referral.MomentOpening:  (*telling).opening,
	referral.MomentAdmitted: func(t *telling) { t.say("admitted") },
	referral.MomentRejected: func(t *telling) { t.say(t.listed("rejected", t.text("reason"))).say("rejected.after") },
	referral.MomentCheck:    (*telling).check,
	referral.MomentPoints:   (*telling).points,
	referral.MomentSet:      (*telling).set,
	referral.MomentGrant:    (*telling).grant,
	referral.MomentMessage:  (*telling).message,
	referral.MomentCall:     (*telling).call,
	referral.MomentWait:     (*telling).wait,
	referral.MomentAttempt:  (*telling).attempt,
	referral.MomentOutcome:  (*telling).outcome,
	referral.MomentSettled:  func(t *telling) { t.say("settled") },
	referral.MomentVoided:   func(t *telling) { t.because().say("voided") },
}
