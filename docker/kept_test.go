//go:build linux

package docker

import (
	"io"
	"testing"
)

// What a person kept outlives its controller and every later run, until somebody cleans; one run may
// be cleaned alone.
func TestWhatIsKeptIsRemovedByAPersonOnly(t *testing.T) {
	r := newIsolatedRuntime(t)
	spec, _ := testSpec(t, 1)
	spec.Keep = true
	live := startCluster(t, r, spec) // builds the image too
	if labels := live.labels("n1", roleNode); labels[labelKept] == "" {
		t.Fatalf("a cluster that is to be kept has the labels %v", labels)
	}

	dead := r.self
	dead.start = "1"
	prefix := "decoy-" + spec.Run + "-"
	for _, run := range []string{"one", "other", "swept"} {
		labels := map[string]string{labelRun: prefix + run, labelController: dead.String(), labelKept: "yes"}
		if run == "swept" {
			delete(labels, labelKept)
		}
		makeDecoys(t, r, prefix+run, live, labels)
	}
	if err := r.sweep(t.Context(), t.Logf); err != nil {
		t.Fatal(err)
	}
	wantDecoys(t, r, prefix+"one", true)
	wantDecoys(t, r, prefix+"swept", false)

	removed, err := r.CleanRun(t.Context(), prefix+"one", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if len(removed) != 1 || removed[0].Run != prefix+"one" {
		t.Errorf("of %sone was removed %v", prefix, removed)
	}
	wantDecoys(t, r, prefix+"one", false)
	wantDecoys(t, r, prefix+"other", true)

	if _, err := r.CleanRun(t.Context(), spec.Run, io.Discard); err != nil {
		t.Fatal(err)
	}
	if seen, err := live.State(t.Context(), "n1"); err != nil || seen != "running" {
		t.Errorf("a run whose controller lives was cleaned: %v, %v", seen, err)
	}
	if _, err := r.Clean(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	wantDecoys(t, r, prefix+"other", false)
}
