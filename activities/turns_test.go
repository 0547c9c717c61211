package activities

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// soon is a wait that ends at once, long one that never does in a test.
const (
	soon = time.Millisecond
	long = time.Minute
)

func TestATurnIsOneStepsAtATime(t *testing.T) {
	t.Parallel()
	turns := newTurns(long)
	inside, most := 0, 0 // the race detector watches them, too
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			leave, err := turns.take(t.Context(), "shop/ana")
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			inside++
			most = max(most, inside)
			inside--
		})
	}
	group.Wait()
	if most != 1 {
		t.Errorf("%d had the turn at once", most)
	}
	if len(turns.taken) != 0 {
		t.Errorf("%d turns are remembered after all have left", len(turns.taken))
	}
}

func TestATurnThatDoesNotComeInTimeIsBusy(t *testing.T) {
	t.Parallel()
	turns := newTurns(soon)
	leave, err := turns.take(t.Context(), "shop/ana")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := turns.take(t.Context(), "shop/ana"); !errors.Is(err, errBusy) {
		t.Errorf("got %v", err)
	}
	other, err := turns.take(t.Context(), "shop/bob")
	if err != nil {
		t.Errorf("another's turn: %v", err)
	}
	other()
	leave()
	leave, err = turns.take(t.Context(), "shop/ana")
	if err != nil {
		t.Errorf("once it is free: %v", err)
	}
	leave()
	if len(turns.taken) != 0 {
		t.Errorf("%d turns are remembered", len(turns.taken))
	}
}

func TestAStepThatIsGivenUpLeavesItsPlace(t *testing.T) {
	t.Parallel()
	turns := newTurns(long)
	leave, err := turns.take(t.Context(), "shop/ana")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.take(ctx, "shop/ana"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	leave()
	if len(turns.taken) != 0 {
		t.Errorf("%d turns are remembered", len(turns.taken))
	}
}
