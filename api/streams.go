package api

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/millenniumm/referrals/channel"
)

const (
	// streamsOfOne bounds the streams of one visitor: more windows than that nobody looks at.
	streamsOfOne = 10
	// streamsOfAll bounds the streams of a process: each holds a connection and a goroutine.
	streamsOfAll = 5000
)

// unread is what a reader has seen who has yet to look, or couldn't.
const unread = -1

var (
	errFull  = errors.New("as many chat streams are open as this process takes")
	errEnded = errors.New("this process begins no more chat streams")
)

// streams are the chat streams that are open in this process.
type streams struct {
	mu    sync.Mutex
	open  map[channel.Chat][]*stream // of each, the oldest first
	count int
	most  int
	ended bool
}

// A stream is one reader of a chat.
type stream struct {
	bell chan struct{} // rung once or more since the reader last looked
	end  context.CancelFunc
	seen atomic.Int64 // the last line the reader knows of, or unread
}

func newStreams() *streams { return &streams{open: map[channel.Chat][]*stream{}, most: streamsOfAll} }

// begin makes a stream that end can end, at the cost of the visitor's oldest one where they have too many.
func (s *streams) begin(chat channel.Chat, end context.CancelFunc) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, errEnded
	}
	if mine := s.open[chat]; len(mine) >= streamsOfOne {
		mine[0].end()
		s.remove(chat, mine[0])
	}
	if s.count >= s.most {
		return nil, errFull
	}
	begun := &stream{bell: make(chan struct{}, 1), end: end}
	begun.seen.Store(unread)
	s.open[chat] = append(s.open[chat], begun)
	s.count++
	return begun, nil
}

func (s *streams) leave(chat channel.Chat, left *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(chat, left)
}

func (s *streams) remove(chat channel.Chat, left *stream) {
	readers := s.open[chat]
	at := slices.Index(readers, left)
	if at < 0 {
		return // its place was taken
	}
	s.count--
	s.open[chat] = slices.Delete(readers, at, at+1)
	if len(s.open[chat]) == 0 {
		delete(s.open, chat)
	}
}

// ring lets the readers of a chat look.
func (s *streams) ring(chat channel.Chat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, reader := range s.open[chat] {
		reader.ring()
	}
}

func (s *stream) ring() {
	select {
	case s.bell <- struct{}{}:
	default: // it is rung already
	}
}

// seen gives up to which line all readers of each chat have seen it. It rings those who have yet to look.
func (s *streams) seen() map[channel.Chat]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[channel.Chat]int64{}
	for chat, readers := range s.open {
		for _, reader := range readers {
			seen := reader.seen.Load()
			if seen == unread {
				reader.ring()
				continue
			}
			if least, known := all[chat]; !known || seen < least {
				all[chat] = seen
			}
		}
	}
	return all
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
