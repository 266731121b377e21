package process

import "syscall"

// orphansDie says whether the kernel kills a node when the controller dies.
const orphansDie = true

func ownGroup() *syscall.SysProcAttr {
	// SIGKILL ends a stopped process too, which a request to end would not.
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
