package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/millenniumm/referrals/internal/browsertest"
)

// A tab is one visitor's.
type tab struct {
	*browsertest.Tab
	t *testing.T
}

func newTab(browser browsertest.Browser, t *testing.T) *tab { return &tab{browser.NewTab(t), t} }

// TestChatPage drives the web chat's page in a real browser.
func TestChatPage(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, *tab){
		"what the bot says appears at once":                                 testLive,
		"one's own message is there once, although it is echoed":            testEcho,
		"a message is there before the echo, and nothing doubles after it":  testLateEcho,
		"a message that fails is sent again with the same id":               testRetry,
		"a message that keeps failing says so and can be sent by a button":  testStuck,
		"messages leave in the order they were written":                     testOrder,
		"a reload keeps what was not sent, and what was not finished":       testReload,
		"a refused message is explained and can be changed":                 testRefused,
		"a ref is posted with an id of its own, however often one reloads":  testRef,
		"an empty conversation is opened, once":                             testOpening,
		"a conversation that goes on is not opened":                         testNoOpening,
		"quick replies are pressed by keyboard and gone afterwards":         testQuickReplies,
		"quick replies are only those of the last line":                     testOldQuickReplies,
		"markup and scripts stay text":                                      testHostileTexts,
		"links, stars and punctuation are shown as in chat apps":            testTexts,
		"a referral link can be copied":                                     testCopy,
		"a phone scrolls in one direction only":                             testNarrow,
		"the page speaks Spanish":                                           testSpanish,
		"the page speaks English":                                           testEnglish,
		"after a cut comes exactly the rest":                                testReconnect,
		"a connection that says nothing any more is made anew":              testSilence,
		"a connection that only beats is kept":                              testBeats,
		"a server without room is asked again when it says":                 testFull,
		"a page whose browser became another visitor begins anew":           testOtherVisitor,
		"who is offline is told so, and when it is over":                    testOffline,
		"texts can be read in light and dark":                               testContrast,
		"a stranger's page reloads once and then says why":                  testStranger,
		"a message from a stranger reloads the page once and then says why": testStrangersMessage,
		"a reader further up is not moved, and told of what is new":         testNewer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newTab(browser, t))
		})
	}
}

