package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millenniumm/referrals/internal/browsertest"
)

// connectChat gives the bot a web chat.
func (h *house) connectChat() {
	h.t.Helper()
	h.must("PUT", "/v1/bots/cafe/accounts/web", `{"channel":"webchat","settings":{"title":"Café"}}`, http.StatusOK)
}

func (h *house) chat() string { return "http://" + h.address + "/chat/cafe?lang=es" }

// TestAReferralSeenInTwoBrowsers is what a newcomer does: a keyword in one browser, the link in others, and points and reward appear
// in the first while one looks.
func TestAReferralSeenInTwoBrowsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.connectChat()
	h.must("POST", "/v1/bots/cafe/rewards/cafe/codes", `{"codes":["CAFE-1"]}`, http.StatusOK)
	h.startWorker()
	browser := browsertest.Start(t)

	first := browser.NewTab(t)
	first.Open(h.chat())
	first.Until(browsertest.ShowsPart("Escribe referir"))
	first.Write("referir")
	first.Until(`document.querySelector('.line.bot a[href*="ref=campaign1-c"]') !== null`)
	link, _ := first.Eval(`document.querySelector('.line.bot a[href*="ref=campaign1-c"]').href`).(string)
	if !strings.HasPrefix(link, "http://"+h.address+"/chat/cafe") {
		t.Fatalf("the link is %q", link)
	}

	var took []time.Duration
	for friend := 1; friend <= 5; friend++ {
		other := browser.NewTab(t)
		other.Open(link)
		began := time.Now()
		if friend < 5 {
			first.Until(browsertest.ShowsPart(fmt.Sprintf("Tienes %d puntos", 2*friend)))
		} else {
			first.Until(browsertest.ShowsPart("Ganaste un café", "CAFE-1"))
		}
		took = append(took, time.Since(began))
		other.Until(browsertest.ShowsPart("¡Hola"))
		other.Screenshot(fmt.Sprintf("e2e-friend-%d.png", friend))
	}
	slices.Sort(took)
	t.Logf("from the friend's page to the points on hers: %v", took)
	if median := took[len(took)/2]; median > time.Second {
		t.Errorf("the median of five took %v: points must appear while one looks", median)
	}
	first.Screenshot("e2e-first.png")
	booked(h, 5, `SELECT count(*) FROM referrals WHERE status = 'credited' AND account = 'web'`)

	first.Open(link) // her own
	first.Until(`document.querySelector('#log').ariaLive === 'polite'`)
	booked(h, 1, `SELECT count(*) FROM referrals WHERE reason = 'self_referral'`)
	h.sound()
}

// echoes is a program that answers each of so many words with a text of its own.
func echoes(count int) string {
	var keywords, flows strings.Builder
	for i := range count {
		fmt.Fprintf(&keywords, "  - {match: [dime %d], flow: eco%d}\n", i, i)
		fmt.Fprintf(&flows, "  eco%d: [{send: \"eco %d\"}]\n", i, i)
	}
	return "name: Eco\nlocale: es\nentry_points: {campaign1: {flow: hola}}\nkeywords:\n" + keywords.String() + "flows:\n  hola: [{send: Hola}]\n" + flows.String()
}

// TestAConversationOverTwoAPIsThatRestart: while somebody writes, one api is stopped and started, then the other is killed; whatever
// the balancer does, each message is there once and each answer too.
func TestAConversationOverTwoAPIsThatRestart(t *testing.T) {
	t.Parallel()
	const words = 12
	h := newHouse(t, shared, echoes(words))
	balancer := newBalancer(t, h.address)
	h.environment = append(h.environment, "MILLENNIUM_PUBLIC_URL=http://"+balancer.address)
	firstAddress := h.address
	h.api.stop()
	h.startAPI()
	first := h.api
	h.address = freePort()
	h.environment = append(h.environment, "MILLENNIUM_ADDR="+h.address)
	h.startAPI()
	balancer.add(h.address)
	second, secondAddress := h.api, h.address
	h.connectChat()
	h.startWorker()
	browser := browsertest.Start(t)

	page := browser.NewTab(t)
	page.Open("http://" + balancer.address + "/chat/cafe?lang=es")
	page.Until(browsertest.ShowsPart("Hola"))
	want := []string{"bot: Hola"}
	for i := range words {
		switch i {
		case 3: // an operator restarts one
			first.stop()
			h.restartAt(firstAddress)
		case 7: // the other crashes, and stays away for some messages
			second.kill()
		case 10:
			h.restartAt(secondAddress)
		}
		page.Write(fmt.Sprintf("dime %d", i))
		page.Until(browsertest.ShowsPart(fmt.Sprintf("eco %d", i)))
		want = append(want, fmt.Sprintf("visitor: dime %d", i), fmt.Sprintf("bot: eco %d", i))
	}
	if got := page.Bubbles(); !slices.Equal(got, want) {
		t.Errorf("the conversation shows\n%q, not\n%q", got, want)
	}
	page.Reload()
	page.Until(browsertest.ShowsPart(fmt.Sprintf("eco %d", words-1)))
	if got := page.Bubbles(); !slices.Equal(got, want) {
		t.Errorf("after a reload it shows\n%q, not\n%q", got, want)
	}
}

func (h *house) restartAt(address string) {
	h.t.Helper()
	h.address = address
	h.environment = append(h.environment, "MILLENNIUM_ADDR="+address)
	h.startAPI()
}

// A balancer spreads connections over the servers that take them, as people put one before their replicas.
type balancer struct {
	address string
	servers atomic.Pointer[[]string]
	next    atomic.Uint64
}

func newBalancer(t *testing.T, servers ...string) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	b := &balancer{address: listener.Addr().String()}
	b.servers.Store(&servers)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go b.carry(near)
		}
	}()
	return b
}

func (b *balancer) add(server string) {
	servers := append(slices.Clone(*b.servers.Load()), server)
	b.servers.Store(&servers)
}

func (b *balancer) carry(near net.Conn) {
	defer func() { _ = near.Close() }()
	servers := *b.servers.Load()
	for range servers {
		far, err := net.Dial("tcp", servers[b.next.Add(1)%uint64(len(servers))])
		if err != nil {
			continue
		}
		go func() {
			_, _ = io.Copy(near, far)
			_ = near.Close()
		}()
		_, _ = io.Copy(far, near)
		_ = far.Close()
		return
	}
}
