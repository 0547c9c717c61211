package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

// fakeTelegram runs a strict stand-in for Telegram's Bot API, so that the whole story can be tried without Telegram.
func fakeTelegram() *cobra.Command {
	address, token := "127.0.0.1:8081", "1:AAAAAAAAAAAAAAAAAAAAAAAA"
	command := &cobra.Command{
		Use: "fake-telegram", Short: "Run a stand-in for Telegram's Bot API that prints what a bot sends", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			fake := telegramtest.New(token)
			server := &http.Server{Addr: address, Handler: fake, ReadHeaderTimeout: 5 * time.Second}
			go printMessages(cmd, fake)
			go func() {
				<-cmd.Context().Done()
				_ = server.Shutdown(context.WithoutCancel(cmd.Context()))
			}()
			fmt.Fprintf(cmd.OutOrStdout(), "A stand-in for Telegram on http://%s, for the bot with token %s\n", address, token)
			if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
	}
	command.Flags().StringVar(&address, "addr", address, "where to listen")
	command.Flags().StringVar(&token, "token", token, "the bot's token")
	return command
}

// printMessages prints each message as it comes, until the command ends.
func printMessages(cmd *cobra.Command, fake *telegramtest.API) {
	for printed := 0; ; {
		messages, err := fake.WaitCount(cmd.Context(), printed+1)
		if err != nil {
			return
		}
		for _, message := range messages[printed:] {
			fmt.Fprint(cmd.OutOrStdout(), lines(message))
		}
		printed = len(messages)
	}
}

// lines are a message as it is printed: its text, its picture, its keyboard.
func lines(message telegramtest.Message) string {
	text := fmt.Sprintf("to %d: %s\n", message.ChatID, message.Text)
	if message.Picture != "" {
		text += fmt.Sprintf("to %d: picture %s\n", message.ChatID, message.Picture)
	}
	if len(message.QuickReplies) > 0 {
		text += fmt.Sprintf("to %d: buttons [%s]\n", message.ChatID, strings.Join(message.QuickReplies, "] ["))
	}
	return text
}
