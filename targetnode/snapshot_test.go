package targetnode

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"schism/targetnode/raft"
	"schism/targetnode/storage"
)

// compacting is a cluster that saves a snapshot every few entries.
func compacting(t *testing.T, defects ...string) *cluster {
	return newCluster(t, 3, func(cfg *Config) {
		cfg.SnapshotEntries, cfg.Defects = 20, defects
	})
}

// awaitFirstIndex waits until a node's log begins beyond an entry: it has saved or taken over a snapshot.
func (c *cluster) awaitFirstIndex(m *member, beyond uint64) {
	c.t.Helper()
	await(c.t, bound, m.cfg.Name+"'s log to begin behind a snapshot", func() string {
		s, err := c.status(m)
		if err != nil || s.FirstIndex <= beyond {
			return fmt.Sprintf("%+v, %v; want a first entry beyond %d", s, err, beyond)
		}
		return ""
	})
}

// settle asks whoever leads until it answers with ok. It is for what may be asked twice: a busy machine
// costs leaders their leadership.
func (c *cluster) settle(body string) (r reply) {
	c.t.Helper()
	await(c.t, 20*time.Second, fmt.Sprintf("an answer to %.80s", body), func() string {
		var err error
		if r, err = c.op(c.leader(), body); err != nil || r.Status != http.StatusOK || !r.OK {
			return fmt.Sprintf("%+v, %v", r, err)
		}
		return ""
	})
	return r
}

// fill appends so many numbers to a list, and returns what it holds then.
func (c *cluster) fill(key string, numbers int) string {
	c.t.Helper()
	for i := range numbers {
		if _, err := c.op(c.leader(), fmt.Sprintf(`{"op":"append","key":%q,"value":%d}`, key, i)); err != nil {
			c.t.Fatal(err)
		}
	}
	return string(c.settle(fmt.Sprintf(`{"op":"get","key":%q}`, key)).Value)
}

// A node that was down while the log that it lacks was let go catches up by snapshot, in several chunks.
func TestANodeThatWasDownCatchesUpBySnapshot(t *testing.T) {
	c := compacting(t)
	l := c.leader()
	down := c.nodes[0]
	if down == l {
		down = c.nodes[1]
	}
	c.stop(down)
	before, err := c.status(l)
	if err != nil {
		t.Fatal(err)
	}
	large := `"` + strings.Repeat("v", maxAppendBytes*3/4) + `"`
	want := map[string]string{"a": large, "b": large, "c": large}
	for key, value := range want {
		c.settle(fmt.Sprintf(`{"op":"put","key":%q,"value":%s}`, key, value))
	}
	want["list"] = c.fill("list", 60)
	c.awaitFirstIndex(l, before.LastIndex+1)
	c.restart(down)
	c.awaitState(down, want)
	c.awaitFirstIndex(down, before.LastIndex+1)
	c.settle(`{"op":"put","key":"later","value":1}`)
	want["later"] = "1"
	c.awaitState(down, want)
}

func TestEveryNodeRestartsFromItsSnapshot(t *testing.T) {
	c := compacting(t)
	id := c.settle(`{"op":"open-session"}`).Value
	retried := fmt.Sprintf(`{"op":"append","key":"x","value":1,"client":%s,"seq":1}`, id)
	first := c.settle(retried)
	want := map[string]string{"list": c.fill("list", 50), "x": "[1]"}
	for range 2 {
		for _, m := range c.nodes {
			c.awaitFirstIndex(m, first.Applied)
			c.stop(m)
		}
		for _, m := range c.nodes {
			c.restart(m)
		}
		c.elect()
		if again := c.settle(retried); again.Applied != first.Applied {
			t.Errorf("the retry was answered %+v, the first attempt %+v", again, first)
		}
		for _, m := range c.nodes {
			c.awaitState(m, want)
		}
	}
	for _, m := range c.nodes {
		c.stop(m)
		wal, found, err := storage.Open(storage.OS{}, m.cfg.DataDir, storage.Options{Identity: m.cfg.identity()})
		if err != nil {
			t.Fatal(err)
		}
		wal.Close()
		if n := len(found.Durable.Entries); found.Durable.Snapshot.Index < 20 || n > 60 {
			t.Errorf("%s has a snapshot of entry %d and %d entries behind it", m.cfg.Name, found.Durable.Snapshot.Index, n)
		}
	}
}

func TestASessionOutlivesTheSnapshot(t *testing.T) {
	for defect, want := range map[string]string{"": "[1]", "snapshot-forgets-sessions": "[1,1]"} {
		t.Run("defect "+defect, func(t *testing.T) {
			var on []string
			if defect != "" {
				on = []string{defect}
			}
			c := compacting(t, on...)
			id := c.settle(`{"op":"open-session"}`).Value
			retried := fmt.Sprintf(`{"op":"append","key":"x","value":1,"client":%s,"seq":1}`, id)
			first := c.settle(retried)
			c.fill("list", 30)
			for _, m := range c.nodes {
				c.awaitFirstIndex(m, first.Applied)
			}
			for _, m := range c.nodes {
				c.stop(m)
			}
			for _, m := range c.nodes {
				c.restart(m)
			}
			c.elect()
			c.settle(retried)
			if r := c.settle(`{"op":"get","key":"x"}`); string(r.Value) != want {
				t.Errorf("x is %s, want %s", r.Value, want)
			}
		})
	}
}

// The defect names the state after a later entry by an earlier one: what lies between them is applied a
// second time after a restart.
func TestDefectStateAppliedSplit(t *testing.T) {
	for _, defect := range []bool{false, true} {
		t.Run(fmt.Sprint(defect), func(t *testing.T) {
			var on []string
			if defect {
				on = []string{"state-applied-split"}
			}
			c := compacting(t, on...)
			want := c.fill("list", 50)
			for _, m := range c.nodes {
				c.awaitFirstIndex(m, 10)
			}
			for _, m := range c.nodes {
				c.stop(m)
			}
			for _, m := range c.nodes {
				c.restart(m)
			}
			c.elect()
			if r := c.settle(`{"op":"get","key":"list"}`); (string(r.Value) != want) != defect {
				t.Errorf("with the defect %t the list is %s after the restart, and was %s", defect, r.Value, want)
			}
		})
	}
}

// The loop never waits for the disk of a snapshot: while one is under way no other begins.
func TestOneSnapshotIsUnderWayAtATime(t *testing.T) {
	s := newSaver(nil, 10, 5, false)
	for _, c := range []struct {
		applied  raft.Index
		bytes    int
		underWay bool
		want     bool
	}{
		{14, 0, false, false}, {15, 0, false, true}, {15, 0, true, false},
		{6, snapshotBytes, false, true}, {5, snapshotBytes, false, false},
	} {
		s.bytes, s.underWay = c.bytes, c.underWay
		if got := s.due(c.applied); got != c.want {
			t.Errorf("%+v: due %t", c, got)
		}
	}
}
