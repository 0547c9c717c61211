package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/api/openapi"
)

// A programAt is the program of one bot on a running api, as apply and diff see it.
type programAt struct {
	remote
	bot, language string
	client        *client.Client
}

func (p *programAt) flags(command *cobra.Command) {
	p.remote.flags(command)
	command.Flags().StringVar(&p.bot, "bot", "", "the bot whose program it is")
	command.Flags().StringVar(&p.language, "lang", p.language, "language of what is said: es or en")
	_ = command.MarkFlagRequired("bot") // fails only for a flag that isn't there
}

func (p *programAt) connect() (err error) {
	p.client, err = p.remote.client(1)
	return err
}

func applying(language string) *cobra.Command {
	at, dry := &programAt{language: language}, false
	command := &cobra.Command{
		Use: "apply FILE", Short: "Put a program in force, showing first what changes (- reads it from standard input)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := readFile(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			if err := tellProblems(cmd.ErrOrStderr(), args[0], source, at.language); err != nil {
				return err
			}
			if err := at.connect(); err != nil {
				return err
			}
			return at.apply(cmd.Context(), cmd.OutOrStdout(), args[0], source, dry)
		},
	}
	at.flags(command)
	command.Flags().BoolVar(&dry, "dry", false, "stop before anything is saved")
	return command
}

// apply saves source unless it is in force already. What changes is shown against the version it replaces, and no other one is
// replaced: somebody else's newer version makes the api refuse.
func (p *programAt) apply(ctx context.Context, out io.Writer, name string, source []byte, dry bool) error {
	current, version, err := p.inForce(ctx)
	if err != nil {
		return err
	}
	changes := udiff.Unified(p.label(version), name, current, string(source))
	if changes == "" && version > 0 {
		fmt.Fprintf(out, p.say("Nothing changes: version %d is in force.\n", "No cambia nada: la versión %d está en vigor.\n"), version)
		return nil
	}
	fmt.Fprint(out, changes)
	if dry {
		fmt.Fprintln(out, p.say("Nothing was saved (--dry).", "No se guardó nada (--dry)."))
		return nil
	}
	saved, err := p.save(ctx, source, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, p.say("Version %d is in force.\n", "La versión %d está en vigor.\n"), saved.Version)
	return nil
}

// inForce gives the program in force and its version; version 0 is a bot without one.
func (p *programAt) inForce(ctx context.Context) (source string, version int, err error) {
	body, header, err := p.client.Do(ctx, client.Request{Method: http.MethodGet, Path: p.path(), Header: p.header()})
	if client.Is(err, http.StatusConflict) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	version, err = strconv.Atoi(header.Get("Program-Version"))
	if err != nil {
		return "", 0, errors.New("the api doesn't tell which version is in force: check --api")
	}
	return string(body), version, nil
}

func (p *programAt) save(ctx context.Context, source []byte, replacing int) (openapi.SavedProgram, error) {
	header := p.header()
	header["Content-Type"] = "application/yaml"
	header["If-Match"] = strconv.Quote(strconv.Itoa(replacing))
	var saved openapi.SavedProgram
	answer, _, err := p.client.Do(ctx, client.Request{Method: http.MethodPut, Path: p.path(), Body: source, Header: header})
	if err == nil {
		err = json.Unmarshal(answer, &saved)
	}
	return saved, err
}

func (p *programAt) path() string { return "/v1/bots/" + url.PathEscape(p.bot) + "/program" }

func (p *programAt) header() map[string]string {
	return map[string]string{"Accept-Language": p.language}
}

func (p *programAt) say(english, spanish string) string {
	if p.language == "es" {
		return spanish
	}
	return english
}

func (p *programAt) label(version int) string {
	if version == 0 {
		return p.say("nothing yet", "nada todavía")
	}
	return fmt.Sprintf(p.say("version %d", "versión %d"), version)
}

// errDifferent ends a command that found differences and has printed them: diff(1) exits with 1 then.
var errDifferent = errors.New("they differ")

// trouble is what kept a command from comparing at all: diff(1) exits with 2 then.
type trouble struct{ error }

func comparing(language string) *cobra.Command {
	at, from, to := &programAt{language: language}, 0, 0
	command := &cobra.Command{
		Use: "diff [FILE]", Short: "Show what a file, or another version, changes; exits with 1 when anything does",
		Long: "With FILE, shows what apply would change. With --from and --to, shows what changed between two saved versions (--to is the one\n" +
			"in force by default). Like diff(1) it exits with 0 when nothing differs, with 1 when something does and with 2 in trouble.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes, err := at.compare(cmd, args, from, to)
			if err != nil {
				return trouble{err}
			}
			if changes == "" {
				return nil
			}
			fmt.Fprint(cmd.OutOrStdout(), changes)
			return errDifferent
		},
	}
	at.flags(command)
	command.Flags().IntVar(&from, "from", 0, "the saved version to compare from")
	command.Flags().IntVar(&to, "to", 0, "the saved version to compare with")
	return command
}

func (p *programAt) compare(cmd *cobra.Command, args []string, from, to int) (string, error) {
	if (len(args) == 1) == (from > 0) || len(args) == 1 && to > 0 {
		return "", errors.New(p.say(
			"give either a FILE, to compare it with the version in force, or --from with a version",
			"indica un archivo, para compararlo con la versión en vigor, o --from con una versión"))
	}
	if err := p.connect(); err != nil {
		return "", err
	}
	if len(args) == 0 {
		return p.compareVersions(cmd.Context(), from, to)
	}
	source, err := readFile(cmd.InOrStdin(), args[0])
	if err != nil {
		return "", err
	}
	current, version, err := p.inForce(cmd.Context())
	if err != nil {
		return "", err
	}
	return udiff.Unified(p.label(version), args[0], current, string(source)), nil
}

func (p *programAt) compareVersions(ctx context.Context, from, to int) (string, error) {
	path := fmt.Sprintf("%s/diff?from=%d", p.path(), from)
	if to > 0 {
		path += fmt.Sprintf("&to=%d", to)
	}
	var compared openapi.ProgramDiff
	err := p.client.Call(ctx, http.MethodGet, path, nil, &compared)
	return compared.Diff, err
}
