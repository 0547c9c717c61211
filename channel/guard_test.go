package channel_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/millenniumm/referrals/channel"
)

func TestWhichAddressesArePrivate(t *testing.T) {
	t.Parallel()
	for address, private := range map[string]bool{
		"127.0.0.1:80": true, "10.1.2.3:80": true, "192.168.1.1:443": true, "172.16.0.1:80": true, "169.254.169.254:80": true,
		"100.64.0.1:80": true, "0.0.0.0:80": true, "224.0.0.1:80": true, "[::1]:80": true, "[fd00::1]:80": true, "[fe80::1]:80": true,
		"[::ffff:10.0.0.1]:80": true, "8.8.8.8:443": false, "[2001:4860:4860::8888]:443": false,
	} {
		if err := channel.RefusePrivate("tcp", address, nil); errors.Is(err, channel.ErrPrivateNetwork) != private {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestACallIntoAPrivateNetworkIsTheOwnersToMend(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer inside.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Control: channel.RefusePrivate}).DialContext}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, inside.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, failed := channel.Do(client, request); failed == nil || failed.Class != channel.Config || failed.Code != channel.CodePrivate {
		t.Errorf("%+v", failed)
	}
}
