//go:build !linux

package process

import "syscall"

// signalOrphan does nothing: only Linux tells a child of its parent's death.
func signalOrphan(*syscall.SysProcAttr, syscall.Signal) {}
