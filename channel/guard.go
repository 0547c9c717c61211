package channel

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ErrPrivateNetwork says that an address chosen by an account's owner leads into our own networks, where it has no business.
var ErrPrivateNetwork = errors.New("the address is on a private network")

// sharedAddresses are handed out by carriers (RFC 6598); netip doesn't count them as private.
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// RefusePrivate is a net.Dialer's Control that connects to public addresses only. It sees what a name was resolved to, so that no name
// leads around it.
func RefusePrivate(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("read the address: %w", err)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("read the address: %w", err)
	}
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || sharedAddresses.Contains(ip) {
		return ErrPrivateNetwork
	}
	return nil
}
