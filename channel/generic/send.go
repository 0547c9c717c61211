package generic

import (
	"context"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/signed"
)

// An outgoing is the data of the signed envelope, whose type is "message".
type outgoing struct {
	Delivery     string   `json:"delivery"` // the same in every attempt, and the webhook-id
	Bot          string   `json:"bot"`
	Account      string   `json:"account"`
	To           string   `json:"to"` // the contact's external id, as its events named it
	Text         string   `json:"text"`
	Picture      string   `json:"picture,omitempty"`
	QuickReplies []string `json:"quick_replies,omitempty"` // pressing one is the same as writing it
}

// Send hands a message to the bot. Without an api_base_url it is accepted at once, since the bot reads its deliveries
// itself. With one, it is one signed POST whose webhook-id is the message's key.
func (a Adapter) Send(ctx context.Context, account channel.Account, recipient string, message channel.Message) (channel.Receipt, error) {
	if account.APIBaseURL == "" {
		return channel.Receipt{}, nil
	}
	sender := signed.Sender{HTTP: a.HTTP, Now: a.Now}
	failed := sender.Post(ctx, account, "message", message.Key, outgoing{
		Delivery: message.Key, Bot: account.Bot, Account: account.Name, To: recipient,
		Text: message.Text, Picture: message.Picture, QuickReplies: message.QuickReplies,
	})
	if failed != nil {
		return channel.Receipt{}, failed
	}
	return channel.Receipt{}, nil
}
