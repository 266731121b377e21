package storage

import (
	"os"
	"syscall"
)

func reserve(f *os.File, size int64) error {
	return syscall.Fallocate(int(f.Fd()), 0, 0, size)
}

// syncData is fdatasync: the file's times, which nobody reads, are left to the kernel. A signal may
// interrupt it before anything was written back, so EINTR alone is tried again; every other error
// is final (after a failed fsync the kernel may have dropped the dirty pages).
func syncData(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if err == syscall.EINTR {
			continue
		}
		return os.NewSyscallError("fdatasync", err)
	}
}

func syncDir(d *os.File) error { return d.Sync() }
