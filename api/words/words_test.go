package words_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/millenniumm/referrals/api/words"
	"github.com/millenniumm/referrals/referral"
)

// ids are the messages of a language: those with plural forms count once.
func ids(t *testing.T, language string) map[string]string {
	t.Helper()
	source, err := os.ReadFile("active." + language + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(source, &tree); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	gather(found, "", tree)
	return found
}

func gather(into map[string]string, path string, tree map[string]any) {
	for name, value := range tree {
		switch value := value.(type) {
		case string:
			into[path+name] = value
		case map[string]any:
			gather(into, path+name+".", value)
		}
	}
}

func TestEveryLanguageHasEveryMessage(t *testing.T) {
	t.Parallel()
	es, en := ids(t, "es"), ids(t, "en")
	for id := range es {
		if en[id] == "" {
			t.Errorf("%s is missing in English", id)
		}
	}
	for id, text := range en {
		if es[id] == "" {
			t.Errorf("%s is missing in Spanish", id)
		}
		if es[id] == text && strings.Contains(text, " ") {
			t.Errorf("%s is the same in both languages", id)
		}
	}
}

// constants are the values of a package's constants of a type, as its source has them: a code added there must get words here.
func constants(t *testing.T, folder, typed string) []string {
	t.Helper()
	var values []string
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), folder+"/"+entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, is := node.(*ast.ValueSpec)
			if !is || len(spec.Values) != 1 {
				return true
			}
			named, _ := spec.Type.(*ast.Ident)
			literal, _ := spec.Values[0].(*ast.BasicLit)
			if named != nil && literal != nil && named.Name == typed {
				value, _ := strconv.Unquote(literal.Value)
				values = append(values, value)
			}
			return true
		})
	}
	if len(values) == 0 {
		t.Fatalf("%s has no constant of type %s", folder, typed)
	}
	return values
}

func TestEveryCodeHasWords(t *testing.T) {
	t.Parallel()
	en := ids(t, "en")
	for group, codes := range map[string][]string{
		"rejected": slices.DeleteFunc(constants(t, "../../referral", "Reason"), func(reason string) bool {
			return slices.Contains([]referral.Reason{referral.InviteeLeft, referral.HoldExpired, referral.VoidedByOperator}, referral.Reason(reason))
		}), // nobody is refused for what comes later
		"reason":  constants(t, "../../referral", "Reason"),
		"status":  constants(t, "../../referral", "Status"),
		"opening": constants(t, "../../referral", "Kind"),
		"check":   constants(t, "../../program", "Operator"),
		"cause":   append(constants(t, "../../channel", "Class"), "unreachable"), // the books' own: nobody to write to
		"why":     append(constants(t, "../../program", "TriggerKind"), referral.ByWelcome, referral.ByResume, referral.ByFlow),
		"state":   {"queued", "sending"},
		"waiting": {"stock", "window"},
	} {
		for _, code := range codes {
			if en[group+"."+code] == "" {
				t.Errorf("%s.%s has no words", group, code)
			}
		}
	}
	for _, state := range constants(t, "../../channel", "DeliveryState") {
		if !slices.Contains([]string{"queued", "sending", "waiting"}, state) && en["outcome."+state+".other"] == "" {
			t.Errorf("an outcome %s has no words", state)
		}
	}
}

