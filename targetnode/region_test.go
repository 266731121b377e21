package targetnode

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/targetnode/api"
	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
)

// newRegionCluster has time-outs that are long enough for a busy machine to elect nobody else.
func newRegionCluster(t *testing.T, defects ...string) *cluster {
	return newRegionOf(t, 2*time.Second, defects...)
}

// newLastingRegionCluster has a lease that outlives any election.
func newLastingRegionCluster(t *testing.T) *cluster { return newRegionOf(t, time.Minute) }

func newRegionOf(t *testing.T, lease time.Duration, defects ...string) *cluster {
	return newCluster(t, 3, func(cfg *Config) {
		cfg.RegionLease, cfg.ElectionTimeout, cfg.Defects = lease, time.Second, defects
	})
}

// regionLeader waits until one running node holds the lease, and every other one knows of that.
func (c *cluster) regionLeader() (found *member) {
	c.t.Helper()
	await(c.t, 10*time.Second, "a region leader that all know", func() string {
		found = nil
		seen := ""
		known := map[string]bool{}
		for _, m := range c.nodes {
			if m.stop == nil {
				continue
			}
			s, err := c.status(m)
			if err != nil || s.Region == nil {
				return fmt.Sprintf("%s: %v", m.cfg.Name, err)
			}
			seen += fmt.Sprintf("%s: %+v; ", m.cfg.Name, *s.Region)
			known[fmt.Sprint(s.Region.Holder, s.Region.Epoch)] = true
			if s.Region.Holds {
				found = m
			}
		}
		if found == nil || len(known) != 1 {
			return seen
		}
		return ""
	})
	return found
}

func TestEveryNodeServesThroughTheRegionLeader(t *testing.T) {
	c := newRegionCluster(t)
	holder, raftLeader := c.regionLeader(), c.leader()
	if holder == raftLeader {
		t.Errorf("%s is both at once, although others could have been the first region leader", holder.cfg.Name)
	}
	session := c.mustOp(c.nodes[0], `{"op":"open-session"}`).Value
	for i, m := range c.nodes {
		c.mustOp(m, fmt.Sprintf(`{"op":"append","key":"x","value":%d,"client":%s,"seq":%d}`, i, session, i+1))
		for _, reader := range c.nodes {
			want := []string{"[0]", "[0,1]", "[0,1,2]"}[i]
			if r := c.mustOp(reader, `{"op":"get","key":"x"}`); string(r.Value) != want {
				t.Errorf("%s reads %s after the write at %s, want %s", reader.cfg.Name, r.Value, m.cfg.Name, want)
			}
		}
	}
	if r, err := c.op(c.nodes[1], `{"op":"cas","key":"x","from":null,"to":1}`); err != nil || r.OK || r.Error != kv.Mismatch || string(r.Found) != "[0,1,2]" {
		t.Errorf("a refusal came back as %+v, %v", r, err)
	}
}

// The region outlives its leader and the Raft leader, and what was acknowledged is still there.
func TestTheRegionMovesWhenItsLeaderStops(t *testing.T) {
	c := newRegionCluster(t)
	for round := range 2 {
		holder := c.regionLeader()
		before, err := c.status(holder)
		if err != nil {
			t.Fatal(err)
		}
		c.mustOp(c.nodes[0], fmt.Sprintf(`{"op":"append","key":"x","value":%d}`, round))
		c.stop(holder)
		next := c.regionLeader()
		if after, err := c.status(next); err != nil || after.Region.Epoch <= before.Region.Epoch || next == holder {
			t.Errorf("after %+v the lease is %+v, %v", before.Region, after.Region, err)
		}
		want := []string{"[0]", "[0,1]"}[round]
		if r := c.mustOp(next, `{"op":"get","key":"x"}`); string(r.Value) != want {
			t.Errorf("the next region leader reads %s, want %s", r.Value, want)
		}
		c.restart(holder)
	}
}

func TestTheRegionStaysWhenTheRaftLeaderStops(t *testing.T) {
	c := newLastingRegionCluster(t)
	holder, raftLeader := c.regionLeader(), c.leader()
	if holder == raftLeader {
		t.Fatal("one node is both")
	}
	before, err := c.status(holder)
	if err != nil {
		t.Fatal(err)
	}
	c.mustOp(holder, `{"op":"put","key":"x","value":1}`)
	c.stop(raftLeader)
	c.leader()
	c.mustOp(holder, `{"op":"put","key":"x","value":2}`)
	after, err := c.status(holder)
	if err != nil || after.Region.Epoch != before.Region.Epoch || !after.Region.Holds {
		t.Errorf("the lease was %+v and is %+v, %v", before.Region, after.Region, err)
	}
}

// Writes with an identity that are under way when the Raft leader stops are sent to the next one, and
// take effect once; without one they may be answered unknown.
func TestPendingWritesAcrossAChangeOfRaftLeader(t *testing.T) {
	c := newLastingRegionCluster(t)
	holder, raftLeader := c.regionLeader(), c.leader()
	if holder == raftLeader {
		t.Fatal("one node is both")
	}
	const clients = 8
	sessions := make([]string, clients)
	for i := range sessions {
		sessions[i] = string(c.mustOp(holder, `{"op":"open-session"}`).Value)
	}
	stopped := make(chan struct{})
	var running sync.WaitGroup
	for i, id := range sessions {
		running.Go(func() {
			last, want := false, "["
			for seq := 1; !last; seq++ {
				select {
				case <-stopped:
					last = true // one more, with the next leader
				default:
				}
				write := fmt.Sprintf(`{"op":"append","key":"k%d","value":%d,"client":%s,"seq":%d}`, i, seq, id, seq)
				if r, err := c.op(holder, write); err != nil || !r.OK {
					t.Errorf("%s: %+v, %v", write, r, err)
					return
				}
				want += fmt.Sprintf("%d,", seq)
			}
			r := c.mustOp(holder, fmt.Sprintf(`{"op":"get","key":"k%d"}`, i))
			if string(r.Value) != strings.TrimSuffix(want, ",")+"]" {
				t.Errorf("k%d is %s, want %s]", i, r.Value, want)
			}
		})
	}
	c.stop(raftLeader)
	close(stopped)
	running.Wait()
}

