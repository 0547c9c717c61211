package simulate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/api/openapi"
)

// finding is what the house says in the end.
type finding struct {
	Books
	leaders []leader
	// received is what the platform got, as long as somebody plays it here.
	received map[Message]int
	sent     map[Message]int // what the house says it sent there
	complete bool            // the platform was there from the beginning
	strange  []string        // what is wrong in itself, whatever was expected
}

// A leader is a line of the leaderboard.
type leader struct {
	who, referrals int
	points         int64
}

// find reads everything back over REST.
func (p *player) find(ctx context.Context) (*finding, error) {
	found := &finding{Books: newBooks(), sent: map[Message]int{}, complete: !p.resumed}
	for _, part := range []struct {
		what string
		read func(context.Context, *finding) error
	}{
		{"messages", p.findMessages},
		{"referrals", p.findReferrals},
		{"contacts", p.findContacts},
		{"leaderboard", p.findLeaders},
		{"codes", p.findStock},
	} {
		if err := part.read(ctx, found); err != nil {
			return nil, fmt.Errorf("read the %s: %w", part.what, err)
		}
	}
	if l, ok := p.line.(*telegramLine); ok {
		found.hear(l)
	}
	found.strange = append(found.strange, p.people.strange...)
	return found, nil
}

func (p *player) findMessages(ctx context.Context, found *finding) error {
	given := map[string]int{}
	err := pages(ctx, p, "/deliveries", nil, func(deliveries []openapi.Delivery) bool {
		for _, delivery := range deliveries {
			who := p.people.meet(delivery.To, delivery.UserId)
			found.Messages[Message{who, string(delivery.State), p.people.placed(delivery.Text, p.codes)}]++
			found.sent[Message{To: who, Text: delivery.Text}]++
			if _, code, won := strings.Cut(delivery.Text, "Your code: "); won {
				given[code]++
			}
		}
		return true
	})
	for code, count := range given {
		if count > 1 {
			found.strange = append(found.strange, fmt.Sprintf("the code %s was given %d times", code, count))
		}
	}
	return err
}

func (p *player) findReferrals(ctx context.Context, found *finding) error {
	return pages(ctx, p, "/referrals", nil, func(referrals []openapi.Referral) bool {
		for _, r := range referrals {
			found.Referrals[Referral{
				EntryPoint: r.EntryPoint, Kind: string(r.Kind), Status: string(r.Status), Reason: r.Reason,
				Referrer: p.people.who(r.Referrer), Invitee: p.people.who(r.Invitee), Points: r.Points,
			}]++
			if r.Status == credited {
				found.Credits[p.people.who(r.Referrer)]++
			}
		}
		return true
	})
}

// findContacts reads the list; grants are told only one by one, so those who may have any are looked at each.
func (p *player) findContacts(ctx context.Context, found *finding) error {
	var winners []string
	err := pages(ctx, p, "/contacts", nil, func(contacts []openapi.ContactSummary) bool {
		for _, c := range contacts {
			found.Contacts++
			if found.note(p.people.who(c.UserId), c.Fields, c.Tags) {
				winners = append(winners, c.UserId)
			}
		}
		return true
	})
	one := func(contact openapi.Contact) { found.grant(p.people.who(contact.UserId), contact) }
	if client.Is(err, http.StatusNotImplemented) {
		winners = p.people.everybody()
		one = func(contact openapi.Contact) {
			found.Contacts++
			who := p.people.who(contact.UserId)
			found.note(who, contact.Fields, contact.Tags)
			found.grant(who, contact)
		}
	} else if err != nil {
		return err
	}
	return p.eachContact(ctx, winners, one)
}

// note keeps a contact's fields and tags; true when there may be grants.
func (f *finding) note(who int, fields map[string]any, tags []string) bool {
	points, is := fields[pointsField].(float64)
	if is {
		f.Points[who] = int64(points)
	}
	rewarded := points >= badgeAt
	for _, tag := range tags {
		f.Tags[Tag{who, tag}]++
		rewarded = rewarded || tag == "badged" || tag == "winner"
	}
	return rewarded
}

func (f *finding) grant(who int, contact openapi.Contact) {
	for _, grant := range contact.Grants {
		f.Grants[Grant{who, grant.Reward}]++
		if grant.Reward == coffee && !grant.HasCode {
			f.strange = append(f.strange, at(who)+" has won a coffee without a code")
		}
	}
}

// eachContact reads contacts one by one, AtOnce at a time.
func (p *player) eachContact(ctx context.Context, userIDs []string, take func(openapi.Contact)) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	queue := make(chan string)
	var mu sync.Mutex
	var readers sync.WaitGroup
	for range p.AtOnce {
		readers.Go(func() {
			for userID := range queue {
				var contact openapi.Contact
				if err := p.get(ctx, "/contacts/"+userID, &contact); err != nil {
					fail(err)
					continue
				}
				mu.Lock()
				take(contact)
				mu.Unlock()
			}
		})
	}
	for _, userID := range userIDs {
		queue <- userID
	}
	close(queue)
	readers.Wait()
	return context.Cause(ctx)
}

func (p *player) findLeaders(ctx context.Context, found *finding) error {
	var board openapi.Leaderboard
	err := p.get(ctx, "/leaderboard?limit=200&field="+pointsField, &board)
	for _, line := range board.Items {
		found.leaders = append(found.leaders, leader{p.people.who(line.UserId), line.Referrals, int64(line.Points)})
	}
	return err
}

func (p *player) findStock(ctx context.Context, found *finding) error {
	var stock openapi.Stock
	err := p.get(ctx, "/rewards/"+coffee+"/codes", &stock)
	found.CodesUsed = stock.Taken
	return err
}

// hear takes down what reached people's chats.
func (f *finding) hear(l *telegramLine) {
	f.received = map[Message]int{}
	for _, message := range l.fake.Messages() {
		f.received[Message{To: int(message.ChatID - firstID), Text: message.Text}]++
	}
	for _, fault := range l.fake.Faults() {
		f.strange = append(f.strange, "Telegram was sent a request it can't read: "+fault)
	}
}