func TestEveryKindOfMomentHasWords(t *testing.T) {
	t.Parallel()
	for _, kind := range constants(t, "../../referral", "MomentKind") {
		m := referral.Moment{Kind: referral.MomentKind(kind), Data: map[string]any{"contact": "new", "state": "accepted", "why": "flow"}}
		if got := words.In("en").Moment(m); got == kind || !strings.Contains(got, " ") {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

var (
	ana = referral.Somebody{UserID: "aaaaaaaaaa", FirstName: "Ana"}
	eva = referral.Somebody{UserID: "eeeeeeeeee"}
)

func TestHowMomentsAreSaid(t *testing.T) {
	t.Parallel()
	number := func(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
	check := func(operator, with, before, now string, held bool) referral.Moment {
		return referral.Moment{Kind: referral.MomentCheck, To: ana, Data: map[string]any{
			"path": "flows.f[0].if", "field": "puntos", "operator": operator, "with": with, "before": before, "now": now, "held": held,
		}}
	}
	of := func(kind referral.MomentKind, data map[string]any) referral.Moment {
		return referral.Moment{Kind: kind, To: ana, Other: eva, Data: data}
	}
	tests := map[string]struct {
		moment referral.Moment
		es, en string
	}{
		"a threshold crossed": {
			check("reaches", "10", "9", "11", true),
			"Condición para Ana: «puntos» llega a 10. Sí: pasó de 9 a 11.",
			"Condition for Ana: “puntos” reaches 10. Yes: it went from 9 to 11.",
		},
		"a threshold not reached yet": {
			check("reaches", "10", "7", "9", false),
			"Condición para Ana: «puntos» llega a 10. No: pasó de 7 a 9 y todavía no llega.",
			"Condition for Ana: “puntos” reaches 10. No: it went from 7 to 9 and isn't there yet.",
		},
		"a threshold reached before": {
			check("reaches", "10", "11", "13", false),
			"Condición para Ana: «puntos» llega a 10. No: ya había llegado antes (pasó de 11 a 13), y esta condición se cumple una sola vez.",
			"Condition for Ana: “puntos” reaches 10. No: it got there before (it went from 11 to 13), and this condition holds only once.",
		},
		"a threshold when nothing changed": {
			check("reaches", "10", "4", "4", false),
			"Condición para Ana: «puntos» llega a 10. No: sigue en 4.",
			"Condition for Ana: “puntos” reaches 10. No: it stays at 4.",
		},
		"a comparison": {
			check("at_most", "5", "9", "9", false),
			"Condición para Ana: «puntos» es 5 o menos. No: es 9.",
			"Condition for Ana: “puntos” is 5 or less. No: it is 9.",
		},
		"a value that isn't there": {
			check("is_set", "false", "", "", true),
			"Condición para Ana: «puntos» no tiene ningún valor. Sí.",
			"Condition for Ana: “puntos” has no value. Yes.",
		},
		"a tag": {
			of(referral.MomentCheck, map[string]any{"field": "tag:vip", "operator": "is_set", "with": "false", "before": "true", "now": "true", "held": false}),
			"Condición para Ana: no tiene la etiqueta «vip». No.",
			"Condition for Ana: they don't have the tag “vip”. No.",
		},
		"a condition of an earlier version, of nobody we know": {
			referral.Moment{Kind: referral.MomentCheck, Data: map[string]any{"path": "flows.f[0].if", "field": "puntos", "operator": "at_least", "now": "11", "held": true}},
			"Condición para alguien: la de flows.f[0].if sobre «puntos». Sí: es 11.",
			"Condition for somebody: the one at flows.f[0].if about “puntos”. Yes: it is 11.",
		},
		"points taken": {
			of(referral.MomentPoints, map[string]any{"field": "puntos", "delta": number(-2), "balance": number(8), "cause": "increment", "why": "flow"}),
			"«puntos» de Ana: −2 → 8. Motivo: es parte de un flujo que empezó cuando escribió al bot o lo abrió.",
			"Ana's “puntos”: −2 → 8. Why: it is part of a flow that began when they wrote to the bot or opened it.",
		},
		"points taken back": {
			of(referral.MomentPoints, map[string]any{"field": "puntos", "delta": number(-2), "balance": number(0), "cause": "reversal", "why": "flow"}),
			"«puntos» de Ana: −2 → 0. Se retira lo que había sumado este referido.",
			"Ana's “puntos”: −2 → 0. What this referral had added is taken back.",
		},
		"a number given": {
			of(referral.MomentSet, map[string]any{"field": "puntos", "delta": number(-7), "balance": number(0), "why": "resume"}),
			"«puntos» de Ana pasa de 7 a 0. Motivo: es parte de un flujo que siguió después de una espera.",
			"Ana's “puntos” goes from 7 to 0. Why: it is part of a flow that went on after a wait.",
		},
		"a reward without a threshold": {
			of(referral.MomentGrant, map[string]any{"reward": "cafe", "stocked": true, "revoked_at": "2026-01-02T00:00:00Z"}),
			"Ana gana el premio «cafe». Después se le retiró.",
			"Ana earns the reward “cafe”. It was taken back later.",
		},
		"one day": {
			of(referral.MomentWait, map[string]any{"seconds": number(86400)}),
			"El flujo de Ana se detiene aquí 1 día, y después sigue.", "Ana's flow stops here for 1 day and then goes on.",
		},
		"ninety minutes": {
			of(referral.MomentWait, map[string]any{"seconds": number(5400)}),
			"El flujo de Ana se detiene aquí 90 minutos, y después sigue.", "Ana's flow stops here for 90 minutes and then goes on.",
		},
		"a long message": {
			of(referral.MomentMessage, map[string]any{"account": "tg", "text": strings.Repeat("ñ", 300), "state": "queued"}),
			"Mensaje para Ana por «tg»: «" + strings.Repeat("ñ", 280) + "…». Está en la cola de envío.",
			"Message to Ana on “tg”: “" + strings.Repeat("ñ", 280) + "…”. It is in the queue to go out.",
		},
		"a message for the window": {
			of(referral.MomentMessage, map[string]any{"account": "tg", "text": "{{.who}}", "picture": "https://a.example/b.png", "state": "waiting", "waiting_for": "window"}),
			"Mensaje para Ana por «tg»: «{{.who}}». Lleva una imagen. Espera a que Ana escriba, porque hasta entonces la plataforma no deja escribirle.",
			"Message to Ana on “tg”: “{{.who}}”. It comes with a picture. It waits for Ana to write, because the platform allows no message before that.",
		},
		"a call that went out, in a history": {
			of(referral.MomentCall, map[string]any{"account": "crm", "text": "{}", "state": "accepted", "attempts": number(2)}),
			"Llamada al servicio «crm» para contarle lo de Ana. Salió la llamada a «crm» sobre Ana, después de 2 intentos.",
			"Call to the service “crm” to tell it about Ana. The call to “crm” about Ana went out after 2 attempts.",
		},
		"an attempt refused by the account": {
			of(referral.MomentAttempt, map[string]any{"account": "tg", "attempt": number(1), "class": "config", "error": "config (401): Unauthorized"}),
			"No salió el mensaje para Ana por «tg» (intento 1). La cuenta «tg» no puede enviar tal como está: revisa sus claves, sus permisos y su dirección. " +
				"Se vuelve a intentar cada pocos minutos. Detalle: Unauthorized (401).",
			"The message to Ana on “tg” didn't go out (attempt 1). The account “tg” can't send as it is: check its credentials, permissions and address. " +
				"It is tried again every few minutes. Detail: Unauthorized (401).",
		},
		"a message out of time": {
			of(referral.MomentOutcome, map[string]any{
				"account": "tg", "state": "expired", "attempts": number(9), "class": "throttle", "error": "it could not be sent in time: throttle (429): slow down",
			}),
			"No salió a tiempo el mensaje para Ana por «tg»: se acabó el plazo, tras 9 intentos. La plataforma pidió ir más despacio. Detalle: slow down (429).",
			"The message to Ana on “tg” didn't go out in time, after 9 attempts. The platform asked for a slower pace. Detail: slow down (429).",
		},
		"nobody to write to": {
			of(referral.MomentOutcome, map[string]any{"account": "", "state": "failed", "attempts": number(0), "class": "unreachable", "error": "the contact has no identity to write to"}),
			"No puede salir el mensaje para Ana. No hay por dónde escribirle: bloqueó el bot, o no ha escrito en ninguna cuenta conectada.",
			"The message to Ana can't go out. There is nowhere to write to them: they blocked the bot, or never wrote on a connected account.",
		},
		"a class of tomorrow": {
			of(referral.MomentOutcome, map[string]any{"account": "tg", "state": "failed", "attempts": number(1), "class": "moon"}),
			"No salió el mensaje para Ana por «tg»: se dejó tras 1 intento. El fallo es de la clase «moon».",
			"The message to Ana on “tg” didn't go out and was given up after 1 attempt. The failure is of the class “moon”.",
		},
		"a referral in the referrer's history": {
			of(referral.MomentOpening, map[string]any{"role": "referrer", "account": "tg", "entry_point": "campaign1", "contact": "existing", "status": "rejected", "reason": "already_referred"}),
			"eeeeeeeeee abrió el bot en la cuenta «tg» con el enlace de Ana para «campaign1». El bot ya conocía a esta persona. " +
				"El referido no cuenta: ya había entrado antes por un enlace que contó.",
			"eeeeeeeeee opened the bot on the account “tg” through Ana's link for “campaign1”. The bot knew this person already. " +
				"The referral doesn't count: they had come before, through a link that counted.",
		},
		"a void with a reason of tomorrow": {
			of(referral.MomentVoided, map[string]any{"reason": "fraud"}),
			"El referido se anuló: el motivo es «fraud». Ya no cuenta para eeeeeeeeee.",
			"The referral was taken back: the reason is “fraud”. It no longer counts for eeeeeeeeee.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for language, want := range map[string]string{"es": test.es, "en": test.en} {
				if got := words.In(language).Moment(test.moment); got != want {
					t.Errorf("%s\ngot  %s\nwant %s", language, got, want)
				}
			}
		})
	}
}