func TestWithoutARegionLeaderNothingIsServed(t *testing.T) {
	c := newRegionCluster(t)
	holder := c.regionLeader()
	for _, m := range c.nodes {
		if m != holder {
			c.stop(m)
		}
	}
	await(t, 10*time.Second, "the end of the lease", func() string {
		r, err := c.op(holder, `{"op":"get","key":"x"}`)
		if err == nil && r.Status == http.StatusMisdirectedRequest {
			return ""
		}
		return fmt.Sprintf("a read gave %+v, %v", r, err)
	})
	if r, err := c.op(holder, `{"op":"put","key":"x","value":1}`); err != nil || r.Status != http.StatusMisdirectedRequest {
		t.Errorf("a write gave %+v, %v", r, err)
	}
}

// A write that was under way while the region moved. Without the fence the old region leader, which has
// applied it, answers it, and the new one, which has not, reads in its lease as if it had never been.
func TestALateWriteIsFenced(t *testing.T) {
	for _, defects := range [][]string{nil, {"region-no-fence"}} {
		t.Run(fmt.Sprint(defects), func(t *testing.T) {
			c := newCluster(t, 3, func(cfg *Config) { // no other Raft leader meanwhile
				cfg.RegionLease, cfg.Defects = 2*time.Second, defects
			})
			old, raftLeader := c.regionLeader(), c.leader()
			if old == raftLeader {
				t.Fatal("one node is both")
			}
			for _, m := range c.followers(old) {
				c.arm(m, failpoint.ApplyBefore, `{"action":"hold","key":"e"}`)
			}
			c.arm(raftLeader, failpoint.RequestBeforeRead, `{"action":"hold","key":"e"}`)
			c.arm(old, failpoint.LeaseBeforeRenew, `{"action":"hold"}`)
			late := c.appendE(old, "late")
			next := c.nextRegionLeader(old)
			c.control(raftLeader, "DELETE", "/v1/failpoints/request.before-read", "")
			answer, read := <-late, c.mustOp(next, `{"op":"get","key":"e"}`)
			if string(read.Value) != "null" {
				t.Errorf("%s reads %s, although it has not applied the write", next.cfg.Name, read.Value)
			}
			if fenced := answer.Error == kv.Fenced; fenced != (defects == nil) || answer.OK == fenced {
				t.Errorf("the late write was answered %+v", answer)
			}
		})
	}
}

// nextRegionLeader waits until a node other than old holds the lease.
func (c *cluster) nextRegionLeader(old *member) (next *member) {
	c.t.Helper()
	await(c.t, 10*time.Second, "another region leader", func() string {
		for _, m := range c.followers(old) {
			if s, err := c.status(m); err == nil && s.Region.Holds {
				next = m
				return ""
			}
		}
		return "nobody holds the lease"
	})
	return next
}

func TestForwardedMessages(t *testing.T) {
	value := []byte(`"v"`)
	for _, m := range []interface{ encode() []byte }{
		regionRequest{1 << 60, kv.Command{Op: "append", Key: "x", Value: value, Client: 5, Seq: 6}},
		regionRequest{1, kv.Command{Op: "get", Key: "x"}},
		regionAnswer{7, answer{result: kv.Result{Value: value, Applied: 300}}},
		regionAnswer{7, answer{result: kv.Result{Refused: kv.Mismatch, Applied: 300}}},
		regionAnswer{7, answer{err: &api.Error{Outcome: api.NotLeader, Leader: "n2"}}},
		regionAnswer{7, answer{err: &api.Error{Outcome: api.Unknown, Why: "late"}}},
		regionProposal{[]byte{1, 2, 3}},
		regionDeclined{kv.Stamp{Epoch: 300, Number: 400}},
	} {
		b := m.encode()
		if got, err := decodeForwarded(b); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%+v became %+v, %v", m, got, err)
		}
	}
	for _, bad := range [][]byte{nil, {9}, {kindRegionRequest}, {kindRegionRequest, 1}, {kindRegionAnswer, 1}, {kindRegionAnswer, 1, 0, 5}, {kindRegionAnswer, 1, 9, 0, 0}, {kindRegionDeclined, 1}, {kindRegionDeclined, 1, 1, 1}} {
		if m, err := decodeForwarded(bad); err == nil {
			t.Errorf("%v gave %+v", bad, m)
		}
	}
}

func FuzzDecodeForwarded(f *testing.F) {
	f.Add(regionAnswer{7, answer{result: kv.Result{Value: []byte("1"), Applied: 300}}}.encode())
	f.Add(regionRequest{1, kv.Command{Op: "get", Key: "x"}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeForwarded(b)
		if err != nil {
			return
		}
		again, err := decodeForwarded(m.(interface{ encode() []byte }).encode())
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v became %+v, %v", m, again, err)
		}
	})
}
