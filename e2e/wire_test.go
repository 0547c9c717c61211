package e2e

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
)

// A wire carries connections to a server until it is cut: then what is sent is swallowed, as by a network that lost its way.
type wire struct {
	address string
	broken  atomic.Bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	w := &wire{address: listener.Addr().String()}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(near, to)
		}
	}()
	return w
}

func (w *wire) cut()  { w.broken.Store(true) }
func (w *wire) mend() { w.broken.Store(false) }

// carry connects both ends. A connection that was open when the wire was cut never carries anything again.
func (w *wire) carry(near net.Conn, to string) {
	defer func() { _ = near.Close() }()
	far, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	go func() { _, _ = io.Copy(near, far) }()
	_, _ = io.Copy(&swallowing{far, w, false}, near)
}

// swallowing writes until the wire is cut, and pretends to afterwards.
type swallowing struct {
	to   io.Writer
	wire *wire
	lost bool
}

func (s *swallowing) Write(data []byte) (int, error) {
	s.lost = s.lost || s.wire.broken.Load()
	if s.lost {
		return len(data), nil
	}
	return s.to.Write(data)
}
