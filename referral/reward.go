package referral

import "time"

// A RewardCount counts what became of a reward's grants, and its codes.
type RewardCount struct {
	Held     int64 // not revoked
	Revoked  int64
	Redeemed int64
	Expired  int64 // held, and not redeemed in time
	Stock    Stock
}

// A RewardView is a reward as the program in force has it, with what became of it.
type RewardView struct {
	Name     string     `json:"name"`
	Title    string     `json:"title"`
	Codes    string     `json:"codes"` // "pool", or empty
	OnVoid   string     `json:"on_void"`
	Redeem   bool       `json:"redeem"`
	Limit    *LimitView `json:"limit,omitempty"`
	Valid    int64      `json:"valid_seconds,omitempty"`
	Held     int64      `json:"held"`
	Revoked  int64      `json:"revoked"`
	Redeemed int64      `json:"redeemed"`
	Expired  int64      `json:"expired"`
	Stock    *Stock     `json:"stock,omitempty"`
}

// A LimitView bounds how often a reward is held.
type LimitView struct {
	PerContact int64 `json:"per_contact,omitempty"`
	Total      int64 `json:"total,omitempty"`
}

// A RewardGrant is one contact's having earned a reward.
type RewardGrant struct {
	ID         int64      `json:"id,string"`
	UserID     string     `json:"user_id"`
	Reward     string     `json:"reward"`
	Occurrence int32      `json:"occurrence"` // 1, or the multiple that earned it
	Code       string     `json:"code"`
	Stocked    bool       `json:"stocked"` // false while its code is missing from the pool
	GrantedAt  time.Time  `json:"granted_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RedeemedAt *time.Time `json:"redeemed_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	RevokeNote string     `json:"revoke_note,omitempty"`
}

// A UsedUpError says that a grant can't be redeemed any more: it was, or it was taken back, or it has expired.
type UsedUpError struct{ Grant RewardGrant }

func (e *UsedUpError) Error() string {
	switch {
	case e.Grant.RevokedAt != nil:
		return "the reward was taken back on " + e.Grant.RevokedAt.UTC().Format(time.RFC3339)
	case e.Grant.RedeemedAt != nil:
		return "the reward was redeemed on " + e.Grant.RedeemedAt.UTC().Format(time.RFC3339)
	case e.Grant.ExpiresAt != nil:
		return "the reward expired on " + e.Grant.ExpiresAt.UTC().Format(time.RFC3339)
	default:
		return "the reward can't be redeemed"
	}
}
