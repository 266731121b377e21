package storage_test

import (
	"errors"
	"testing"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
	"schism/targetnode/storage/crashfs"
)

// FuzzOpen puts any bytes in the place of the log: Open recovers a log without gaps or refuses with
// words; it never panics and never takes more memory than the file is long.
func FuzzOpen(f *testing.F) {
	fsys := crashfs.New()
	l, _, err := storage.Open(fsys, dir, options)
	if err != nil {
		f.Fatal(err)
	}
	l.Append(&raft.HardState{Term: 7, Vote: 2}, []raft.Entry{entry(1, 7), entry(2, 7), entry(1, 8)})
	if err := l.Close(); err != nil {
		f.Fatal(err)
	}
	content, _ := fsys.ReadFile(firstSegment)
	f.Add(content)
	f.Add(content[:len(content)-3])
	f.Add(append(content, 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, content []byte) {
		found, err := reopen(t, content)
		if err != nil {
			damage, identity := (*storage.DamageError)(nil), (*storage.IdentityError)(nil)
			if !errors.As(err, &damage) && !errors.As(err, &identity) {
				t.Fatalf("%v: neither damage nor another's log", err)
			}
			return
		}
		for i, e := range found.Durable.Entries {
			if e.Index != raft.Index(i+1) {
				t.Fatalf("entry %d stands at position %d", e.Index, i+1)
			}
		}
	})
}
