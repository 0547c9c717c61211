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
	replies := line.QuickReplies
	if replies == nil {
		replies = []string{}
	}
	err := s.queries.AppendLine(ctx, db.AppendLineParams{
		BotID: chat.Bot, Account: chat.Account, Visitor: chat.Visitor, Key: line.Key, Author: string(line.Author),
		Body: line.Text, Picture: line.Picture, QuickReplies: replies,
	})
	if err != nil {
		return fmt.Errorf("write a line: %w", err)
	}
	// After the commit: inside it, announcing would make all commits take turns. One that fails is made up for by polling.
	_ = s.queries.AnnounceChat(ctx, announced(chat))
	return nil
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
