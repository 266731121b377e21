package schism

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"schism/history"
	"schism/nemesis"
	"schism/targetnode/raft"
	"schism/targetnode/storage"
)

// What the tester takes for the last record of a log is that of the store, whatever that wrote last: with the
// byte changed the store says that this record is damaged, and no other.
func TestLastRecordIsTheStores(t *testing.T) {
	dir, small := t.TempDir(), storage.Options{Identity: "n1", SegmentSize: 512}
	l, _, err := storage.Open(storage.OS{}, dir, small)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	target := NewRaftKV()
	if r, err := target.LastRecord(newestLog(t, dir)); err == nil {
		t.Errorf("a new log has its last record at %d", r.Offset)
	}
	fresh, segments := 0, make(map[string]bool)
	for i := 1; i <= 60; i++ {
		if i%7 == 0 {
			l.Append(&raft.HardState{Term: raft.Term(i), Vote: 2}, nil)
		}
		l.Append(nil, []raft.Entry{{Index: raft.Index(i), Term: raft.Term(i), Data: []byte(strings.Repeat("x", i%19))}})
		if i%10 == 0 {
			l.Append(&raft.HardState{Term: raft.Term(i + 1)}, nil)
		}
		if err := l.Sync(); err != nil {
			t.Fatal(err)
		}
		segments[newestName(t, dir)] = true
		content := newestLog(t, dir)
		r, err := target.LastRecord(content)
		if err != nil {
			fresh++ // it was begun just now
			continue
		}
		content[r.Byte] ^= 1
		damaged, name := t.TempDir(), newestName(t, dir)
		if err := os.CopyFS(damaged, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(damaged, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		var damage *storage.DamageError
		if _, _, err := storage.Open(storage.OS{}, damaged, small); !errors.As(err, &damage) || damage.Offset != r.Offset || filepath.Base(damage.File) != name {
			t.Fatalf("after %d entries %s is damaged at %d, and the store says %v", i, name, r.Offset, err)
		}
		torn := append(content[:r.Offset:r.Offset], content[r.Offset:r.Byte]...)
		if before, err := target.LastRecord(torn); err == nil && before.Offset >= r.Offset {
			t.Errorf("a record that is torn at %d counts as whole", r.Byte)
		}
	}
	if len(segments) < 3 || fresh > len(segments) {
		t.Errorf("%d segments, of which %d held nothing yet", len(segments), fresh)
	}
}

func newestName(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	name := NewRaftKV().NewestLog(names)
	if name == "" {
		t.Fatalf("no log among %v", names)
	}
	return name
}

func newestLog(t *testing.T, dir string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, newestName(t, dir)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestNewestLogIsASegment(t *testing.T) {
	r := NewRaftKV()
	if got := r.NewestLog([]string{"0000000000000009.wal", "LOCK", "000000000000000a.wal", "snapshot", "z.wal"}); got != "000000000000000a.wal" {
		t.Errorf("the newest is %q", got)
	}
	if got := r.NewestLog([]string{"LOCK", "snapshot"}); got != "" {
		t.Errorf("the newest of no logs is %q", got)
	}
	for _, content := range [][]byte{nil, make([]byte, 19), make([]byte, 4096), []byte(strings.Repeat("\xff", 4096))} {
		if last, err := r.LastRecord(content); err == nil {
			t.Errorf("%d bytes of something hold a record at %d", len(content), last.Offset)
		}
	}
}

// A real node with a damaged log refuses to start, and names the file and the place; the run is valid without it.
// With the defect it starts, and what it had acknowledged is lost.
func TestCorruptTail(t *testing.T) {
	runtimes(t, func(t *testing.T, runtime string) {
		h := asExpected(t, "configs/zoo/corrupt-tail-keeps-voting-off.yaml", runtime)
		var damaged []history.FaultLife
		for _, f := range h.Faults {
			if f.F == "corrupt-tail" {
				damaged = append(damaged, f)
			}
		}
		if len(damaged) != 1 || len(h.Refusals) != 1 {
			t.Fatalf("%d logs were damaged, and %d nodes refused", len(damaged), len(h.Refusals))
		}
		r := h.Refusals[0]
		for _, want := range []string{r.File + ", offset ", "does not match its checksum", "it does not start"} {
			if r.Node != "n2" || !strings.Contains(r.Said, want) {
				t.Errorf("%s said %q, want %q", r.Node, r.Said, want)
			}
		}
		if proof := strings.Join(damaged[0].Proof, "\n"); !strings.Contains(proof, r.File+" of n2 reads") {
			t.Errorf("the proof of the damage is %q", proof)
		}
		if lost := asExpected(t, "configs/zoo/corrupt-tail-keeps-voting.yaml", runtime); len(lost.Refusals) != 0 {
			t.Errorf("with the defect: %+v", lost.Refusals)
		}
	})
}

func asExpected(t *testing.T, path, runtime string, set ...string) *history.History {
	t.Helper()
	s, err := Load(path, set...)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := Run(t.Context(), s, options(t, runtime))
	if err != nil {
		t.Fatal(err)
	}
	if !outcome.Result.AsExpected {
		t.Errorf("%s: not as expected: %v", path, outcome.Result.Why)
	}
	h, err := history.Load(outcome.Dir.History())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Without a word of it in the scenario, a node that stays away makes the run vacuous; so does one that was to
// refuse and came.
func TestARefusalThatNobodyRequires(t *testing.T) {
	for name, set := range map[string][]string{
		"configs/zoo/corrupt-tail-keeps-voting-off.yaml": {"require.refused=[]", "expect.verdict=vacuous"},
		"configs/zoo/corrupt-tail-keeps-voting.yaml":     {"require.refused=[n2]", "checks=[final-reads]", "expect={verdict: vacuous}"},
	} {
		asExpected(t, name, "process", set...)
	}
}

func TestDamageNeedsDisks(t *testing.T) {
	s, err := Load("configs/zoo/corrupt-tail-keeps-voting.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Nemesis.Supported(&nemesis.Env{}); err == nil || !strings.Contains(err.Error(), "corrupt-tail: n2: nobody reaches the logs") {
		t.Errorf("got %v", err)
	}
}
