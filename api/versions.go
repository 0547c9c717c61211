package api

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/gin-gonic/gin"

	"github.com/millenniumm/referrals/api/openapi"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webhook"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// madeFrom is the version that a change was made from, as If-Match tells it; nil when it doesn't.
func madeFrom(ifMatch *string) *int64 {
	if ifMatch == nil {
		return nil
	}
	version, _ := strconv.ParseInt(strings.Trim(*ifMatch, `"`), 10, 64) // the contract makes sure it is a number
	return &version
}

// answerProgram answers with a version's source. Its ETag is what If-Match takes.
func answerProgram(c *gin.Context, source string, version int32) {
	c.Header("Program-Version", strconv.Itoa(int(version)))
	c.Header("ETag", fmt.Sprintf("%q", strconv.Itoa(int(version))))
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", []byte(source))
}

// answerSaved answers with the version that was saved, and with what its author should look at.
func (s *server) answerSaved(
	c *gin.Context, bot string, version int32, err error, parsed *program.Program, problems program.Problems, language string,
) {
	var unconnected []item
	if err == nil {
		unconnected, err = s.unconnected(c, bot, parsed, language)
	}
	s.answer(c, gin.H{"version": version, "warnings": append(programItems(problems.Warnings(), language), unconnected...)}, err, unknownBot)
}

func badProgram(problems program.Problems, language string) problem {
	refused := newProblem("bad_program")
	refused.Problems = programItems(problems, language)
	return refused
}

// ValidateProgram says everything that is wrong with a program.
func (s *server) ValidateProgram(c *gin.Context, bot string, params openapi.ValidateProgramParams) {
	source, err := io.ReadAll(c.Request.Body)
	if err != nil {
		s.problem(c, tooLarge)
		return
	}
	if !s.known(c, bot) {
		return
	}
	parsed, problems := program.Parse(source)
	language := languageOf(valueOf(params.AcceptLanguage))
	unconnected, err := s.unconnected(c, bot, parsed, language)
	verdict := gin.H{"valid": parsed != nil, "problems": append(programItems(problems, language), unconnected...)}
	s.answer(c, verdict, err, unknownBot)
}

// unconnected warns of the webhooks that a program calls and the bot has no account for: their calls wait until it has.
func (s *server) unconnected(c *gin.Context, bot string, parsed *program.Program, language string) ([]item, error) {
	if parsed == nil || len(parsed.Webhooks()) == 0 {
		return nil, nil
	}
	accounts, err := s.books(c).Accounts(c.Request.Context(), bot)
	if err != nil {
		return nil, err
	}
	var missing []item
	for _, name := range parsed.Webhooks() {
		connected := slices.ContainsFunc(accounts, func(a channel.Account) bool { return a.Name == name && a.Channel == webhook.Name })
		if !connected {
			missing = append(missing, item{
				Severity: string(program.SeverityWarning), Code: "webhook_not_connected", Path: "call_webhook: " + name, Detail: fmt.Sprintf(notConnected[language], name),
			})
		}
	}
	return missing, nil
}

var notConnected = map[string]string{
	"en": "The bot has no webhook account named %q: its calls wait until one is connected, for 72 hours.",
	"es": "El bot no tiene ninguna cuenta de webhook llamada %q: las llamadas esperan a que se conecte, hasta 72 horas.",
}

// ListProgramVersions lists the program's versions, newest first.
func (s *server) ListProgramVersions(c *gin.Context, bot string, params openapi.ListProgramVersionsParams) {
	before, ok := s.startOfPage(c, params.Cursor)
	if !ok || !s.known(c, bot) {
		return
	}
	most := pageSize(params.Limit)
	versions, err := s.books(c).ProgramVersions(c.Request.Context(), bot, before, most+1)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	answerPage(c, versions, most, func(v referral.Version) string { return strconv.Itoa(int(v.Version)) })
}

// GetProgramVersion gives a version as its author wrote it.
func (s *server) GetProgramVersion(c *gin.Context, bot string, version int) {
	if !s.known(c, bot) {
		return
	}
	source, err := s.books(c).ProgramVersion(c.Request.Context(), bot, int32(version))
	if err != nil {
		s.fail(c, err, unknownVersion)
		return
	}
	answerProgram(c, source, int32(version))
}

// CompareProgramVersions tells what changed between two versions.
func (s *server) CompareProgramVersions(c *gin.Context, bot string, params openapi.CompareProgramVersionsParams) {
	newer, to, err := s.books(c).ProgramSource(c.Request.Context(), bot)
	if err != nil {
		s.fail(c, err, unknownBot)
		return
	}
	if params.To != nil {
		to = int32(*params.To)
		newer, err = s.books(c).ProgramVersion(c.Request.Context(), bot, to)
	}
	if err != nil {
		s.fail(c, err, unknownVersion)
		return
	}
	older, err := s.books(c).ProgramVersion(c.Request.Context(), bot, int32(params.From))
	diff := udiff.Unified(fmt.Sprintf("version %d", params.From), fmt.Sprintf("version %d", to), older, newer)
	s.answer(c, gin.H{"from": params.From, "to": to, "diff": diff}, err, unknownVersion)
}

// RestoreProgram saves a version's source as the newest version, if today's rules still take it.
func (s *server) RestoreProgram(c *gin.Context, bot string, version int, params openapi.RestoreProgramParams) {
	if !s.known(c, bot) {
		return
	}
	source, err := s.books(c).ProgramVersion(c.Request.Context(), bot, int32(version))
	if err != nil {
		s.fail(c, err, unknownVersion)
		return
	}
	language := languageOf(valueOf(params.AcceptLanguage))
	parsed, problems := program.Parse([]byte(source))
	if parsed == nil {
		s.problem(c, badProgram(problems, language))
		return
	}
	restored, err := s.books(c).Revise(c.Request.Context(), bot, referral.Revision{
		Source: source, RestoredFrom: int32(version), MadeFrom: madeFrom(params.IfMatch),
	})
	s.answerSaved(c, bot, restored, err, parsed, problems, language)
}
