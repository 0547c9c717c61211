package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// puntosProgram is the template's, with a smaller threshold and a look back a day later.
const puntosProgram = `
name: Invita y gana
locale: es
fields:
  puntos: {type: number}
entry_points:
  campaign1: {flow: bienvenida, attribution: first_touch}
triggers:
  - on: referred_new_contact
    do:
      - {increment: puntos, by: 2}
      - if: {field: puntos, reaches: 4}
        then: [{grant_reward: cafe}, {send: "¡Ganaste un café! Tu código: {{reward.code}}"}]
        else: {send: "{{invitee.first_name}} se unió. Tienes {{puntos}} puntos."}
      - wait: 1d
      - if: {field: puntos, at_least: 5}
        then: {set: puntos, to: 0}
flows:
  bienvenida: [{send: "¡Hola, {{first_name|qué gusto verte}}!"}]
rewards:
  cafe: {title: Un café, codes: pool}
`

// A tale is a front whose referrals go as a test says, with the names of its people.
type tale struct {
	*front
	sql    *pgxpool.Pool
	arrive func(channel.Event) string
	events int
}

func newTale(t *testing.T) *tale {
	t.Helper()
	url := pgtest.New(t)
	books := pgtest.Open(t, url)
	inbox := startInbox(t, books)
	f := newFacade(t, func(c *api.Config) { c.Books, c.Inbox = books, inbox })
	f.books = books
	f.furnish()
	_, err := books.SaveProgram(t.Context(), "cafe", puntosProgram)
	f.check(err)
	return &tale{front: f, sql: pgtest.Pool(t, url), arrive: func(e channel.Event) string { return f.arrive(inbox, e) }}
}

func (s *tale) meet(name string) {
	s.events++
	from := channel.Sender{ExternalID: strings.ToLower(name), FirstName: name}
	s.names[name] = s.arrive(channel.Event{ID: fmt.Sprint(s.events), Kind: channel.Text, From: from})
}

// open is a person's coming in through somebody's link, admitted and settled. It gives the run and what settle did.
func (s *tale) open(name, ref string) (string, referral.Applied) {
	s.t.Helper()
	s.events++
	parsed, _ := referral.ParseRef(ref, func(string) bool { return false })
	from := channel.Sender{ExternalID: strings.ToLower(name), FirstName: name}
	s.names[name] = s.arrive(channel.Event{ID: fmt.Sprint(s.events), Kind: channel.Opening, Ref: ref, From: from})
	events, err := s.books.Lease(s.t.Context(), 100, time.Hour)
	s.check(err)
	run := "referral/" + fmt.Sprint(s.events)
	admission, err := s.books.Admit(s.t.Context(), referral.Opening{
		Bot: "cafe", Run: run, Event: events[len(events)-1].ID, EntryPoint: parsed.EntryPoint, Referrer: parsed.Referrer, Invitee: s.names[name],
	}, referral.Admit)
	s.check(err)
	s.names["referral"] = fmt.Sprint(admission.Referral)
	return run, s.apply(run, "settle", name)
}

func (s *tale) apply(run, segment, name string, from ...program.Cursor) referral.Applied {
	s.t.Helper()
	applied, err := s.books.Apply(s.t.Context(), referral.Segment{
		Bot: "cafe", Run: run, Name: segment, Contact: s.names[name], Account: "own", From: from,
	}, referral.Play)
	s.check(err)
	return applied
}

// deliver makes attempts at a message, the failures given and then one that works.
func (s *tale) deliver(delivery int64, failures ...*channel.SendError) {
	s.t.Helper()
	for number, failure := range append(failures, nil) {
		attempt, ok, err := s.books.Begin(s.t.Context(), "cafe", delivery, time.Minute)
		s.check(err)
		if !ok {
			s.t.Fatalf("attempt %d can't be made", number+1)
		}
		_, err = s.books.Finish(s.t.Context(), attempt, channel.Outcome{Failure: failure})
		s.check(err)
		if failure != nil {
			_, err := s.sql.Exec(s.t.Context(), `INSERT INTO failed_attempts (bot_id, delivery_id, attempt, error_class, error)
				VALUES ('cafe', $1, $2, $3, $4) ON CONFLICT DO NOTHING`, delivery, number+1, failure.Class, failure.Error())
			s.check(err)
		}
	}
}