func testLive(_ *testing.T, p *tab) {
	f := newChatFake(p.t, botLine("Hola"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	f.botSays("¿Sigues ahí?")
	p.Until(browsertest.Shows("¿Sigues ahí?"))
	p.want("bot: Hola", "bot: ¿Sigues ahí?")
}

func (p *tab) want(lines ...string) {
	p.t.Helper()
	if got := p.Bubbles(); !slices.Equal(got, lines) {
		p.t.Errorf("the conversation shows\n%q, not\n%q", got, lines)
	}
}

// acknowledged is true when nothing waits to be sent any more.
const acknowledged = `document.querySelectorAll('.state').length === 0 && document.querySelectorAll('.waiting').length === 0`

func testEcho(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	p.Open(f.address("lang=es&name=Stupid"))
	p.Until(browsertest.Ready)
	p.Write("quiero mi enlace 🙂")
	p.Until(acknowledged)
	f.botSays("Aquí va")
	p.Until(browsertest.Shows("Aquí va"))
	p.want("bot: Hola", "visitor: quiero mi enlace 🙂", "bot: Aquí va")
	heard := f.heard("message")
	if len(heard) != 1 || heard[0].Text != "quiero mi enlace 🙂" || !strings.HasPrefix(heard[0].Locale, "es") {
		t.Errorf("the server heard %+v", heard)
	}
	if got := p.Eval(`document.querySelector('#text').value`); got != "" {
		t.Errorf("the message box still holds %q", got)
	}
}

func testLateEcho(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	f.mute = true
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	p.Write("one")
	p.Write("two")
	p.Until(`document.querySelectorAll('.state').length === 0`)
	p.want("bot: Hola", "visitor: one", "visitor: two")
	f.botSays("the bot is faster than the echo")
	p.Until(browsertest.Shows("the bot is faster than the echo"))
	p.want("bot: Hola", "bot: the bot is faster than the echo", "visitor: one", "visitor: two")
	f.change(func() {
		for _, heard := range f.said {
			f.echo(heard)
		}
	})
	p.Until(acknowledged)
	p.want("bot: Hola", "bot: the bot is faster than the echo", "visitor: one", "visitor: two")
}

func testRetry(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	var attempts atomic.Int32
	f.say = func(said) (int, string) {
		if attempts.Add(1) <= 2 {
			return http.StatusServiceUnavailable, "Try again in a moment."
		}
		return http.StatusOK, ""
	}
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	p.Write("are you there?")
	p.Until(`document.querySelector('.sending')?.textContent === 'Sending…'`)
	p.Until(acknowledged)
	p.want("bot: Hola", "visitor: are you there?")
	heard := f.heard("message")
	if len(heard) != 3 || heard[0] != heard[1] || heard[1] != heard[2] {
		t.Errorf("the server heard %+v, not three times the same", heard)
	}
}

func testStuck(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	var well atomic.Bool
	f.say = func(said) (int, string) {
		if well.Load() {
			return http.StatusOK, ""
		}
		return http.StatusBadGateway, ""
	}
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	p.Write("are you there?")
	p.Until(`document.querySelector('button.state')?.textContent === 'Not sent. Try again'`)
	before := len(f.heard("message"))
	well.Store(true)
	p.Click("button.state")
	p.Until(acknowledged)
	if after := len(f.heard("message")); after != before+1 {
		t.Errorf("the button made %d attempts", after-before)
	}
}

func testOrder(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	var attempts atomic.Int32
	f.say = func(said) (int, string) {
		if attempts.Add(1)%2 == 1 {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, ""
	}
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	for i := range 3 {
		p.Write(fmt.Sprint("message ", i))
	}
	p.Until(acknowledged)
	p.want("bot: Hola", "visitor: message 0", "visitor: message 1", "visitor: message 2")
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, line := range f.lines[1:] {
		if line.Text != fmt.Sprint("message ", i) {
			t.Errorf("message %d is %q", i, line.Text)
		}
	}
}

func testReload(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	var well atomic.Bool
	f.say = func(said) (int, string) {
		if well.Load() {
			return http.StatusOK, ""
		}
		return http.StatusServiceUnavailable, ""
	}
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Write("no me pierdas")
	p.Draft("y esto a medias")
	p.UntilHeard("an attempt", func() bool { return len(f.heard("message")) > 0 })
	p.Reload()
	p.Until(browsertest.Ready)
	p.Until(browsertest.Shows("no me pierdas"))
	if got := p.Eval(`document.querySelector('#text').value`); got != "y esto a medias" {
		t.Errorf("the message box holds %q", got)
	}
	well.Store(true)
	p.Until(acknowledged)
	p.Reload()
	p.Until(browsertest.Ready)
	p.want("bot: Hola", "visitor: no me pierdas")
	heard := f.heard("message")
	if last := len(f.heard("message")) - 1; heard[0] != heard[last] {
		t.Errorf("said first as %+v, in the end as %+v", heard[0], heard[last])
	}
}

func testRefused(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	f.say = func(s said) (int, string) {
		if len(s.Text) > 10 {
			return http.StatusRequestEntityTooLarge, "El mensaje es demasiado largo."
		}
		return http.StatusOK, ""
	}
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Write("esto es demasiado largo")
	p.Until(`document.querySelector('.refused')?.textContent.startsWith('No se pudo enviar. El mensaje es demasiado largo.')`)
	p.Write("corto")
	p.Until(browsertest.Shows("corto") + `&& document.querySelectorAll('.state').length === 1`)
	p.Reload()
	p.Until(browsertest.Ready)
	p.Click(".refused button")
	p.Until(`document.querySelector('#text').value === 'esto es demasiado largo'`)
	p.want("bot: Hola", "visitor: corto")
	if heard := f.heard("message"); len(heard) != 2 {
		t.Errorf("a refused message was sent again: %+v", heard)
	}
}

func testRef(t *testing.T, p *tab) {
	const ref = "campaign1-cabcdef"
	f := newChatFake(t)
	var attempts atomic.Int32
	f.say = func(said) (int, string) {
		if attempts.Add(1) == 1 {
			return http.StatusServiceUnavailable, ""
		}
		return http.StatusOK, ""
	}
	p.Open(f.address("lang=es&ref=" + ref))
	p.Until(`!location.search.includes('ref') && location.search.includes('lang=es')`)
	p.Reload()
	p.Until(browsertest.Ready)
	f.botSays("Bienvenida")
	p.Until(browsertest.Shows("Bienvenida"))
	p.Open(f.address("lang=es&ref=" + ref))
	p.Until(`!location.search.includes('ref')`)
	digest := sha256.Sum256([]byte(ref))
	id := "ref-" + hex.EncodeToString(digest[:])[:32]
	heard := f.heard("opening")
	for _, opening := range heard {
		if opening.Ref != ref || opening.ID != id {
			t.Errorf("opened with %+v, not id %s", opening, id)
		}
	}
	if len(heard) != 3 { // the one that failed, the one that didn't, and the link followed anew: the same id
		t.Errorf("opened %d times: %+v", len(heard), heard)
	}
}

func testOpening(t *testing.T, p *tab) {
	f := newChatFake(t)
	p.Open(f.address("lang=es"))
	p.UntilHeard("an opening", func() bool { return len(f.heard("opening")) == 1 })
	if opening := f.heard("opening")[0]; opening.ID != "open" || opening.Ref != "" {
		t.Errorf("opened with %+v", opening)
	}
	f.botSays("¡Hola!")
	p.Until(browsertest.Shows("¡Hola!"))
	p.Reload()
	p.Until(browsertest.Ready + "&&" + browsertest.Shows("¡Hola!"))
	p.Write("referir")
	p.Until(acknowledged)
	if opened := f.heard("opening"); len(opened) != 1 {
		t.Errorf("opened %d times", len(opened))
	}
}

func testNoOpening(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"), visitorLine("Hola, bot"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Write("referir") // whatever is sent leaves after an opening
	p.Until(acknowledged)
	if opened := f.heard("opening"); len(opened) != 0 {
		t.Errorf("opened with %+v", opened)
	}
}

func testQuickReplies(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("¿Qué quieres hacer?", "Invitar", "Ver mis puntos"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready + `&& document.querySelectorAll('.choices button').length === 2`)
	p.Focus("#log")
	p.Press(kb.Tab, kb.Tab)
	p.Until(`document.activeElement.textContent === 'Ver mis puntos'`)
	p.Press(kb.Enter)
	p.Until(acknowledged + "&&" + browsertest.Shows("Ver mis puntos"))
	p.Until(`document.querySelectorAll('.choices').length === 0 && document.activeElement.id === 'text'`)
	p.want("bot: ¿Qué quieres hacer?", "visitor: Ver mis puntos")
	if heard := f.heard("message"); len(heard) != 1 || heard[0].Text != "Ver mis puntos" {
		t.Errorf("the server heard %+v", heard)
	}
}

func testOldQuickReplies(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("¿Sí?", "Sí", "No"), visitorLine("Sí"), botLine("Gracias"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	if got := p.Eval(`document.querySelectorAll('.choices').length`); got != 0.0 {
		t.Errorf("quick replies of a line long past: %v", got)
	}
}

func testHostileTexts(t *testing.T, p *tab) {
	texts := []string{
		`<img src=x onerror="document.title='pwned'">`,
		`<script>document.title='pwned'</script>`,
		`javascript:alert(1) http:javascript:alert(1) data:text/html,<b>x</b>`,
		`*<b onmouseover=alert(1)>bold</b>*`,
		`https://example.com/"onmouseover="alert(1)`,
	}
	f := newChatFake(t)
	for _, text := range texts {
		f.append(chatLine{Author: "bot", Text: text, QuickReplies: []string{text}, Picture: "javascript:alert(1)"})
	}
	p.Open(f.address("lang=es&ref=%22%3E%3Cscript%3Edocument.title%3D1%3C%2Fscript%3E"))
	p.Until(browsertest.Ready)
	want := make([]string, 0, len(texts))
	for i, text := range texts {
		if i == 3 {
			text = strings.Trim(text, "*")
		}
		want = append(want, "bot: "+text)
	}
	p.want(want...)
	p.Until(`document.querySelectorAll('#log img, #log script, #log b, #log [onmouseover]').length === 0`)
	p.Until(`[...document.querySelectorAll('#log a')].map((a) => a.href).join() === 'https://example.com/'`)
	p.Until(`document.title === 'Invita y gana'`)
}

func testTexts(t *testing.T, p *tab) {
	f := newChatFake(
		t, botLine("Escribe *referir* para invitar. 2*3*4 no es * negrita *."),
		botLine("Mira (https://example.com/a_(b)), https://example.com/c?x=1&y=2. *¡Ya, en http://example.org/!*"),
		chatLine{Author: "bot", Text: "Tu café", Picture: "https://localhost:1/cafe.png"},
	)
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Until(`[...document.querySelectorAll('.bubble strong')].map((s) => s.textContent).join('|') === 'referir|¡Ya, en http://example.org/!'`)
	p.Until(`[...document.querySelectorAll('.bubble a')].map((a) => a.href).join(' ') ===
		'https://example.com/a_(b) https://example.com/c?x=1&y=2 http://example.org/'`)
	p.Until(`[...document.querySelectorAll('.bubble a')].every((a) => a.rel.includes('noopener') && a.target === '_blank')`)
	p.Until(`document.querySelector('.bubble img').alt === 'Tu café' && document.querySelector('.bubble img').loading === 'lazy'`)
	p.want(
		"bot: Escribe referir para invitar. 2*3*4 no es * negrita *.",
		"bot: Mira (https://example.com/a_(b)), https://example.com/c?x=1&y=2. ¡Ya, en http://example.org/!", "bot: Tu café",
	)
}

func testCopy(t *testing.T, p *tab) {
	const link = "https://bot.example.com/chat/demo/web?ref=campaign1-cabc"
	f := newChatFake(t, visitorLine("https://example.com/?ref=mine"), botLine("Lee https://example.com/ayuda"), botLine("Comparte "+link+" con tus amigos"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready + `&& document.querySelectorAll('.actions').length === 1`)
	p.Script(`Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } })`)
	p.Focus(".actions button")
	p.Press(kb.Enter)
	p.Until(`window.copied === ` + browsertest.Quoted(link))
	p.Until(`document.querySelector('#spoken').textContent === 'Enlace copiado'`)
	p.Until(`document.querySelector('.actions button').textContent === 'Copiar enlace'`)
}

func testNarrow(t *testing.T, p *tab) {
	f := newChatFake(
		t, botLine(strings.Repeat("pneumonoultramicroscopic", 10), strings.Repeat("respuesta", 8), "Sí"),
		botLine("https://example.com/?ref="+strings.Repeat("x", 300)), visitorLine(strings.Repeat("😀", 200)),
		botLine("مرحبا، هذا رابطك https://example.com/", strings.Repeat("largo", 30)),
	)
	for _, width := range []int64{320, 390} {
		p.Do(chromedp.EmulateViewport(width, 844))
		p.Open(f.address("lang=es"))
		p.Until(browsertest.Ready + `&& document.querySelectorAll('.line').length === 4`)
		p.Until(`document.documentElement.scrollWidth <= innerWidth && document.querySelector('#log').scrollWidth <= innerWidth`)
		p.Until(`[...document.querySelectorAll('.bubble, button:not([hidden])')].every((e) => e.getBoundingClientRect().right <= innerWidth)`)
		p.Until(`document.querySelector('#composer').getBoundingClientRect().bottom <= innerHeight`)
		p.Until(`parseFloat(getComputedStyle(document.querySelector('#text')).fontSize) >= 16`)
	}
}

func testSpanish(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola, https://example.com/?start=abc"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Until(`document.documentElement.lang === 'es' && document.querySelector('#text').placeholder === 'Escribe un mensaje'`)
	p.Until(`document.querySelector('.day').textContent === 'Hoy' && document.querySelector('.actions button').textContent === 'Copiar enlace'`)
	p.Until(`document.querySelector('#send').ariaLabel === 'Enviar' && document.querySelector('label').textContent === 'Tu mensaje'`)
}

func testEnglish(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hello, https://example.com/?start=abc"))
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	p.Until(`document.documentElement.lang === 'en' && document.querySelector('#text').placeholder === 'Write a message'`)
	p.Until(`document.querySelector('.day').textContent === 'Today' && document.querySelector('.actions button').textContent === 'Copy link'`)
	p.Until(`document.querySelector('#send').ariaLabel === 'Send' && document.querySelector('label').textContent === 'Your message'`)
}

func testReconnect(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("one"), botLine("two"))
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	f.change(func() { f.unwell = http.StatusBadGateway }) // a proxy whose api restarts
	p.Until(`document.querySelector('#status').textContent === 'Reconnecting…'`)
	f.change(func() {
		f.append(botLine("three"))
		f.unwell = 0
	})
	p.Until(browsertest.Shows("three") + `&& document.querySelector('#status').textContent === ''`)
	f.botSays("four")
	p.Until(browsertest.Shows("four"))
	p.want("bot: one", "bot: two", "bot: three", "bot: four")
}

func testSilence(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("one"))
	f.beat = 100
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	f.change(func() {
		f.silent = true
		f.append(botLine("two"))
	})
	opened := f.streams()
	p.UntilHeard("another stream", func() bool { return f.streams() > opened })
	p.want("bot: one")
	f.change(func() { f.silent = false })
	p.Until(browsertest.Shows("two"))
	p.want("bot: one", "bot: two")
}

func testBeats(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("one"))
	f.beat = 1000
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	p.Until(`(window.began ??= performance.now()) + 4000 < performance.now()`) // four beats: nothing else is said meanwhile
	if got := f.streams(); got != 1 {
		t.Errorf("it was opened %d times", got)
	}
}

func testFull(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("one"))
	f.unwell, f.later = http.StatusServiceUnavailable, 3
	p.Open(f.address("lang=en"))
	p.Until(`document.querySelector('#status').textContent === 'Reconnecting…'`)
	if got := f.streams(); got != 2 { // the page's, and its question why there was none
		t.Errorf("it was asked for %d times", got)
	}
	f.change(func() { f.unwell = 0 })
	p.Until(browsertest.Shows("one") + `&& document.querySelector('#status').textContent === ''`)
}

func testOtherVisitor(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("one"))
	p.Open(f.address("lang=en"))
	p.Until(browsertest.Ready)
	before := p.Eval(`document.querySelector('#chat').dataset.visitor`)
	p.Script(`fetch('/another').then(() => { window.became = true; })`)
	p.Until(`window.became`)
	f.change(func() { f.unwell = http.StatusBadGateway })
	p.Until(`document.querySelector('#status').textContent === 'Reconnecting…'`)
	f.change(func() { f.unwell = 0 })
	p.Until(`document.querySelector('#chat')?.dataset.visitor === 'another' && ` + browsertest.Ready)
	if before == "another" {
		t.Error("it was the other visitor's from the beginning")
	}
}

