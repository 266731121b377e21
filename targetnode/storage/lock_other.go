//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package storage

import (
	"io"
	"os"
)

// Lock only opens the file: this system has no lock that ends with its process in the standard
// library, and a stale one would keep a killed node from starting again.
func (OS) Lock(name string) (io.Closer, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
}
