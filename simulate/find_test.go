package simulate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/api/client"
)

// A register is the part of the api that knows contacts: one page for each.
type register struct {
	listed bool // the list is built
	people []string
}

func (g register) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const fields = `"user_id":%q,"fields":{"points":%d},"tags":["winner"]`
	one := func(i int) string { return fmt.Sprintf(fields, g.people[i], 10*(i+1)) }
	userID, single := strings.CutPrefix(r.URL.Path, "/v1/bots/b/contacts/")
	switch {
	case single:
		for i, each := range g.people {
			if each == userID {
				fmt.Fprintf(w, `{%s,"grants":[{"reward":"coffee","occurrence":1,"has_code":true}]}`, one(i))
			}
		}
	case !g.listed:
		w.WriteHeader(http.StatusNotImplemented)
	default:
		at := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &at)
		next := ""
		if at+1 < len(g.people) {
			next = fmt.Sprint(at + 1)
		}
		fmt.Fprintf(w, `{"items":[{%s,"name":"","username":"","accounts":[],"referrals":0}],"next":%q}`, one(at), next)
	}
}

func TestContactsAreTheSameFromTheListAndOneByOne(t *testing.T) {
	t.Parallel()
	want := newBooks()
	want.Contacts = 3
	for who := range 3 {
		want.Points[who] = int64(10 * (who + 1))
		want.Tags[Tag{who, "winner"}] = 1
		want.Grants[Grant{who, coffee}] = 1
	}
	for _, listed := range []bool{true, false} {
		g := register{listed: listed, people: []string{idOf(0), idOf(1), idOf(2)}}
		server := httptest.NewServer(g)
		defer server.Close()
		p := &player{
			Options: Options{Bot: "b", AtOnce: 2, Patience: time.Second}, client: client.New(server.URL, "key", 2), people: newPeople(), tally: &tally{},
		}
		for who := range g.people {
			p.people.meet(idString(who), g.people[who])
		}
		found := &finding{Books: newBooks()}
		if err := p.findContacts(t.Context(), found); err != nil || !reflect.DeepEqual(found.Books, want) {
			t.Errorf("with a list %t: %+v, %v", listed, found.Books, err)
		}
	}
}
