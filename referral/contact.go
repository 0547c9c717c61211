package referral

import "time"

// A ContactFilter narrows a list of contacts; empty members don't.
type ContactFilter struct {
	Text    string // part of a name or user name, or a whole user id or external id
	Tag     string
	Account string
}

// A ContactSummary is a contact in a list. Cursor says where the list goes on.
type ContactSummary struct {
	UserID    string         `json:"user_id"`
	CreatedAt time.Time      `json:"created_at"`
	Name      string         `json:"name"` // as the account they last wrote from knows it
	Username  string         `json:"username"`
	Accounts  []string       `json:"accounts"`
	Fields    map[string]any `json:"fields"`
	Tags      []string       `json:"tags"`
	Referrals int64          `json:"referrals"` // credited ones
	Cursor    int64          `json:"-"`
}

// A Link opens the bot on an account, through an entry point, for whoever a contact shares it with.
type Link struct {
	EntryPoint string `json:"entry_point"`
	Account    string `json:"account"`
	URL        string `json:"url"`
	Ref        string `json:"ref"`
}
