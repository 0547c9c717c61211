package simulate

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A tally is how far a campaign has come.
type tally struct {
	wave, sent, acknowledged, errors atomic.Int64
	settled, expected                atomic.Int64 // messages that are final, of those there will be

	mu        sync.Mutex
	latencies []time.Duration
}

func (t *tally) acknowledge(took time.Duration) {
	t.acknowledged.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latencies = append(t.latencies, took)
}

// percentile of the webhooks' latencies; 0 when there were none.
func (t *tally) percentile(share float64) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t.latencies))
	return sorted[int(share*float64(len(sorted)-1))]
}

func (t *tally) String() string {
	return fmt.Sprintf("wave %d of %d: %d webhooks sent, %d acknowledged, %d of %d messages settled, %d errors",
		t.wave.Load(), wavesInAll, t.sent.Load(), t.acknowledged.Load(), t.settled.Load(), t.expected.Load(), t.errors.Load())
}

const (
	liveEvery  = 200 * time.Millisecond
	linesEvery = 5 * time.Second
)

// show tells people how far it has come until ctx ends: on a terminal one line that changes, elsewhere one every few seconds.
func (t *tally) show(ctx context.Context, out io.Writer, live bool) {
	every, format := linesEvery, "%s\n"
	if live {
		every, format = liveEvery, "\r\033[K%s"
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			fmt.Fprintf(out, format, t)
		case <-ctx.Done():
			if live {
				fmt.Fprint(out, "\r\033[K")
			}
			return
		}
	}
}
