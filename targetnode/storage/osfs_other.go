//go:build !linux

package storage

import (
	"os"
	"runtime"
)

func reserve(f *os.File, size int64) error { return f.Truncate(size) }

func syncData(f *os.File) error { return f.Sync() }

// syncDir does nothing on Windows, which cannot sync a directory and needs none.
func syncDir(d *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return d.Sync()
}
