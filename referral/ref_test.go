package referral_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millenniumm/referrals/referral"
)

// known are the entry points of the bot these refs come to.
func known(name string) bool {
	return slices.Contains([]string{"campaign1", "new-club", "summer-campaign"}, name)
}

func TestARefReadsBackAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		written := referral.Ref{
			EntryPoint: rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_-]{0,39}`).Draw(t, "entry point"),
			Referrer:   referral.NewUserID(),
		}
		text := written.String()
		if len(text) > referral.MaxRefLength {
			t.Errorf("%s is longer than channels carry", text)
		}
		if read, ok := referral.ParseRef(text, known); !ok || read != written {
			t.Errorf("%s reads as %+v, %t", text, read, ok)
		}
	})
}

func TestRefsAsTheyComeIn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want referral.Ref
		ok   bool
	}{
		"a shared link":                    {"campaign1-cabcdefghij", referral.Ref{EntryPoint: "campaign1", Referrer: "abcdefghij"}, true},
		"a link nobody shared":             {"campaign1", referral.Ref{EntryPoint: "campaign1"}, true},
		"white space around it":            {" campaign1-cabc\n", referral.Ref{EntryPoint: "campaign1", Referrer: "abc"}, true},
		"upper case in the user id":        {"campaign1-cABC", referral.Ref{EntryPoint: "campaign1", Referrer: "abc"}, true},
		"the separator in the name":        {"new-club-cabc", referral.Ref{EntryPoint: "new-club", Referrer: "abc"}, true},
		"a name with the separator":        {"summer-campaign", referral.Ref{EntryPoint: "summer-campaign"}, true},
		"shared, of such a name":           {"summer-campaign-cabcdefghij", referral.Ref{EntryPoint: "summer-campaign", Referrer: "abcdefghij"}, true},
		"an unknown name with it":          {"winter-campaign", referral.Ref{EntryPoint: "winter-campaign"}, true},
		"an unknown name that was shared":  {"nosuch-cabcdefghij", referral.Ref{EntryPoint: "nosuch", Referrer: "abcdefghij"}, true},
		"nothing after the separator":      {"campaign1-c", referral.Ref{EntryPoint: "campaign1-c"}, true},
		"a name that begins with a hyphen": {"-cabc", referral.Ref{}, false},
		"nothing":                          {"", referral.Ref{}, false},
		"only white space":                 {" \t", referral.Ref{}, false},
		"a NUL":                            {"campaign1\x00-cabc", referral.Ref{}, false},
		"another script":                   {"campañaó", referral.Ref{}, false},
		"SQL":                              {"x';DROP TABLE referrals;--", referral.Ref{}, false},
		"a path":                           {"../../etc/passwd", referral.Ref{}, false},
		"a second line":                    {"campaign1\ncampaign2", referral.Ref{}, false},
		"too long":                         {strings.Repeat("a", 65), referral.Ref{}, false},
		"too long a name":                  {strings.Repeat("a", 41) + "-cabc", referral.Ref{}, false},
	}
	for name, test := range tests {
		got, ok := referral.ParseRef(test.text, known)
		if ok != test.ok || ok && got != test.want {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"campaign1-cabc", "a-c-c-c", "-c", "", "é", "a\x00", strings.Repeat("-c", 40)} {
		f.Add(seed)
	}
	safe := regexp.MustCompile(`^[A-Za-z0-9_-]*$`)
	f.Fuzz(func(t *testing.T, text string) {
		ref, ok := referral.ParseRef(text, known)
		if !ok {
			return
		}
		if !referral.ValidEntryPoint(ref.EntryPoint) || !safe.MatchString(ref.Referrer) || len(ref.String()) > referral.MaxRefLength {
			t.Errorf("%q reads as %+v", text, ref)
		}
		if ref.Referrer != strings.ToLower(ref.Referrer) {
			t.Errorf("%q has a referrer in upper case: %+v", text, ref)
		}
		if again, ok := referral.ParseRef(ref.String(), known); !ok || again != ref {
			t.Errorf("%q reads as %+v, which reads as %+v", text, ref, again)
		}
	})
}

func TestUserIDsAreShortAndNeverTheSame(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^[a-z2-7]{10}$`)
	seen := map[string]bool{}
	var letters [10]map[byte]bool
	for range 5000 {
		id := referral.NewUserID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
		for i := range letters {
			if letters[i] == nil {
				letters[i] = map[byte]bool{}
			}
			letters[i][id[i]] = true
		}
	}
	for i, used := range letters {
		if len(used) != 32 { // all 50 bits are random
			t.Errorf("place %d holds only %d letters", i, len(used))
		}
	}
}