func testOffline(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Script(`Object.defineProperty(navigator, 'onLine', { value: false, configurable: true }); dispatchEvent(new Event('offline'))`)
	p.Until(`document.querySelector('#status').textContent === 'Sin conexión. Lo que escribas se enviará en cuanto vuelva.'`)
	p.Script(`delete navigator.onLine; dispatchEvent(new Event('online'))`)
	p.Until(`document.querySelector('#status').textContent === ''`)
	f.botSays("Ya volviste")
	p.Until(browsertest.Shows("Ya volviste"))
	p.want("bot: Hola", "bot: Ya volviste")
}

// illegible lists the texts whose contrast with what is behind them is below 4.5:1.
const illegible = `(() => {
	const numbers = (color) => color.match(/[\d.]+/g).map(Number);
	const light = (color) => numbers(color).slice(0, 3).map((part) => part / 255)
		.map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
		.reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (node) => {
		const color = getComputedStyle(node).backgroundColor;
		return numbers(color)[3] === 0 ? behind(node.parentElement) : color;
	};
	const contrast = (node) => {
		const [less, more] = [light(getComputedStyle(node).color), light(behind(node))].sort((a, b) => a - b);
		return (more + 0.05) / (less + 0.05);
	};
	return [...document.querySelectorAll('h1, .day, .bubble p, .bubble a, time, .state, button, #text, #status')]
		.filter((node) => contrast(node) < 4.5).map((node) => node.outerHTML.slice(0, 80) + ' ' + contrast(node).toFixed(1));
})()`

