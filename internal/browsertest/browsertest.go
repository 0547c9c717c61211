// Package browsertest drives a headless Chromium for tests of what people see. Each tab is a visitor of its own; a script that fails or
// breaks the page's policy fails the test.
package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A Browser is a running Chromium.
type Browser struct{ ctx context.Context }

// Start starts a headless Chromium for a test and its subtests. Without one on the machine the test is skipped,
// except where CI promises one.
func Start(t *testing.T) Browser {
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
	return Browser{browser}
}

// A Tab is one visitor's: nothing is shared with other tabs.
type Tab struct {
	t   *testing.T
	ctx context.Context
}

const patience = 60 * time.Second

// NewTab opens a tab that fails the test when a script throws or the policy refuses something.
func (b Browser) NewTab(t *testing.T) *Tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) {
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
	return &Tab{t, ctx}
}

// Do runs actions in the tab, within the time any test may wait.
func (p *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// Open goes to an address.
func (p *Tab) Open(address string) {
	p.t.Helper()
	p.Do(chromedp.Navigate(address))
}

// Reload loads the page again.
func (p *Tab) Reload() {
	p.t.Helper()
	p.Do(chromedp.Reload())
}

// Click clicks on what a selector finds.
func (p *Tab) Click(selector string) {
	p.t.Helper()
	p.Do(chromedp.Click(chromedp.CSS(selector)))
}

// Focus puts the focus on what a selector finds.
func (p *Tab) Focus(selector string) {
	p.t.Helper()
	p.Do(chromedp.Focus(chromedp.CSS(selector)))
}

// Script runs something in the page.
func (p *Tab) Script(source string) {
	p.t.Helper()
	p.Do(chromedp.Evaluate[chromedp.Void](source))
}

// Press presses keys, one after the other.
func (p *Tab) Press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.Do(chromedp.KeyEvent(key))
	}
}

// Write types into the message box and sends it.
func (p *Tab) Write(text string) {
	p.t.Helper()
	p.Draft(text + kb.Enter)
}

// Draft types into the message box.
func (p *Tab) Draft(text string) {
	p.t.Helper()
	p.Do(chromedp.SendKeys(chromedp.CSS("#text"), text))
}

// Eval gives the value of an expression.
func (p *Tab) Eval(expression string) any {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression))
	if err != nil {
		p.t.Fatal(err)
	}
	return value
}

// Until waits for an expression to be true.
func (p *Tab) Until(expression string) {
	p.t.Helper()
	if p.within(func() bool {
		value, err := chromedp.Run(p.ctx, chromedp.Evaluate[any](expression))
		return err == nil && value == true // a page on its way to another has nothing to say
	}) {
		return
	}
	p.t.Fatalf("never came true: %s\nwhat was there: %v", expression, p.Eval("document.body.innerText"))
}

// UntilHeard waits for something that the server sees.
func (p *Tab) UntilHeard(what string, condition func() bool) {
	p.t.Helper()
	if !p.within(condition) {
		p.t.Fatalf("never happened: %s\nwhat was there: %v", what, p.Eval("document.body.innerText"))
	}
}

func (p *Tab) within(condition func() bool) bool {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-look.C {
		if condition() {
			return true
		}
	}
	return false
}

// Bubbles gives what the conversation shows, line by line: "bot: Hola".
func (p *Tab) Bubbles() []string {
	p.t.Helper()
	shown, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('.line')].map((line) =>
		(line.classList.contains('bot') ? 'bot: ' : 'visitor: ') + (line.querySelector('.bubble p')?.textContent ?? ''))`))
	if err != nil {
		p.t.Fatal(err)
	}
	return shown
}

// Ready is true when the conversation so far is shown.
const Ready = `document.querySelector('#log').ariaLive === 'polite'`

// Shows is true when a line of the conversation has this text.
func Shows(text string) string {
	return `[...document.querySelectorAll('.bubble p')].some((p) => p.textContent === ` + Quoted(text) + `)`
}

// ShowsPart is true when a line of the conversation holds all of these.
func ShowsPart(parts ...string) string {
	return `[...document.querySelectorAll('.bubble p')].some((p) => ` + Quoted(parts) + `.every((part) => p.textContent.includes(part)))`
}

// Quoted gives a value as JavaScript.
func Quoted(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// Screenshot keeps what the tab shows in the folder that SCREENSHOTS names, if it names one.
func (p *Tab) Screenshot(name string) {
	p.t.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name), picture, 0o600) //nolint:gosec // the folder is the developer's own wish
	}
	if err != nil {
		p.t.Error(err)
	}
}
