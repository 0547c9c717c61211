package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres/db"
)

// Append writes a line into a chat's transcript, once for each key, and announces it. The number and time given are not used.
func (s *Store) Append(ctx context.Context, chat channel.Chat, line channel.Line) error {
	if err := s.queries.AppendLine(ctx, lineParams(chat, line)); err != nil {
		return fmt.Errorf("write a line: %w", err)
	}
	// After the commit: inside it, announcing would make all commits take turns. One that fails is made up for by polling.
	_ = s.queries.AnnounceChats(ctx, []string{announced(chat)})
	return nil
}

func lineParams(chat channel.Chat, line channel.Line) db.AppendLineParams {
	replies := line.QuickReplies
	if replies == nil {
		replies = []string{}
	}
	return db.AppendLineParams{
		BotID: chat.Bot, Account: chat.Account, Visitor: chat.Visitor, Key: line.Key, Author: string(line.Author),
		Body: line.Text, Picture: line.Picture, QuickReplies: replies,
	}
}

// Lines gives up to most lines of a chat that come after one, in their order.
func (s *Store) Lines(ctx context.Context, chat channel.Chat, after int64, most int) ([]channel.Line, error) {
	rows, err := s.queries.ChatLines(ctx, db.ChatLinesParams{
		BotID: chat.Bot, Account: chat.Account, Visitor: chat.Visitor, After: after, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("read a chat: %w", err)
	}
	lines := make([]channel.Line, len(rows))
	for i, row := range rows {
		lines[i] = lineOf(row)
	}
	return lines, nil
}

// News gives the chats that have lines after those their readers have seen.
func (s *Store) News(ctx context.Context, seen map[channel.Chat]int64) ([]channel.Chat, error) {
	var columns db.ChatsWithNewsParams
	for chat, after := range seen {
		columns.Bots = append(columns.Bots, chat.Bot)
		columns.Accounts = append(columns.Accounts, chat.Account)
		columns.Visitors = append(columns.Visitors, chat.Visitor)
		columns.Afters = append(columns.Afters, after)
	}
	rows, err := s.queries.ChatsWithNews(ctx, columns)
	if err != nil {
		return nil, fmt.Errorf("look for new lines: %w", err)
	}
	chats := make([]channel.Chat, len(rows))
	for i, row := range rows {
		chats[i] = channel.Chat{Bot: row.BotID, Account: row.Account, Visitor: row.Visitor}
	}
	return chats, nil
}

// FirstAccount names a bot's first account on a channel. ErrNotFound when there is none.
func (s *Store) FirstAccount(ctx context.Context, bot, channel string) (string, error) {
	account, err := s.queries.FirstAccount(ctx, db.FirstAccountParams{BotID: bot, Channel: channel})
	if err != nil {
		return "", notFound("find an account on the channel", err)
	}
	return account, nil
}

// LatestLines gives the last lines of a chat, most at most, in their order.
func (s *Store) LatestLines(ctx context.Context, chat channel.Chat, most int) ([]channel.Line, error) {
	rows, err := s.queries.LatestChatLines(ctx, db.LatestChatLinesParams{
		BotID: chat.Bot, Account: chat.Account, Visitor: chat.Visitor, Most: int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("read a chat's end: %w", err)
	}
	lines := make([]channel.Line, len(rows))
	for i, row := range rows {
		lines[i] = lineOf(db.ChatLinesRow(row))
	}
	return lines, nil
}

func lineOf(row db.ChatLinesRow) channel.Line {
	return channel.Line{
		Number: row.Line, Key: row.Key, Author: channel.Author(row.Author), Text: row.Body,
		Picture: row.Picture, QuickReplies: row.QuickReplies, At: row.WrittenAt.UTC(),
	}
}

// ListenChats rings for every chat that a process announces lines of, until ctx ends; the empty chat stands for all of them, when some may
// have been missed. An announcement may get lost: poll as well.
func (s *Store) ListenChats(ctx context.Context, ring func(channel.Chat), log *slog.Logger) {
	s.listen(ctx, "chat", func(payload string) { ring(heard(payload)) }, log)
}

func announced(chat channel.Chat) string { return chat.Bot + "/" + chat.Account + "/" + chat.Visitor }

// heard reads an announcement. What can't be read rings for everybody, which is never wrong.
func heard(payload string) channel.Chat {
	parts := strings.SplitN(payload, "/", 3)
	if len(parts) < 3 {
		return channel.Chat{}
	}
	return channel.Chat{Bot: parts[0], Account: parts[1], Visitor: parts[2]}
}