func testContrast(t *testing.T, p *tab) {
	f := newChatFake(t, visitorLine("Mira https://example.com/"), botLine("Tu enlace: https://example.com/?ref=abc", "Gracias"))
	for _, scheme := range []string{"light", "dark"} {
		p.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
		p.Open(f.address("lang=es"))
		p.Until(browsertest.Ready + `&& document.querySelectorAll('.choices').length === 1`)
		p.Until(`matchMedia('(prefers-color-scheme: ` + scheme + `)').matches`)
		if got, _ := p.Eval(illegible).([]any); len(got) > 0 {
			t.Errorf("in %s, too little contrast: %v", scheme, got)
		}
	}
}

func testStranger(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	f.unwell = http.StatusUnauthorized
	p.Open(f.address("lang=es"))
	p.Until(`document.querySelector('#status').textContent.startsWith('Tu navegador no deja que el chat te reconozca.')`)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loads != 2 {
		t.Errorf("the page was loaded %d times", f.loads)
	}
}

func testStrangersMessage(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	f.say = func(said) (int, string) { return http.StatusUnauthorized, "" }
	p.Open(f.address("lang=es"))
	p.Until(browsertest.Ready)
	p.Write("hola")
	p.Until(`document.querySelector('#status').textContent.startsWith('Tu navegador no deja que el chat te reconozca.')`)
	p.want("bot: Hola", "visitor: hola")
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loads != 2 {
		t.Errorf("the page was loaded %d times", f.loads)
	}
}

