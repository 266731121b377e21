package crashfs

import (
	"io/fs"
	"slices"
)

// handle is a file opened in one life of the file system.
type handle struct {
	fs   *FS
	file *file
	life int
}

// change applies one change to the content and remembers it for the next sync.
func (h *handle) change(change func([]byte) []byte) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if err := h.usable(); err != nil {
		return err
	}
	h.file.content = change(h.file.content)
	h.file.pending = append(h.file.pending, change)
	return nil
}

func (h *handle) usable() error {
	if h.life != h.fs.life {
		return fs.ErrClosed
	}
	return h.fs.spend()
}

func (h *handle) WriteAt(p []byte, off int64) (int, error) {
	p = slices.Clone(p)
	err := h.change(func(content []byte) []byte {
		content = grow(content, off+int64(len(p)))
		copy(content[off:], p)
		return content
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (h *handle) Allocate(size int64) error {
	return h.change(func(content []byte) []byte { return grow(content, size) })
}

func (h *handle) Truncate(size int64) error {
	return h.change(func(content []byte) []byte { return grow(content[:min(size, int64(len(content)))], size) })
}

// Sync makes the content durable, not the name: that takes SyncDir.
func (h *handle) Sync() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if err := h.usable(); err != nil {
		return err
	}
	h.file.durable, h.file.pending = slices.Clone(h.file.content), nil
	return nil
}

func (h *handle) Close() error { return nil }

// grow returns content with zeros added up to size; it never writes into what lies behind content.
func grow(content []byte, size int64) []byte {
	if missing := size - int64(len(content)); missing > 0 {
		return append(slices.Clip(content), make([]byte, missing)...)
	}
	return content
}
