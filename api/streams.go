package api

import (
	"context"
	"slices"
	"sync"

	"github.com/millenniumm/referrals/channel"
)

// streamsOfOne bounds the streams of one visitor: more windows than that nobody looks at.
const streamsOfOne = 10

// streams are the chat streams that are open in this process.
type streams struct {
	mu    sync.Mutex
	open  map[channel.Chat][]*stream // of each, the oldest first
	ended bool
}

// A stream is one reader of a chat.
type stream struct {
	bell chan struct{} // rung once or more since the reader last looked
	end  context.CancelFunc
}

func newStreams() *streams { return &streams{open: map[channel.Chat][]*stream{}} }

// begin makes a stream that end can end, at the cost of the visitor's oldest one where they have too many. Nil when no more begin.
func (s *streams) begin(chat channel.Chat, end context.CancelFunc) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	begun := &stream{bell: make(chan struct{}, 1), end: end}
	s.open[chat] = append(s.open[chat], begun)
	if mine := s.open[chat]; len(mine) > streamsOfOne {
		mine[0].end()
		s.open[chat] = slices.Delete(mine, 0, 1)
	}
	return begun
}

func (s *streams) leave(chat channel.Chat, left *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	remaining := slices.DeleteFunc(s.open[chat], func(each *stream) bool { return each == left })
	if len(remaining) == 0 {
		delete(s.open, chat)
		return
	}
	s.open[chat] = remaining
}

// ring lets the readers of a chat look; of all chats when it is the empty one.
func (s *streams) ring(chat channel.Chat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if chat != (channel.Chat{}) {
		ringEach(s.open[chat])
		return
	}
	for _, readers := range s.open {
		ringEach(readers)
	}
}

func ringEach(readers []*stream) {
	for _, reader := range readers {
		select {
		case reader.bell <- struct{}{}:
		default: // it is rung already
		}
	}
}

// endAll ends every stream, and lets none begin.
func (s *streams) endAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, readers := range s.open {
		for _, reader := range readers {
			reader.end()
		}
	}
}
