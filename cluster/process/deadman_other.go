//go:build !linux

package process

import "syscall"

// orphansDie says whether the kernel kills a node when the controller dies.
const orphansDie = false

func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
