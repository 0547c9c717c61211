package activities

import (
	"sync"
	"time"
)

// unfitFor is how long an account that was slow or failing is kept out of workflow tasks.
const unfitFor = 30 * time.Second

// health remembers which accounts were slow or failing lately, in this process: their messages get no first attempt inside a
// workflow task, so that one bad platform holds nobody else's referrals up.
type health struct {
	mu    sync.Mutex
	unfit map[string]time.Time // until when
}

func newHealth() *health { return &health{unfit: map[string]time.Time{}} }

func (h *health) fit(bot, account string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().After(h.unfit[bot+"/"+account])
}

func (h *health) note(bot, account string, well bool, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if well && took < slowCall {
		delete(h.unfit, bot+"/"+account)
		return
	}
	h.unfit[bot+"/"+account] = time.Now().Add(unfitFor)
}
