package referral

import "time"

// The views below are what the books show to people and programs that look: their JSON is the REST API's (api/openapi.yaml).

// A Bot is the tenant.
type Bot struct {
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	ProgramVersion int32     `json:"program_version"` // 0 until one is saved
	CreatedAt      time.Time `json:"created_at"`
}

// A ContactView is one contact as the books know them.
type ContactView struct {
	UserID     string         `json:"user_id"`
	CreatedAt  time.Time      `json:"created_at"`
	Fields     map[string]any `json:"fields"`
	Tags       []string       `json:"tags"`
	Identities []IdentityView `json:"identities"`
	Grants     []ContactGrant `json:"grants"`
}

// An IdentityView is a contact on one account.
type IdentityView struct {
	Account    string `json:"account"`
	ExternalID string `json:"external_id"`
	FirstName  string `json:"first_name"`
	LastName   string `json:"last_name"`
	Blocked    bool   `json:"blocked"`
}

// A ContactGrant is a reward a contact holds.
type ContactGrant struct {
	Reward     string    `json:"reward"`
	Occurrence int       `json:"occurrence"`
	GrantedAt  time.Time `json:"granted_at"`
	HasCode    bool      `json:"has_code"`
}

// A View is one referral.
type View struct {
	ID             int64      `json:"id,string"`
	EntryPoint     string     `json:"entry_point"`
	Referrer       string     `json:"referrer"`
	Invitee        string     `json:"invitee"`
	Kind           Kind       `json:"kind"`
	Status         Status     `json:"status"`
	Reason         Reason     `json:"reason"`
	Points         int64      `json:"points"` // added to the referrer's numbers
	Account        string     `json:"account"`
	ProgramVersion int32      `json:"program_version"`
	ReceivedAt     time.Time  `json:"received_at"`
	AdmittedAt     time.Time  `json:"admitted_at"`
	SettledAt      *time.Time `json:"settled_at,omitempty"`
	HoldUntil      *time.Time `json:"hold_until,omitempty"` // when a pending one is decided, if nothing happens before
	Late           bool       `json:"late"`                 // the invitee typed the code, having come without a ref
	ApprovedAt     *time.Time `json:"approved_at,omitempty"`
	QualifiedAt    *time.Time `json:"qualified_at,omitempty"`
	LeftAt         *time.Time `json:"left_at,omitempty"`   // the invitee left, while it was pending
	VoidedAt       *time.Time `json:"voided_at,omitempty"` // an operator took it back
	VoidNote       string     `json:"void_note,omitempty"`
	Workflow       string     `json:"workflow"`
	WorkflowURL    string     `json:"workflow_url,omitempty"`
}

// A Detail is one referral with everything it led to.
type Detail struct {
	View
	Ledger     []LedgerView   `json:"ledger"`
	Grants     []GrantView    `json:"grants"`
	Deliveries []DeliveryView `json:"deliveries"`
}

// A LedgerView is one change of a number.
type LedgerView struct {
	UserID  string    `json:"user_id"`
	Field   string    `json:"field"`
	Delta   int64     `json:"delta"`
	Balance int64     `json:"balance"`
	Cause   string    `json:"cause"`
	At      time.Time `json:"at"`
}

// A GrantView is one reward a referral earned somebody.
type GrantView struct {
	UserID     string    `json:"user_id"`
	Reward     string    `json:"reward"`
	Occurrence int32     `json:"occurrence"`
	At         time.Time `json:"at"`
	Stocked    bool      `json:"stocked"` // false while its code is missing from the pool
	// RevokedAt is when it was taken back with what had earned it.
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// A DeliveryView is one message, or one call of a webhook.
type DeliveryView struct {
	ID           int64     `json:"id,string"`
	UserID       string    `json:"user_id"`
	Account      string    `json:"account"`
	To           string    `json:"to"`
	Call         bool      `json:"call"` // to a webhook, not to the contact
	Text         string    `json:"text"` // of a call: its data as JSON
	Picture      string    `json:"picture"`
	QuickReplies []string  `json:"quick_replies"`
	State        string    `json:"state"`
	WaitingFor   string    `json:"waiting_for"`
	Attempt      int32     `json:"attempt"`
	Error        string    `json:"error"`
	PlatformID   string    `json:"platform_id"`
	Referral     string    `json:"referral,omitempty"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// A Leader is one place of a leaderboard.
type Leader struct {
	Place     int    `json:"place"`
	UserID    string `json:"user_id"`
	FirstName string `json:"first_name"`
	Points    int64  `json:"points"`
	Referrals int64  `json:"referrals"` // credited ones
}

// A Stock says how many codes a reward's pool holds.
type Stock struct {
	Free  int64 `json:"free"`
	Taken int64 `json:"taken"`
	Low   bool  `json:"low"` // so few are left that the program wants a warning
}

// A ParkedView is an event set aside.
type ParkedView struct {
	ID         int64     `json:"id,string"`
	Account    string    `json:"account"`
	Kind       string    `json:"kind"`
	Reason     string    `json:"reason"`
	RawBytes   int32     `json:"raw_bytes"`
	ReceivedAt time.Time `json:"received_at"`
}

// A Filter narrows a list of referrals; empty members don't.
type Filter struct {
	Status     Status
	EntryPoint string
	Referrer   string
	Invitee    string
}

// A DeliveryFilter narrows a list of deliveries; empty members don't.
type DeliveryFilter struct {
	State   string
	UserID  string
	Account string
}
