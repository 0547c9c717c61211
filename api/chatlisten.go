package api

import (
	"context"
	"sync"
	"time"

	"github.com/millenniumm/referrals/channel"
)

// listen rings the streams of each chat that is announced. Announcements may get lost: every few seconds, and whenever the connection
// they come by is made anew, the books are asked once for all the chats that are open here.
func (s *server) listen(ctx context.Context) {
	missed := make(chan struct{}, 1)
	var polling sync.WaitGroup
	polling.Go(func() { s.poll(ctx, missed) })
	defer polling.Wait()
	s.Books.ListenChats(ctx, func(chat channel.Chat) {
		if chat != (channel.Chat{}) {
			s.streams.ring(chat)
			return
		}
		select {
		case missed <- struct{}{}:
		default: // a look is due already
		}
	}, s.Log)
}

func (s *server) poll(ctx context.Context, missed <-chan struct{}) {
	tick := time.NewTicker(s.pace.poll)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-tick.C:
		case <-missed:
		case <-ctx.Done():
			return
		}
		err := s.lookForNews(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.Log.Warn("chats can't be looked through: trying again", "error", err)
		}
		failing = err != nil
	}
}

// lookForNews rings the streams whose chats have lines that they haven't written, with one question for all of them.
func (s *server) lookForNews(ctx context.Context) error {
	seen := s.streams.seen()
	if len(seen) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.pace.read)
	defer cancel()
	chats, err := s.Books.News(ctx, seen)
	for _, chat := range chats {
		s.streams.ring(chat)
	}
	return err
}
