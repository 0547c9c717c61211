package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/program"
)

func programs() *cobra.Command {
	group := &cobra.Command{Use: "program", Short: "Work on programs: the files that say what a bot's referrals earn"}
	language := "en"
	if strings.HasPrefix(os.Getenv("LANG"), "es") {
		language = "es"
	}
	validate := &cobra.Command{
		Use: "validate FILE", Short: "Say everything that is wrong with a program (- reads it from standard input)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := readFile(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			return validateProgram(cmd.OutOrStdout(), args[0], source, language)
		},
	}
	validate.Flags().StringVar(&language, "lang", language, "language of what is said: es or en")
	template := &cobra.Command{
		Use: "template", Short: "Print the template to start from", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			fmt.Fprint(cmd.OutOrStdout(), string(program.Template(language)))
		},
	}
	template.Flags().StringVar(&language, "lang", language, "language of the template: es or en")
	schema := &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of programs, for editors that complete and check them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(program.Schema())
			return err
		},
	}
	group.AddCommand(validate, template, schema, applying(language), comparing(language))
	return group
}

func readFile(stdin io.Reader, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

// validateProgram prints a line for each problem, as compilers do, and fails when one of them is an error.
func validateProgram(out io.Writer, name string, source []byte, language string) error {
	if err := tellProblems(out, name, source, language); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: ok\n", name)
	return nil
}

func tellProblems(out io.Writer, name string, source []byte, language string) error {
	parsed, problems := program.Parse(source)
	for _, problem := range problems {
		fmt.Fprintf(out, "%s:%d:%d: %s: %s: %s [%s]\n",
			name, problem.Line, problem.Column, problem.Severity, problem.Path, problem.Message(language), problem.Code)
	}
	if parsed == nil {
		return errors.New(verdict(language, len(problems.Errors())))
	}
	return nil
}

func verdict(language string, count int) string {
	if language == "es" {
		return fmt.Sprintf("errores por corregir: %d", count)
	}
	return fmt.Sprintf("mistakes to mend: %d", count)
}
