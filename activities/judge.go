package activities

import (
	"context"
	"errors"
	"time"

	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// Judged is what became of a held referral when it was looked at.
type Judged struct {
	Applied referral.Applied `json:"applied"`
	Segment string           `json:"segment,omitempty"` // in whose name what follows is done
}

// gone is the status of a referral that is no longer in the books: nothing is left to do.
const gone referral.Status = "gone"

// Judge looks at a referral that waits, or that counts and may be taken back, as the facts are now.
func (a *Activities) Judge(ctx context.Context, in contract.HoldInput) (Judged, error) {
	leave, err := a.turns.take(ctx, in.Of.Bot+"/"+in.Of.Referrer)
	if err != nil {
		return Judged{}, toTemporal(err)
	}
	defer leave()
	applied, err := a.books.Judge(ctx, referral.Segment{
		Bot: in.Of.Bot, Run: in.Of.ID(), Contact: in.Of.Invitee, Account: in.Of.Account, Now: time.Now(),
	}, referral.Play)
	if errors.Is(err, referral.ErrNotFound) {
		return Judged{Applied: referral.Applied{Status: gone}}, nil
	}
	return Judged{Applied: applied, Segment: referral.SegmentOf(applied.Status)}, toTemporal(err)
}
