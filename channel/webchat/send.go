package webchat

import (
	"context"

	"github.com/millenniumm/referrals/channel"
)

// Send writes the bot's line into the transcript, where the page finds it. A line of this key is written once, so an attempt whose
// outcome nobody learnt may simply be made again.
func (a Adapter) Send(ctx context.Context, account channel.Account, recipient string, message channel.Message) (channel.Receipt, error) {
	if failed := fit(account, recipient, message); failed != nil {
		return channel.Receipt{}, failed
	}
	err := a.Transcript.Append(ctx, channel.Chat{Bot: account.Bot, Account: account.Name, Visitor: recipient}, channel.Line{
		Key: message.Key, Author: channel.ByBot, Text: message.Text, Picture: message.Picture, QuickReplies: message.QuickReplies,
	})
	if err != nil {
		return channel.Receipt{}, &channel.SendError{
			Class: channel.Retry, Code: "transcript", Detail: channel.Redact("the line could not be written: " + err.Error()),
		}
	}
	return channel.Receipt{}, nil
}

// fit refuses what no visitor could ever read.
func fit(account channel.Account, recipient string, message channel.Message) *channel.SendError {
	if err := checkSecret(account); err != nil {
		return &channel.SendError{Class: channel.Config, Code: "account", Detail: "no visitor can be recognised: credentials.secret " + err.Error()}
	}
	if !visitorPattern.MatchString(recipient) {
		return &channel.SendError{Class: channel.Bad, Code: "recipient", Detail: "the recipient is no visitor of the web chat"}
	}
	if channel.CheckRef(message.Key) != nil { // a key has a ref's alphabet and length
		return &channel.SendError{Class: channel.Bad, Code: "message", Detail: "the message's key can't be a line's"}
	}
	return nil
}
