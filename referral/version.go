package referral

import (
	"fmt"
	"time"
)

// A Revision is a program to be saved as the next version.
type Revision struct {
	Source       string
	RestoredFrom int32  // the version it goes back to; 0 when it is no restored one
	MadeFrom     *int64 // the version that must still be in force; nil when it may be any
}

// A Version is one of a program's versions.
type Version struct {
	Version      int32     `json:"version"`
	InForce      bool      `json:"in_force"`
	RestoredFrom int32     `json:"restored_from,omitempty"`
	CreatedAt    time.Time `json:"created_at"`
}

// A StaleError refuses a change that was made from a version which is in force no more.
type StaleError struct{ InForce int32 }

func (e *StaleError) Error() string { return fmt.Sprintf("version %d is in force", e.InForce) }
