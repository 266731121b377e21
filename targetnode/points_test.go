package targetnode

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"schism/targetnode/failpoint"
)

// otherPlaces are the points that no operation comes by; each has a test of its own below.
var otherPlaces = []failpoint.Name{failpoint.SnapshotBeforeRename, failpoint.LeaseBeforeRenew}

// Each point must have fired in a node: a point that was never tried may be in no path at all.
func TestEveryPointHasAPlace(t *testing.T) {
	c := newCluster(t, 1, nil)
	tried := map[failpoint.Name]bool{}
	for _, p := range places {
		tried[p.name] = true
	}
	for _, name := range otherPlaces {
		tried[name] = true
	}
	var all []failpoint.State
	c.ask(c.nodes[0], "GET", "/v1/failpoints", "", &all)
	for _, s := range all {
		if !tried[s.Name] {
			t.Errorf("no test lets %s act", s.Name)
		}
		delete(tried, s.Name)
	}
	if len(tried) > 0 {
		t.Errorf("no points: %v", tried)
	}
}

func (m *member) has(file string) bool {
	_, err := os.Stat(filepath.Join(m.cfg.DataDir, file))
	return err == nil
}

// snapshotScene is a follower, as a process of its own, in which the point before the rename is armed, and
// which has come there. Its peers save none: if the follower fell behind one of theirs, the leader would send
// that, and the disk keeps it waiting behind the one that is held.
func snapshotScene(t *testing.T, action string) (c *cluster, m *member, ended <-chan error, want map[string]string) {
	c = newCluster(t, 3, func(cfg *Config) {
		if cfg.Name == "n1" {
			cfg.SnapshotEntries = 20
		}
	})
	c.lead(c.nodes[1])
	m = c.nodes[0]
	process := c.intoProcess(m)
	heard := c.listen(m)
	c.arm(m, failpoint.SnapshotBeforeRename, `{"action":"`+action+`"}`)
	want = map[string]string{"list": c.fill("list", 30)}
	a := c.hear(heard) // the two others may have committed the entry before this node's own log has it on its disk
	if a.Failpoint != failpoint.SnapshotBeforeRename || a.Node != m.cfg.Name || string(a.Action) != action || a.Index < 20 || a.Hit != 1 {
		t.Errorf("announced %+v", a)
	}
	done := make(chan error, 1)
	if action != "hold" {
		go func() { done <- process.Wait() }()
	}
	return c, m, done, want
}

// While the snapshot does not have its name the log that it is to replace stays, and the node goes on.
func TestASnapshotIsHeldBeforeItsRename(t *testing.T) {
	c, m, _, want := snapshotScene(t, "hold")
	c.awaitState(m, want)
	if s, err := c.status(m); err != nil || s.FirstIndex != 1 || !m.has("snapshot.new") || m.has("snapshot") {
		t.Errorf("held: %+v, %v; draft %t, snapshot %t", s, err, m.has("snapshot.new"), m.has("snapshot"))
	}
	c.control(m, "DELETE", "/v1/failpoints/snapshot.before-rename", "")
	c.awaitFirstIndex(m, 1)
	if !m.has("snapshot") {
		t.Error("the log was let go without a snapshot")
	}
}

// A crash leaves a draft, which counts for nothing: the node has its log.
func TestACrashBeforeTheRenameOfASnapshotLosesNothing(t *testing.T) {
	c, m, ended, want := snapshotScene(t, "crash")
	if err := <-ended; err == nil || err.Error() != "signal: killed" {
		t.Errorf("the process ended with %v", err)
	}
	m.stop = nil
	if !m.has("snapshot.new") || m.has("snapshot") {
		t.Errorf("after the crash: draft %t, snapshot %t", m.has("snapshot.new"), m.has("snapshot"))
	}
	c.intoProcess(m)
	c.awaitState(m, want)
	want["more"] = c.fill("more", 30)
	c.awaitFirstIndex(m, 1)
	c.awaitState(m, want)
	if !m.has("snapshot") || m.has("snapshot.new") {
		t.Errorf("in its second life: draft %t, snapshot %t", m.has("snapshot.new"), m.has("snapshot"))
	}
}

func TestAnErrorBeforeTheRenameOfASnapshotStopsTheNode(t *testing.T) {
	c := newCluster(t, 1, func(cfg *Config) { cfg.SnapshotEntries = 20 })
	m := c.leader()
	c.arm(m, failpoint.SnapshotBeforeRename, `{"action":"error"}`)
	for i := 0; i < 30; i++ {
		if _, err := c.op(m, fmt.Sprintf(`{"op":"append","key":"list","value":%d}`, i)); err != nil {
			break // it has stopped
		}
	}
	if err := <-m.ended; err == nil || !strings.Contains(err.Error(), failpoint.ErrInjected.Error()) {
		t.Errorf("the node ended with %v", err)
	}
	m.stop()
	m.stop = nil
}

// Without its renewals the lease goes to another node, and the point says that it kept them back.
func TestARenewalOfTheLeaseIsHeld(t *testing.T) {
	c := newRegionCluster(t)
	holder := c.regionLeader()
	heard := c.listen(holder)
	c.arm(holder, failpoint.LeaseBeforeRenew, `{"action":"hold"}`)
	if a := c.hear(heard); a.Failpoint != failpoint.LeaseBeforeRenew || a.Node != holder.cfg.Name || a.Action != failpoint.Hold || a.Index == 0 || !a.Durable {
		t.Errorf("announced %+v", a)
	}
	c.nextRegionLeader(holder)
	if st := c.state(holder, failpoint.LeaseBeforeRenew); st.Fired == 0 {
		t.Errorf("%+v", st)
	}
}
