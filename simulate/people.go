package simulate

import (
	"strings"
	"sync"
)

// people are the campaign's persons by the public ids the house gave them. What is written to somebody tells theirs.
type people struct {
	mu      sync.RWMutex
	userIDs map[int]string
	places  map[string]int
	strange []string // what can't be right about who is who
}

func newPeople() *people { return &people{userIDs: map[int]string{}, places: map[string]int{}} }

// meet notes that whoever is reached at an external id has a public id, and says who it is. One is one's own for ever.
func (p *people) meet(externalID, userID string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, ok := whoIs(externalID)
	if !ok {
		p.strange = append(p.strange, "a message to "+externalID+", whom the campaign doesn't know")
		return nobody
	}
	before, met := p.userIDs[who]
	if other, taken := p.places[userID]; met && before != userID || taken && other != who {
		p.strange = append(p.strange, "the user id "+userID+" and the external id "+externalID+" don't always belong together")
		return who
	}
	p.userIDs[who], p.places[userID] = userID, who
	return who
}

func (p *people) userID(who int) (string, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	userID, known := p.userIDs[who]
	return userID, known
}

// who has a public id; nobody when no one in the campaign does.
func (p *people) who(userID string) int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if who, known := p.places[userID]; known {
		return who
	}
	return nobody
}

func (p *people) everybody() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	all := make([]string, 0, len(p.places))
	for userID := range p.places {
		all = append(all, userID)
	}
	return all
}

const userIDLength = 10

// placed names the people in a text by their places, and codes not at all, so that it can be told beforehand.
func (p *people) placed(text string, codes map[string]bool) string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var told strings.Builder
	for rest := text; rest != ""; {
		if len(rest) >= userIDLength {
			if who, known := p.places[rest[:userIDLength]]; known {
				told.WriteString(at(who))
				rest = rest[userIDLength:]
				continue
			}
		}
		told.WriteByte(rest[0])
		rest = rest[1:]
	}
	before, code, found := strings.Cut(told.String(), "Your code: ")
	if found && codes[code] {
		return before + "Your code: " + codeStandsIn
	}
	return told.String()
}
