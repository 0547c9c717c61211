package main

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/api/client"
)

// A remote is the running api a command works on.
type remote struct{ address, token string }

const localAPI = "http://127.0.0.1:8080"

// flags lets a command be told which api. The token's default is not shown: helps end up in logs.
func (r *remote) flags(command *cobra.Command) {
	command.Flags().StringVar(&r.address, "api", cmp.Or(os.Getenv("MILLENNIUM_API"), localAPI), "address of the api (MILLENNIUM_API)")
	command.Flags().StringVar(&r.token, "token", "",
		"admin token or a key of the bot (default MILLENNIUM_TOKEN, MILLENNIUM_ADMIN_TOKEN or what .data/admin-token holds)")
}

// client reaches the api over so many connections.
func (r *remote) client(connections int) (*client.Client, error) {
	token, err := r.key()
	if err != nil {
		return nil, err
	}
	return client.New(r.address, token, connections), nil
}

func (r *remote) key() (string, error) {
	token := cmp.Or(r.token, os.Getenv("MILLENNIUM_TOKEN"), os.Getenv("MILLENNIUM_ADMIN_TOKEN"))
	if token != "" {
		return token, nil
	}
	kept, err := os.ReadFile(filepath.Join(".data", "admin-token"))
	if token = strings.TrimSpace(string(kept)); err != nil || token == "" {
		return "", errors.New("there is no token: give it with --token or MILLENNIUM_TOKEN; `make run` keeps its own in .data/admin-token")
	}
	return token, nil
}
