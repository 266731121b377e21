package clustertest

import (
	"slices"
	"testing"

	"schism/cluster"
)

// disk: what a stopped node has written can be read and changed, and it starts with the change; what a
// node that runs has cannot.
func disk(t *testing.T, b *bench) {
	disks, ok := b.Cluster.(cluster.Disks)
	if !ok {
		t.Skipf("the %s runtime does not reach the nodes' disks", b.runtime.Name())
	}
	ctx := t.Context()
	b.n2.Write(t, "note", "as it was written")
	refused := func(when, node, file string) {
		t.Helper()
		_, listing := disks.ListFiles(ctx, node)
		_, reading := disks.ReadFile(ctx, node, file)
		writing := disks.WriteFile(ctx, node, file, []byte("not this"))
		if reading == nil || writing == nil || listing == nil && file == "note" {
			t.Errorf("%s: list %v, read %v, write %v", when, listing, reading, writing)
		}
	}
	refused("while it runs", "n2", "note")
	b.kill(t, b.n2)
	refused("a node that there is not", "n9", "note")
	refused("a file that there is not", "n2", "nothing")
	if names, err := disks.ListFiles(ctx, "n2"); err != nil || !slices.Contains(names, "note") || slices.Contains(names, "nothing") {
		t.Errorf("the files of n2 are %v, %v", names, err)
	}
	if got, err := disks.ReadFile(ctx, "n2", "note"); err != nil || string(got) != "as it was written" {
		t.Errorf("n2 has %q on its disk, %v", got, err)
	}
	if err := disks.WriteFile(ctx, "n2", "note", []byte("as it decayed")); err != nil {
		t.Fatal(err)
	}
	if got, err := disks.ReadFile(ctx, "n2", "note"); err != nil || string(got) != "as it decayed" {
		t.Errorf("n2 has %q on its disk after the change, %v", got, err)
	}
	b.restart(t, b.n2)
	if got := b.n2.Read(t, "note"); got != "as it decayed" {
		t.Errorf("n2 reads %q after its restart", got)
	}
	b.n2.Write(t, "note", "anew")
	if got := b.n2.Read(t, "note"); got != "anew" {
		t.Errorf("n2 reads %q after it wrote itself", got)
	}
}