func testNewer(t *testing.T, p *tab) {
	f := newChatFake(t)
	for i := range 200 {
		f.append(botLine(fmt.Sprint("line ", i)))
	}
	p.Open(f.address("lang=en"))
	const end = `document.querySelector('#log').scrollHeight - document.querySelector('#log').clientHeight - document.querySelector('#log').scrollTop < 2`
	p.Until(browsertest.Ready + "&&" + end)
	f.botSays("followed")
	p.Until(browsertest.Shows("followed") + "&&" + end)
	p.Script(`document.querySelector('#log').scrollTop = 100`)
	p.Until(`document.querySelector('#log').scrollTop === 100`)
	f.botSays("not followed")
	p.Until(browsertest.Shows("not followed") + `&& !document.querySelector('#newer').hidden`)
	p.Until(`document.querySelector('#log').scrollTop === 100`)
	p.Click("#newer")
	p.Until(end + `&& document.querySelector('#newer').hidden`)
}

// TestChatWidget drives the chat on a page of somebody else's: another origin, with a policy of its own.
func TestChatWidget(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	for name, test := range map[string]func(*testing.T, *tab){
		"it opens and closes by keyboard, and focus goes along": testWidgetKeyboard,
		"included twice it is there once":                       testWidgetTwice,
		"a ref of the page's goes along and opens it, once":     testWidgetRef,
		"what the bot says while it is closed is announced":     testWidgetNews,
		"on a phone it fills the screen and can be left":        testWidgetPhone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newTab(browser, t))
		})
	}
}

