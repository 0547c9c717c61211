package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/internal/config"
	"github.com/millenniumm/referrals/postgres"
)

func migrating() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database (DATABASE_URL) to the newest schema", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := config.Load(os.Getenv, 0)
			if err != nil {
				return err
			}
			if err := postgres.Migrate(cmd.Context(), settings.DatabaseURL); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "The database is up to date.")
			return nil
		},
	}
}
