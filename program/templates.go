package program

import _ "embed"

var (
	//go:embed templates/invita-y-gana.es.yaml
	spanishTemplate string

	//go:embed templates/invite-and-win.en.yaml
	englishTemplate string
)

// Template is the program a new bot starts with: in Spanish for a Spanish locale, else in English.
func Template(locale string) []byte {
	if isSpanish(locale) {
		return []byte(spanishTemplate)
	}
	return []byte(englishTemplate)
}
