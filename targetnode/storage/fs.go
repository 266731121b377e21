package storage

import "io"

// FS is what the log needs of a file system. It is small so that a test can put one below the log
// that loses what was not synced, tears writes and fails (see package crashfs). Names are paths.
type FS interface {
	// MkdirAll makes a directory with its parents and makes their names durable.
	MkdirAll(dir string) error
	// List gives the names in dir, sorted, without their directory.
	List(dir string) ([]string, error)
	ReadFile(name string) ([]byte, error)
	// Create opens a new file for writing; one that exists already is an error.
	Create(name string) (File, error)
	// Open opens an existing file for writing.
	Open(name string) (File, error)
	// Remove deletes a file; one that is not there is an fs.ErrNotExist.
	Remove(name string) error
	// Rename gives a file another name, in place of the one that has it. It is durable with SyncDir;
	// after a power loss before that either both names are as they were or neither is.
	Rename(from, to string) error
	// SyncDir makes the names in dir durable: a new file whose directory was not synced may be
	// gone after a power loss although its content was.
	SyncDir(dir string) error
	// Lock takes the named lock file for this process, or fails at once if another one has it.
	// The lock ends with the process or with Close.
	Lock(name string) (io.Closer, error)
}

// File is a file open for writing.
type File interface {
	io.WriterAt
	// Allocate reserves room for size bytes that read as zeros, so that later writes change
	// neither the file's size nor its block map: a sync then has that much less to do.
	Allocate(size int64) error
	Truncate(size int64) error
	// Sync returns once the content and all that is needed to read it are durable.
	Sync() error
	Close() error
}
