package postgres_test

import (
	"errors"
	"testing"

	"github.com/millenniumm/referrals/referral"
)

func TestAdmitGivesEveryRefusalItsReason(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before func(b books, ana, eva string) // eva's person is "eva"
		open   func(b books, ana, eva string) referral.Opening
		want   referral.Reason
	}{
		"a friend's link": {
			open: func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
		},
		"an entry point nobody wrote": {
			open: func(b books, ana, _ string) referral.Opening { return b.opening("nowhere", ana, "eva") },
			want: referral.UnknownEntryPoint,
		},
		"a referrer nobody knows": {
			open: func(b books, _, _ string) referral.Opening { return b.opening("campaign1", "abcdefghij", "eva") },
			want: referral.UnknownReferrer,
		},
		"one's own link": {
			open: func(b books, _, eva string) referral.Opening { return b.opening("campaign1", eva, "eva") },
			want: referral.SelfReferral,
		},
		"the same link again": {
			before: func(b books, ana, _ string) { b.refer("campaign1", ana, "eva") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
			want:   referral.AlreadyReferred,
		},
		"another's link after the first, where the first takes all": {
			before: func(b books, _, _ string) { b.refer("campaign1", b.contact("bob"), "eva") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
			want:   referral.AlreadyReferred,
		},
		"another's link after the first, where each may count": {
			before: func(b books, _, _ string) { b.refer("club", b.contact("bob"), "eva") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("club", ana, "eva") },
		},
		"the same link again, where each may count": {
			before: func(b books, ana, _ string) { b.refer("club", ana, "eva") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("club", ana, "eva") },
			want:   referral.AlreadyReferred,
		},
		"the same friend's link of another entry point": {
			before: func(b books, ana, _ string) { b.refer("campaign1", ana, "eva") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("club", ana, "eva") },
		},
		"the link of somebody one referred": {
			before: func(b books, _, eva string) { b.refer("campaign1", eva, "ana") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
			want:   referral.MutualReferral,
		},
		"the link of somebody one referred, where that is allowed": {
			before: func(b books, _, eva string) { b.refer("friends", eva, "ana") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("friends", ana, "eva") },
		},
		"a friend's link after a refusal": {
			before: func(b books, _, eva string) { b.refer("campaign1", eva, "eva") },
			open:   func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
		},
		"a friend's link after theirs was taken back": {
			before: func(b books, ana, _ string) {
				b.refer("campaign1", ana, "eva")
				b.exec("UPDATE referrals SET status = 'voided'")
			},
			open: func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
			want: referral.AlreadyReferred,
		},
		"another's link after the first was taken back": {
			before: func(b books, _, _ string) {
				b.refer("campaign1", b.contact("bob"), "eva")
				b.exec("UPDATE referrals SET status = 'voided'")
			},
			open: func(b books, ana, _ string) referral.Opening { return b.opening("campaign1", ana, "eva") },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, shopProgram)
			ana, eva := b.contact("ana"), b.contact("eva")
			if test.before != nil {
				test.before(b, ana, eva)
			}
			opening := test.open(b, ana, eva)
			want := referral.Pending
			if test.want != "" {
				want = referral.Rejected
			}
			got := b.admit(opening)
			if got.Status != want || got.Reason != test.want || got.Kind != referral.Existing {
				t.Errorf("got %+v, want %s %q", got, want, test.want)
			}
			expect(b, string(want), "SELECT status FROM referrals WHERE referral_id = $1", got.Referral)
			rows := b.number("SELECT count(*) FROM referrals")
			if again := b.admit(opening); again != got {
				t.Errorf("admitted again: %+v, before %+v", again, got)
			}
			expect(b, rows, "SELECT count(*) FROM referrals")
		})
	}
}

func TestAnInviteeTheBotNeverMetIsNew(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	if got := b.admit(b.opening("campaign1", b.contact("ana"), "eva")); got.Kind != referral.New {
		t.Errorf("got %+v", got)
	}
}

func TestOfTwoReferrersAtOnceOneIsCredited(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana, bob := b.contact("ana"), b.contact("bob")
	for round := range 20 {
		person := b.newID()
		openings := []referral.Opening{b.opening("campaign1", ana, person), b.opening("campaign1", bob, person)}
		admitted := make([]referral.Admission, 2)
		atOnce(2, func(i int) {
			var err error
			if admitted[i], err = b.Admit(t.Context(), openings[i], referral.Admit); err != nil {
				t.Error(err)
			}
		})
		first, second := admitted[0], admitted[1]
		if first.Status != referral.Pending {
			first, second = second, first
		}
		if first.Status != referral.Pending || second.Status != referral.Rejected || second.Reason != referral.AlreadyReferred {
			t.Errorf("round %d: %+v", round, admitted)
		}
	}
}

func TestOfTwoWhoOpenEachOthersLinksAtOnceOneIsCredited(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	for round := range 20 {
		people := []string{b.newID(), b.newID()}
		users := []string{b.contact(people[0]), b.contact(people[1])}
		openings := []referral.Opening{b.opening("campaign1", users[0], people[1]), b.opening("campaign1", users[1], people[0])}
		pending := make([]bool, 2)
		atOnce(2, func(i int) {
			admission, err := b.Admit(t.Context(), openings[i], referral.Admit)
			pending[i] = err == nil && admission.Status == referral.Pending
		})
		if pending[0] == pending[1] {
			t.Errorf("round %d: pending %v", round, pending)
		}
	}
}

func TestTheSameRunAdmittedAtOnceIsOneReferral(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	opening := b.opening("campaign1", b.contact("ana"), "eva")
	admitted := make([]referral.Admission, 10)
	atOnce(len(admitted), func(i int) {
		var err error
		if admitted[i], err = b.Admit(t.Context(), opening, referral.Admit); err != nil {
			t.Error(err)
		}
	})
	for _, each := range admitted {
		if each != admitted[0] || each.Status != referral.Pending {
			t.Errorf("%+v, and %+v", each, admitted[0])
		}
	}
	expect(b, int64(1), "SELECT count(*) FROM referrals")
}

func TestAdmitSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	opening := b.opening("campaign1", b.contact("ana"), "eva")
	if _, err := b.Admit(t.Context(), opening, referral.Admit); !errors.Is(err, referral.ErrNoProgram) {
		t.Errorf("without a program: %v", err)
	}
	b.saveProgram(shopProgram)
	lost := opening
	lost.Event, lost.Run = opening.Event+1000, "lost event"
	if _, err := b.Admit(t.Context(), lost, referral.Admit); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("without its event: %v", err)
	}
	lost = opening
	lost.Invitee, lost.Run = "nobody", "lost invitee"
	if _, err := b.Admit(t.Context(), lost, referral.Admit); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("without its invitee: %v", err)
	}
	if got := b.admit(opening); got.Status != referral.Pending {
		t.Errorf("tried again, with a program: %+v", got)
	}
}
