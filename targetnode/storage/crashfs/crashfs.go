// Package crashfs is a file system in memory that forgets, at a crash, what was not synced: writes,
// and the names of new files. It may keep a front part of the lost writes, as a disk does that was
// in the middle of them.
package crashfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"

	"schism/targetnode/storage"
)

// ErrInjected is the failure that FailAfter arranges.
var ErrInjected = errors.New("injected input/output error")

// FS is the file system; its zero value is not usable, see New.
type FS struct {
	mu     sync.Mutex
	files  map[string]*file
	locks  map[string]bool
	moved  []move // renames that a crash may undo, oldest first
	life   int    // counts crashes: a handle of an earlier life is dead
	budget int    // writes, renames and syncs until one fails; < 0: none does
}

type file struct {
	content   []byte // as a reader sees it
	durable   []byte // as the last sync left it
	pending   []func([]byte) []byte
	nameKnown bool // the directory was synced since the file was made
}

// move is a rename whose directory was not synced since.
type move struct {
	from, to string
	file     *file
	replaced *file // nil: nobody had the name
}

var _ storage.FS = (*FS)(nil)

// New returns an empty file system.
func New() *FS { return &FS{files: map[string]*file{}, locks: map[string]bool{}, budget: -1} }

// FailAfter makes the nth write, rename or sync from now on, counted from 0, fail, and all after it.
func (f *FS) FailAfter(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.budget = n
}

// Crash loses what was not synced. With a random source each file keeps a random front part of its
// lost changes, the last of them torn at a random byte; with nil all of them are lost.
func (f *FS) Crash(random *rand.Rand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.life++
	f.budget = -1
	clear(f.locks)
	f.undoMoves(random)
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		c := f.files[name]
		if !c.nameKnown && (random == nil || random.IntN(2) == 0) {
			delete(f.files, name)
			continue
		}
		c.nameKnown = true
		if random != nil {
			c.keepSome(random)
		}
		c.content, c.pending = slices.Clone(c.durable), nil
	}
}

// undoMoves takes back the newest renames, as many as chance has it, or all.
func (f *FS) undoMoves(random *rand.Rand) {
	kept := 0
	if random != nil {
		kept = random.IntN(len(f.moved) + 1)
	}
	for _, m := range slices.Backward(f.moved[kept:]) {
		delete(f.files, m.to)
		if m.replaced != nil {
			f.files[m.to] = m.replaced
		}
		f.files[m.from] = m.file
	}
	for _, m := range f.moved[:kept] {
		m.file.nameKnown = true
	}
	f.moved = nil
}

func (c *file) keepSome(random *rand.Rand) {
	kept := random.IntN(len(c.pending) + 1)
	for _, change := range c.pending[:kept] {
		c.durable = change(c.durable)
	}
	if kept == len(c.pending) {
		return
	}
	// Tear the next one: of the bytes that it changes only a front part arrives.
	after := c.pending[kept](slices.Clone(c.durable))
	if len(after) < len(c.durable) {
		return // a truncation is whole or nothing
	}
	cut := random.IntN(len(after) + 1)
	if cut > len(c.durable) {
		c.durable = append(c.durable, make([]byte, cut-len(c.durable))...)
	}
	copy(c.durable, after[:cut])
}

// Edit changes a file behind the log's back, as a decaying disk does.
func (f *FS) Edit(name string, change func([]byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.files[name]
	c.content = change(slices.Clone(c.content))
	c.durable, c.pending = slices.Clone(c.content), nil
}

// MkdirAll does nothing: a directory is there as soon as a file in it is.
func (f *FS) MkdirAll(string) error { return nil }

// List gives the names in dir, sorted.
func (f *FS) List(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name := range f.files {
		if filepath.Dir(name) == dir {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// ReadFile returns a copy of the content, synced or not.
func (f *FS) ReadFile(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return slices.Clone(c.content), nil
}

// Create makes a file whose name is lost at a crash until SyncDir.
func (f *FS) Create(name string) (storage.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.files[name]; ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	f.files[name] = &file{}
	return &handle{fs: f, file: f.files[name], life: f.life}, nil
}

// Open opens an existing file.
func (f *FS) Open(name string) (storage.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.files[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &handle{fs: f, file: c, life: f.life}, nil
}

// Remove deletes a file, at once and durably.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.files[name]; !ok {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(f.files, name)
	return nil
}

// Rename is taken back by a crash before SyncDir, or is not.
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.spend(); err != nil {
		return err
	}
	c, ok := f.files[from]
	if !ok {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	f.moved = append(f.moved, move{from, to, c, f.files[to]})
	delete(f.files, from)
	f.files[to] = c
	return nil
}

// SyncDir makes the names in dir survive a crash.
func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.spend(); err != nil {
		return err
	}
	for name, c := range f.files {
		if filepath.Dir(name) == dir {
			c.nameKnown = true
		}
	}
	f.moved = slices.DeleteFunc(f.moved, func(m move) bool { return filepath.Dir(m.to) == dir })
	return nil
}

// Lock is held until Close or Crash.
func (f *FS) Lock(name string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.locks[name] {
		return nil, fmt.Errorf("%s is held already", name)
	}
	f.locks[name] = true
	return &lock{fs: f, name: name, life: f.life}, nil
}

type lock struct {
	fs   *FS
	name string
	life int
}

func (l *lock) Close() error {
	l.fs.mu.Lock()
	defer l.fs.mu.Unlock()
	if l.life == l.fs.life {
		delete(l.fs.locks, l.name)
	}
	return nil
}

// spend counts one write or sync against the budget of FailAfter.
func (f *FS) spend() error {
	if f.budget < 0 {
		return nil
	}
	if f.budget == 0 {
		return ErrInjected
	}
	f.budget--
	return nil
}
