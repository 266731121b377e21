//go:build linux

package docker

import (
	"bytes"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"schism/cluster"
)

// answers reports whether an HTTP server answers there at all.
func answers(address string) (ok bool, state string) {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false, err.Error()
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		return false, err.Error()
	}
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		return false, err.Error()
	}
	n, err := conn.Read(make([]byte, 100))
	if err != nil {
		return false, err.Error()
	}
	return n > 0, "it answers"
}

func TestControllerIDRoundTrip(t *testing.T) {
	for _, want := range []controllerID{
		thisController(),
		{pid: 7, start: "123", boot: "b", namespace: "pid:[4026531836]", machine: "m"},
		{pid: 7, start: "123", boot: "b", namespace: "pid:[4026531836]"},
	} {
		got, err := parseControllerID(want.String())
		if err != nil || got != want {
			t.Errorf("%q parses to %+v, %v; want %+v", want, got, err, want)
		}
	}
	for _, bad := range []string{"", "pid=x", "12:34"} {
		if got, err := parseControllerID(bad); err == nil {
			t.Errorf("%q parses to %+v", bad, got)
		}
	}
}

func TestDeadIsProvedOrNotAssumed(t *testing.T) {
	self := controllerID{pid: 1, start: "5", boot: "now", namespace: "here", machine: "mine"}
	processes := map[int]string{10: "100", 11: ""}
	startOf := func(pid int) (string, bool) { start, ok := processes[pid]; return start, ok }
	for _, test := range []struct {
		what string
		id   controllerID
		want bool
	}{
		{"it lives", controllerID{10, "100", "now", "here", "mine"}, false},
		{"its process is gone", controllerID{12, "100", "now", "here", "mine"}, true},
		{"its number was given to another process", controllerID{10, "99", "now", "here", "mine"}, true},
		{"a process whose start is hidden", controllerID{11, "99", "now", "here", "mine"}, false},
		{"in another process namespace numbers mean other processes", controllerID{12, "100", "now", "there", "mine"}, false},
		{"before this machine's last boot", controllerID{10, "100", "then", "here", "mine"}, true},
		{"another machine", controllerID{12, "100", "then", "here", "other"}, false},
		{"a machine without a name", controllerID{12, "100", "then", "here", ""}, false},
		{"nothing is known", controllerID{pid: 12}, false},
	} {
		if got := test.id.provedDead(self, startOf); got != test.want {
			t.Errorf("%s: proved dead = %v, want %v", test.what, got, test.want)
		}
	}
}

func TestProcessStart(t *testing.T) {
	if start, alive := processStart(os.Getpid()); !alive || start == "" {
		t.Errorf("this process: start %q, alive %v", start, alive)
	}
	// Process numbers end at 4194304.
	if start, alive := processStart(1 << 30); alive {
		t.Errorf("a process that cannot be: start %q, alive %v", start, alive)
	}
}

// TestCleanRemovesOnlyTheDead leaves alone what others made, what live runs made, and what looks like
// ours but cannot be proved dead.
func TestCleanRemovesOnlyTheDead(t *testing.T) {
	r := newIsolatedRuntime(t)
	spec, _ := testSpec(t, 1)
	live := startCluster(t, r, spec) // builds the image too

	dead, elsewhere := r.self, r.self
	dead.start = "1"
	elsewhere.boot, elsewhere.machine = "another boot", "another machine"
	label := func(controller string) map[string]string {
		return map[string]string{labelRun: "decoy", labelController: controller}
	}
	prefix := "decoy-" + spec.Run + "-"
	kinds := map[string]map[string]string{
		"dead":       label(dead.String()),
		"elsewhere":  label(elsewhere.String()),
		"unreadable": label("a label of another program"),
		"stranger":   {"some": "label"},
	}
	for kind, labels := range kinds {
		makeDecoys(t, r, prefix+kind, live, labels)
	}

	// Two at once: neither may fail over what the other removes.
	var logs [2]bytes.Buffer
	var removed [2][]cluster.Remains
	err := together(
		func() (err error) { removed[0], err = r.Clean(t.Context(), &logs[0]); return err },
		func() (err error) { removed[1], err = r.Clean(t.Context(), &logs[1]); return err },
	)
	if err != nil {
		t.Fatal(err)
	}
	var decoys []string
	for _, remains := range slices.Concat(removed[0], removed[1]) {
		if remains.Run != "decoy" {
			t.Errorf("removed of run %s: %v", remains.Run, remains.What)
		}
		decoys = append(decoys, remains.What...)
	}
	slices.Sort(decoys)
	want := []string{"container " + prefix + "dead", "network " + prefix + "dead", "volume " + prefix + "dead"}
	if !slices.Equal(decoys, want) {
		t.Errorf("removed %v, want %v", decoys, want)
	}
	log := logs[0].String() + logs[1].String()
	for _, line := range want {
		if !strings.Contains(log, "removed "+line+" of run decoy\n") {
			t.Errorf("the log does not tell of %s:\n%s", line, log)
		}
	}
	for kind := range kinds {
		wantDecoys(t, r, prefix+kind, kind != "dead")
	}
	if state, err := live.State(t.Context(), "n1"); err != nil || state != cluster.Running {
		t.Errorf("the live run's node is %v, %v", state, err)
	}
}

// makeDecoys makes a stopped container, a volume and a network of that name, and removes them after
// the test.
func makeDecoys(t *testing.T, r *Runtime, name string, like *Cluster, labels map[string]string) {
	t.Helper()
	ctx := context.Background()
	seen, err := r.engine.ContainerInspect(ctx, like.nodes[0].container)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Of what was removed by the test, removal fails; of the rest it must not matter.
		r.engine.ContainerRemove(ctx, name, removal)
		r.engine.VolumeRemove(ctx, name, true)
		r.engine.NetworkRemove(ctx, name)
	})
	config := &container.Config{Image: seen.Config.Image, Cmd: []string{binaryPath}, Labels: labels}
	if _, err := r.engine.ContainerCreate(ctx, config, nil, nil, nil, name); err != nil {
		t.Fatal(err)
	}
	if _, err := r.engine.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.engine.NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge", Labels: labels}); err != nil {
		t.Fatal(err)
	}
}

func wantDecoys(t *testing.T, r *Runtime, name string, want bool) {
	t.Helper()
	_, containerErr := r.engine.ContainerInspect(t.Context(), name)
	_, volumeErr := r.engine.VolumeInspect(t.Context(), name)
	_, networkErr := r.engine.NetworkInspect(t.Context(), name, network.InspectOptions{})
	for what, err := range map[string]error{"container": containerErr, "volume": volumeErr, "network": networkErr} {
		if there := err == nil; there != want {
			t.Errorf("%s %s: there %v, want %v (%v)", what, name, there, want, err)
		}
	}
}
