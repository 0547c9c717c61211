package api_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// startBrowser starts a headless Chromium for a test and its subtests. Without one on the machine the test is skipped,
// except where CI promises one.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const missing = "no Chromium or Chrome on this machine: install one to test what people see of the web chat"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(allocator)
	t.Cleanup(quit)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return browser
}

// A tab is one visitor's: nothing is shared with other tabs.
type tab struct {
	t   *testing.T
	ctx context.Context
}

const patience = 60 * time.Second

// newTab opens a tab that fails the test when a script throws or the policy refuses something.
func newTab(browser context.Context, t *testing.T) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) {
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("a script failed: %v", event.ExceptionDetails)
		case *log.EventEntryAdded:
			if strings.Contains(event.Entry.Text, "Content Security Policy") {
				t.Errorf("the page broke its own policy: %s", event.Entry.Text)
			}
		}
	}))
	t.Cleanup(closeTab)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil { // a phone's
		t.Fatal(err)
	}
	return &tab{t, ctx}
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) open(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

func (p *tab) reload() {
	p.t.Helper()
	p.do(chromedp.Reload())
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) focus(selector string) {
	p.t.Helper()
	p.do(chromedp.Focus(chromedp.CSS(selector)))
}

// script runs something in the page.
func (p *tab) script(source string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](source))
}

func (p *tab) press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// write types into the message box and sends it.
func (p *tab) write(text string) {
	p.t.Helper()
	p.draft(text + kb.Enter)
}

// draft types into the message box.
func (p *tab) draft(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(chromedp.CSS("#text"), text))
}

// eval gives the value of an expression.
func (p *tab) eval(expression string) any {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// until waits for an expression to be true.
func (p *tab) until(expression string) {
	p.t.Helper()
	if p.within(func() bool {
		value, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression))
		return err == nil && value == true // a page on its way to another has nothing to say
	}) {
		return
	}
	p.t.Fatalf("never came true: %s\nwhat was there: %v", expression, p.eval("document.body.innerText"))
}

// untilHeard waits for something that the server sees.
func (p *tab) untilHeard(what string, condition func() bool) {
	p.t.Helper()
	if !p.within(condition) {
		p.t.Fatalf("never happened: %s\nwhat was there: %v", what, p.eval("document.body.innerText"))
	}
}

func (p *tab) within(condition func() bool) bool {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-look.C {
		if condition() {
			return true
		}
	}
	return false
}

// bubbles gives what the conversation shows, line by line: "bot: Hola".
func (p *tab) bubbles() []string {
	p.t.Helper()
	shown, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('.line')].map((line) =>
		(line.classList.contains('bot') ? 'bot: ' : 'visitor: ') + (line.querySelector('.bubble p')?.textContent ?? ''))`))
	if err != nil {
		p.t.Fatal(err)
	}
	return shown
}

const ready = `document.querySelector('#log').ariaLive === 'polite'`

// shows is true when a line has this text.
func shows(text string) string {
	return `[...document.querySelectorAll('.bubble p')].some((p) => p.textContent === ` + quoted(text) + `)`
}
