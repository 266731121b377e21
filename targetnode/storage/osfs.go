package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// OS is the file system of the operating system.
type OS struct{}

// MkdirAll makes dir and the parents that are missing, and syncs the directory above each.
func (o OS) MkdirAll(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := o.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return o.SyncDir(parent)
}

// List gives the names in dir, sorted.
func (OS) List(dir string) ([]string, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(found))
	for _, f := range found {
		names = append(names, f.Name())
	}
	return names, nil
}

// ReadFile reads a whole file.
func (OS) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

// Create makes a file that must not exist yet.
func (OS) Create(name string) (File, error) {
	return openFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY)
}

// Open opens an existing file for writing.
func (OS) Open(name string) (File, error) { return openFile(name, os.O_WRONLY) }

func openFile(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Remove deletes a file.
func (OS) Remove(name string) error { return os.Remove(name) }

// Rename replaces to, if it exists, in one step.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// SyncDir makes the names in dir durable.
func (OS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := syncDir(d); err != nil {
		d.Close()
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return d.Close()
}

type osFile struct{ *os.File }

// Allocate falls back to a sparse file where the file system cannot reserve blocks: it reads the
// same, only each sync costs a little more.
func (f osFile) Allocate(size int64) error {
	if reserve(f.File, size) == nil {
		return nil
	}
	return f.Truncate(size)
}

func (f osFile) Sync() error { return syncData(f.File) }
