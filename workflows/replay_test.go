package workflows_test

import (
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/worker"

	"github.com/millenniumm/referrals/workflows"
)

// TestRecordedHistoriesReplay holds today's code against what workflows did before: a change that takes another way without
// a version gate fails here, not in somebody's namespace. `make histories` records new shapes.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	recorded, err := filepath.Glob(filepath.Join("testdata", "histories", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	const shapes = 14
	if len(recorded) < shapes {
		t.Fatalf("%d histories are kept; every one of the %d shapes needs one: run `make histories`", len(recorded), shapes)
	}
	for _, path := range recorded {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer, replayer)
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, path); err != nil {
				t.Error(err)
			}
		})
	}
}
