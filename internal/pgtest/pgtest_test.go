package pgtest_test

import (
	"sync"
	"testing"

	"github.com/millenniumm/referrals/internal/pgtest"
)

func TestEveryTestHasAMigratedDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	urls := make([]string, 4)
	var group sync.WaitGroup
	for i := range urls {
		group.Go(func() { urls[i] = pgtest.New(t) })
	}
	group.Wait()
	for i, url := range urls {
		store := pgtest.Open(t, url)
		if _, created, err := store.CreateBot(t.Context(), "shop", "Shop"); err != nil || !created {
			t.Errorf("database %d: created %t, error %v: it isn't empty, or not migrated", i, created, err)
		}
	}
}
