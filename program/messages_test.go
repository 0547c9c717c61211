package program

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestEveryProblemHasAMessageInBothLanguages(t *testing.T) {
	codes := declaredCodes(t)
	if len(codes) != len(messages) {
		t.Errorf("%d codes, but %d messages", len(codes), len(messages))
	}
	for _, code := range codes {
		problem := Problem{Code: code, Args: []string{"uno", "dos", "tres", "cuatro"}}
		spanish, english := problem.Message("es"), problem.Message("en")
		if spanish == english || problem.Message("es-MX") != spanish || problem.Message("fr") != english {
			t.Errorf("%s: %q, %q", code, spanish, english)
		}
		for _, text := range []string{spanish, english} {
			if len(text) < 20 || leftOver.MatchString(text) {
				t.Errorf("%s isn't a message: %q", code, text)
			}
		}
	}
}

var leftOver = regexp.MustCompile(`\{\d\}|[[:cntrl:]]|[^.?}]$`)

// declaredCodes reads the constants out of the source, so that none can be forgotten.
func declaredCodes(t *testing.T) []string {
	source, err := os.ReadFile("messages.go")
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, found := range regexp.MustCompile(`\tcode\w+ += "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		codes = append(codes, found[1])
	}
	return codes
}

func TestMessagesSuggestWhatWasMeant(t *testing.T) {
	problem := Problem{Code: codeUnknownFlow, Args: []string{"comparti", "compartir"}}
	if got := problem.Message("es"); !strings.HasSuffix(got, "¿Quisiste decir «compartir»?") {
		t.Error(got)
	}
	if got := problem.Message("en"); !strings.HasSuffix(got, "Did you mean “compartir”?") {
		t.Error(got)
	}
	problem = Problem{Code: codeNobodyElse, Args: []string{"invitee.first_name"}}
	if got := problem.Message("en"); !strings.Contains(got, "{{invitee.first_name|someone}}") {
		t.Error(got)
	}
}

func TestNearestName(t *testing.T) {
	known := []string{"revisar_premio", "compartir", "bienvenida", "send"}
	tests := map[string]string{
		"revisar_premios": "revisar_premio", "COMPARTIR": "compartir", "bienvenída": "bienvenida", "sned": "send",
		"otra cosa": "", "x": "", "": "", strings.Repeat("x", 1000): "",
	}
	for written, want := range tests {
		if got, _ := nearest(written, known); got != want {
			t.Errorf("%q: got %q, want %q", excerpt(written), got, want)
		}
	}
}
