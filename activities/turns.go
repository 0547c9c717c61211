package activities

import (
	"context"
	"errors"
	"sync"
	"time"
)

// turnWait is how long a step waits for its turn before it says busy and is tried again later, without having held a
// connection meanwhile.
const turnWait = 2 * time.Second

// errBusy says that a contact's turn didn't come in time.
var errBusy = errors.New("others are writing for this contact: try again")

// turns lets one step at a time work for a contact in this process. Postgres' locks are the truth; turns keep a hot
// referrer's steps from waiting in them with the whole pool of connections in hand.
type turns struct {
	wait  time.Duration
	mu    sync.Mutex
	taken map[string]*turn
}

type turn struct {
	free    chan struct{} // holds one token while nobody has the turn
	waiting int           // who has it or wants it
}

func newTurns(wait time.Duration) *turns { return &turns{wait: wait, taken: map[string]*turn{}} }

// take waits for the turn of key. leave gives it back; errBusy when it doesn't come in time.
func (t *turns) take(ctx context.Context, key string) (leave func(), err error) {
	mine := t.join(key)
	timeout := time.NewTimer(t.wait)
	defer timeout.Stop()
	select {
	case <-mine.free:
		return func() {
			mine.free <- struct{}{}
			t.quit(key, mine)
		}, nil
	case <-timeout.C:
		err = errBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.quit(key, mine)
	return nil, err
}

func (t *turns) join(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine, known := t.taken[key]
	if !known {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.taken[key] = mine
	}
	mine.waiting++
	return mine
}

func (t *turns) quit(key string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.waiting--; mine.waiting == 0 {
		delete(t.taken, key)
	}
}