// newShop serves a page that embeds the fake's chat, so many times.
func newShop(t *testing.T, f *chatFake, times int) *httptest.Server {
	t.Helper()
	script := `<script src="` + f.server.URL + `/chat.js" data-bot="demo" data-account="web" data-lang="es" data-color="#0a6b4f" async></script>`
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src "+f.server.URL+"; frame-src "+f.server.URL)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="es"><head><title>Café</title>%s</head><body><h1>Café</h1><a href="/">Carta</a></body></html>`,
			strings.Repeat(script, times))
	}))
	t.Cleanup(shop.Close)
	return shop
}

// widget gives an expression about the widget's button.
func widget(rest string) string {
	return `document.querySelector('millennium-chat')?.shadowRoot.querySelector('button')` + rest
}

const (
	widgetOpen   = `document.querySelector('millennium-chat')?.shadowRoot.querySelector('button')?.ariaExpanded === 'true'`
	widgetClosed = `document.querySelector('millennium-chat')?.shadowRoot.querySelector('button')?.ariaExpanded === 'false'`
)

func testWidgetKeyboard(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	p.Open(newShop(t, f, 1).URL)
	p.Until(widgetClosed + "&&" + widget(`.ariaLabel === 'Abrir el chat'`))
	if f.loads != 0 {
		t.Error("the chat was loaded before anybody asked for it")
	}
	p.Focus("a")
	p.Press(kb.Tab, kb.Enter)
	p.Until(widgetOpen + "&&" + widget(`.ariaLabel === 'Cerrar el chat'`))
	p.UntilHeard("a stream", func() bool { return f.streams() == 1 })
	p.typeInto(f, "desde la tienda")
	if heard := f.heard("message")[0]; heard.Text != "desde la tienda" {
		t.Errorf("the server heard %+v", heard)
	}
	p.Press(kb.Escape)
	p.Until(widgetClosed + `&& document.activeElement.shadowRoot?.activeElement?.localName === 'button'`)
	p.Press(kb.Enter)
	p.Until(widgetOpen)
	p.Reload()
	p.Until(widgetOpen)
	p.Until(`document.activeElement === document.body`) // opened by itself it takes nobody's focus
	p.Until(`Object.keys(window).filter((name) => /chat|millennium/i.test(name)).length === 0`)
}

