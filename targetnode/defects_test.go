package targetnode

import (
	"slices"
	"strings"
	"testing"

	"schism/targetnode/defect"
	"schism/targetnode/kv"
	"schism/targetnode/lease"
	"schism/targetnode/raft"
	"schism/targetnode/storage"
)

func TestDefectsOfEveryPartAreKnown(t *testing.T) {
	var names []string
	for _, d := range KnownDefects() {
		names = append(names, d.Name)
		if on, err := parseDefects([]string{d.Name}); err != nil || on == (defects{}) {
			t.Errorf("%s switches on %+v (%v)", d.Name, on, err)
		}
		if d.About == "" || d.Origin == "" || d.Seen == "" || d.Shown == "" {
			t.Errorf("%s does not say all about itself: %+v", d.Name, d)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("not sorted, or twice: %v", names)
	}
	for part, table := range map[string][]string{
		"core": defect.Names(raft.KnownDefects()), "state": defect.Names(kv.KnownDefects()), "lease": defect.Names(lease.KnownDefects()),
		"disk": defect.Names(storage.KnownDefects()), "driver": defect.Names(driverKnownDefects()),
	} {
		if !slices.IsSorted(table) {
			t.Errorf("the table of the %s is not sorted: %v", part, table)
		}
	}
	on, err := parseDefects([]string{"no-dedup", "ack-before-fsync"})
	if err != nil || !on.state.NoDedup || !on.core.AckBeforeFsync || on.core.CommitOldTerm {
		t.Errorf("two of different parts: %+v, %v", on, err)
	}
	_, err = parseDefects([]string{"no-dedup", "no-dedupe"})
	for _, want := range []string{`"no-dedupe"`, "ack-before-fsync", "no-dedup,", "vote-not-persisted"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, without %s", err, want)
		}
	}
}
