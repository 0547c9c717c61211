package channeltest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"github.com/millenniumm/referrals/channel/channeltest"
)

// platform takes the generic channel's messages; that they are signed is that channel's own test.
type platform struct {
	mu       sync.Mutex
	accepted []channeltest.Accepted
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var posted struct {
		Data struct {
			To, Text, Picture string
			QuickReplies      []string `json:"quick_replies"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&posted); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted = append(p.accepted, channeltest.Accepted{
		Recipient: posted.Data.To, Text: posted.Data.Text, Picture: posted.Data.Picture, QuickReplies: posted.Data.QuickReplies,
	})
}

func (p *platform) Accepted() []channeltest.Accepted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.accepted)
}

func (p *platform) Faults() []string { return nil }
