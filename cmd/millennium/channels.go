package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/generic"
	"github.com/millenniumm/referrals/channel/telegram"
	"github.com/millenniumm/referrals/channel/webhook"
)

// channels are all the platforms this binary speaks, by name.
func channels() map[string]channel.Adapter {
	sending := &http.Client{
		Timeout: activities.SendTimeout,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 64,
			// Shorter than servers keep idle connections: one they close under a request is an outcome nobody knows.
			IdleConnTimeout:     20 * time.Second,
			TLSHandshakeTimeout: 2 * time.Second,
		},
	}
	return map[string]channel.Adapter{
		telegram.Name: &telegram.Adapter{HTTP: sending},
		generic.Name:  &generic.Adapter{HTTP: sending, Now: time.Now},
		webhook.Name:  &webhook.Adapter{HTTP: sending, Now: time.Now},
	}
}

// linkBuilder gives the books the channels' way of making links.
func linkBuilder(adapters map[string]channel.Adapter) func(channel.Account, string) (string, error) {
	return func(account channel.Account, ref string) (string, error) {
		adapter, known := adapters[account.Channel]
		if !known {
			return "", fmt.Errorf("this binary has no channel %q", account.Channel)
		}
		return adapter.Link(account, ref)
	}
}