// typeInto types a message wherever the focus is, once the chat has it.
func (p *tab) typeInto(f *chatFake, text string) {
	p.t.Helper()
	p.Until(`document.activeElement?.shadowRoot?.activeElement?.localName === 'iframe'`)
	f.botSays("¿Sí?")
	p.Press(strings.Split(text, "")...)
	p.Press(kb.Enter)
	p.UntilHeard("what was typed", func() bool { return len(f.heard("message")) == 1 })
}

func (f *chatFake) streams() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened
}

func testWidgetTwice(t *testing.T, p *tab) {
	f := newChatFake(t)
	p.Open(newShop(t, f, 2).URL)
	p.Until(widgetClosed)
	p.Until(`document.readyState === 'complete' && document.querySelectorAll('millennium-chat').length === 1`)
}

func testWidgetRef(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	shop := newShop(t, f, 1)
	p.Open(shop.URL + "/?ref=campaign1-cabc")
	p.Until(widgetOpen)
	p.UntilHeard("an opening", func() bool { return len(f.heard("opening")) == 1 })
	if opening := f.heard("opening")[0]; opening.Ref != "campaign1-cabc" {
		t.Errorf("opened with %+v", opening)
	}
	p.Script(widget(`.click()`))
	p.Until(widgetClosed)
	p.Reload()
	p.Until(widgetClosed) // it was closed on purpose
	p.Open(shop.URL + "/?ref=campaign1-cother")
	p.Until(widgetOpen)
}

func testWidgetNews(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	p.Open(newShop(t, f, 1).URL)
	p.Until(widgetClosed)
	p.Script(widget(`.click()`))
	p.UntilHeard("a stream", func() bool { return f.streams() == 1 })
	p.Script(widget(`.click()`))
	p.Until(widgetClosed + "&&" + widget(`.ariaLabel === 'Abrir el chat'`))
	p.UntilHeard("the announcement", func() bool {
		f.botSays("¡Tienes un café!")
		return p.Eval(widget(`.ariaLabel`)) == "Abrir el chat: hay mensajes nuevos"
	})
}

func testWidgetPhone(t *testing.T, p *tab) {
	f := newChatFake(t, botLine("Hola"))
	p.Open(newShop(t, f, 1).URL)
	p.Until(widgetClosed)
	p.Script(widget(`.click()`))
	p.Until(widgetOpen)
	const frame = `document.querySelector('millennium-chat').shadowRoot.querySelector('iframe').getBoundingClientRect()`
	p.Until(frame + `.width === innerWidth && ` + frame + `.height === innerHeight`)
	p.Do(chromedp.MouseClickXY(390-32, 30))
	p.Until(widgetClosed)
}