// A told is a page of moments, or a timeline.
type told struct {
	Referral struct{ Status, Reason string }
	Items    []struct {
		At                            time.Time
		Kind, Words, UserID, Referral string
		Data                          map[string]any
	}
	Next      string
	Truncated bool
}

func (s *tale) tell(path, language string) told {
	s.t.Helper()
	got := s.send(s.t, "GET", path, "", "Accept-Language: "+language)
	if got.status != 200 || got.header.Get("Vary") != "Accept-Language" {
		s.t.Fatalf("%d, %v: %s", got.status, got.header, got.body)
	}
	var read told
	got.into(s.t, &read)
	return read
}

func (t told) words() []string {
	said := make([]string, len(t.Items))
	for i, item := range t.Items {
		said[i] = item.Words
	}
	return said
}

func sameWords(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\n\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestATimelineCanBeReadByPeople(t *testing.T) {
	t.Parallel()
	s := newTale(t)
	s.meet("Ana")
	s.open("Luis", "campaign1-c"+s.names["Ana"])
	run, applied := s.open("Sofía", "campaign1-c"+s.names["Ana"])
	s.deliver(applied.Lanes[0].Deliveries[0],
		&channel.SendError{Class: channel.Throttle, Code: "429", Detail: "Too Many Requests"},
		&channel.SendError{Class: channel.Unknown, Code: "no_answer", Detail: "EOF"})
	s.apply(run, "settle.0", "Sofía", applied.Waits[0].Cursor)

	const timeline = "/v1/bots/cafe/referrals/{referral}/timeline"
	spanish := s.tell(timeline, "es-CO,es;q=0.9")
	sameWords(t, spanish.words(),
		"Sofía abrió el bot en la cuenta «own» con el enlace de Ana para «campaign1». Es un contacto nuevo.",
		"El referido es válido: cuenta para Ana.",
		"«puntos» de Ana: +2 → 4. Motivo: por su enlace llegó un contacto nuevo.",
		"Condición para Ana: «puntos» llega a 4. Sí: pasó de 2 a 4.",
		"Ana gana el premio «cafe» por llegar a 4 de «puntos». Falta su código, porque ya no quedaba ninguno. "+
			"Sube más códigos para este premio y se le entregará sin hacer nada más.",
		"Mensaje para Ana por «own»: «¡Ganaste un café! Tu código: …». Espera un código: sube más códigos para el premio y saldrá sin hacer nada más.",
		"Mensaje para Sofía por «own»: «¡Hola, Sofía!».",
		"El flujo de Ana se detiene aquí 1 día, y después sigue.",
		"El referido cuenta: queda a favor de Ana.",
		"No salió el mensaje para Sofía por «own» (intento 1). La plataforma pidió ir más despacio. Se vuelve a intentar en cuanto lo permite. Detalle: Too Many Requests (429).",
		"No se sabe si salió el mensaje para Sofía por «own» (intento 2). No llegó respuesta: puede que llegara y puede que no. "+
			"Se envía otra vez, y es posible que llegue dos veces. Detalle: EOF (no_answer).",
		"Salió el mensaje para Sofía por «own», después de 3 intentos.",
		"Condición para Ana: «puntos» es 5 o más. No: es 4.",
	)
	if spanish.Referral.Status != "credited" || spanish.Truncated {
		t.Errorf("the referral: %+v, truncated %t", spanish.Referral, spanish.Truncated)
	}
	sameWords(t, s.tell(timeline, "en").words(),
		"Sofía opened the bot on the account “own” through Ana's link for “campaign1”. This is a new contact.",
		"The referral is valid: it is for Ana.",
		"Ana's “puntos”: +2 → 4. Why: a new contact came through their link.",
		"Condition for Ana: “puntos” reaches 4. Yes: it went from 2 to 4.",
		"Ana earns the reward “cafe” for reaching 4 in “puntos”. Its code is still missing, because none was left. "+
			"Import more codes for this reward and it is handed over by itself.",
		"Message to Ana on “own”: “¡Ganaste un café! Tu código: …”. It waits for a code: import more codes for the reward and it leaves by itself.",
		"Message to Sofía on “own”: “¡Hola, Sofía!”.",
		"Ana's flow stops here for 1 day and then goes on.",
		"The referral counts: it is Ana's.",
		"The message to Sofía on “own” didn't go out (attempt 1). The platform asked for a slower pace. It is tried again as soon as that allows. Detail: Too Many Requests (429).",
		"The message to Sofía on “own” may or may not have gone out (attempt 2). No answer came: it may have arrived or not. "+
			"It is sent again and may arrive twice. Detail: EOF (no_answer).",
		"The message to Sofía on “own” went out after 3 attempts.",
		"Condition for Ana: “puntos” is 5 or more. No: it is 4.",
	)
}

func TestARefusalIsExplained(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		who, ref string
		es       []string
	}{
		"through one's own link": {"Ana", "campaign1-c{Ana}", []string{
			"Ana abrió el bot en la cuenta «own» con su propio enlace para «campaign1». El bot ya conocía a esta persona.",
			"El referido no cuenta: Ana entró por su propio enlace, y nadie puede invitarse a sí mismo. No suma puntos; Ana recibe la bienvenida de todos modos.",
		}},
		"once more, through another's": {"Luis", "campaign1-c{Eva}", []string{
			"Luis abrió el bot en la cuenta «own» con el enlace de Eva para «campaign1». El bot ya conocía a esta persona.",
			"El referido no cuenta: Luis ya había entrado antes por el enlace de Ana (referido {referral}), y no se cuenta otra vez. " +
				"No suma puntos; Luis recibe la bienvenida de todos modos.",
		}},
		"the other way round": {"Ana", "campaign1-c{Luis}", []string{
			"Ana abrió el bot en la cuenta «own» con el enlace de Luis para «campaign1». El bot ya conocía a esta persona.",
			"El referido no cuenta: Luis había llegado antes por el enlace de Ana, y «campaign1» no admite invitaciones mutuas. " +
				"Si quieres que cuenten, pon allow_mutual: true en esa puerta de entrada. No suma puntos; Ana recibe la bienvenida de todos modos.",
		}},
		"a link of nobody's": {"Eva", "campaign1-caaaaaaaaaa", []string{
			"Eva abrió el bot en la cuenta «own» con un enlace que no es de nadie que el bot conozca (campaign1-caaaaaaaaaa). El bot ya conocía a esta persona.",
			"El referido no cuenta: no hay a quién dárselo. Suele pasar cuando el enlace se copió incompleto o es de otro bot. " +
				"No suma puntos; Eva recibe la bienvenida de todos modos.",
		}},
		"a door that isn't there": {"Eva", "verano-c{Ana}", []string{
			"Eva abrió el bot en la cuenta «own» con el enlace de Ana para «verano». El bot ya conocía a esta persona.",
			"El referido no cuenta: el programa no tiene ninguna puerta de entrada llamada «verano». Si el enlace debe funcionar, añádela en entry_points: " +
				"valdrá para quienes entren desde entonces. No suma puntos; Eva recibe la bienvenida de todos modos.",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTale(t)
			s.meet("Ana")
			s.meet("Eva")
			s.open("Luis", "campaign1-c"+s.names["Ana"])
			first := s.names["referral"]
			ref := test.ref
			for name, id := range s.names {
				ref = strings.ReplaceAll(ref, "{"+name+"}", id)
			}
			s.open(test.who, ref)
			for i := range test.es {
				test.es[i] = strings.ReplaceAll(test.es[i], "{referral}", first)
			}
			sameWords(t, s.tell("/v1/bots/cafe/referrals/{referral}/timeline", "es").words()[:2], test.es...)
		})
	}
}

func TestAHistoryCanBeReadByPeoplePageByPage(t *testing.T) {
	t.Parallel()
	s := newTale(t)
	s.meet("Ana")
	s.open("Luis", "campaign1-c"+s.names["Ana"])
	want := []string{
		"Mensaje para Ana por «own»: «Luis se unió. Tienes 2 puntos.». Está en la cola de envío.",
		"«puntos» de Ana: +2 → 2. Motivo: por su enlace llegó un contacto nuevo.",
		"Luis abrió el bot en la cuenta «own» con el enlace de Ana para «campaign1». Es un contacto nuevo. El referido cuenta.",
		"El bot conoció a Ana.",
	}
	sameWords(t, s.tell("/v1/bots/cafe/contacts/{Ana}/history", "es").words(), want...)

	var turned []string
	for cursor := ""; ; {
		page := s.tell("/v1/bots/cafe/contacts/{Ana}/history?limit=1&cursor="+cursor, "es")
		turned = append(turned, page.words()...)
		if cursor = page.Next; cursor == "" {
			break
		}
		s.open(fmt.Sprintf("Otro%d", len(turned)), "campaign1-c"+s.names["Ana"])
	}
	sameWords(t, turned, want...)
}
