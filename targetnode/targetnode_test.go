package targetnode

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestElectsAndServes(t *testing.T) {
	for _, n := range []int{1, 3, 5} {
		for _, reads := range []string{"local", "read-index", "lease"} {
			t.Run(fmt.Sprintf("%d nodes, reads %s", n, reads), func(t *testing.T) {
				c := newCluster(t, n, func(cfg *Config) { cfg.Reads = reads })
				l := c.leader()
				if r := c.mustOp(l, `{"op":"get","key":"x"}`); string(r.Value) != "null" {
					t.Errorf("a key never written reads %s", r.Value)
				}
				c.mustOp(l, `{"op":"put","key":"x","value":{"a":"<&>"}}`)
				if r := c.mustOp(l, `{"op":"get","key":"x"}`); string(r.Value) != `{"a":"<&>"}` || r.Applied == 0 {
					t.Errorf("read %+v", r)
				}
				c.mustOp(l, `{"op":"cas","key":"x","from":{"a":"<&>"},"to":2}`)
				r, err := c.op(l, `{"op":"cas","key":"x","from":1,"to":3}`)
				if err != nil || r.Status != http.StatusOK || r.OK || r.Error != "mismatch" || string(r.Found) != "2" {
					t.Errorf("a cas that does not match: %+v, %v", r, err)
				}
				for _, m := range c.nodes {
					c.awaitState(m, map[string]string{"x": "2"})
					if m != l {
						c.checkRefusal(m, l)
					}
				}
			})
		}
	}
}

// awaitState waits until a node's own state is as wanted: values by key.
func (c *cluster) awaitState(m *member, want map[string]string) {
	c.t.Helper()
	await(c.t, bound, "the state of "+m.cfg.Name, func() string {
		var s struct {
			Applied, Term uint64
			State         map[string]json.RawMessage
		}
		resp, err := c.http.Get("http://" + m.client + "/v1/state")
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
			return err.Error()
		}
		got := map[string]string{}
		for key, value := range s.State {
			got[key] = string(value)
		}
		if reflect.DeepEqual(got, want) && s.Applied > 0 && s.Term > 0 {
			return ""
		}
		for key, value := range got { // a large one would take longer to print than there is to wait
			got[key] = fmt.Sprintf("%.40s (%d bytes)", value, len(value))
		}
		return fmt.Sprintf("applied %d of term %d: %v", s.Applied, s.Term, got)
	})
}

// checkRefusal asks a follower, which must refuse reads and writes with a hint at the leader.
func (c *cluster) checkRefusal(m, leader *member) {
	c.t.Helper()
	for _, body := range []string{`{"op":"get","key":"x"}`, `{"op":"put","key":"x","value":"refused"}`} {
		r, err := c.op(m, body)
		if err != nil || r.Status != http.StatusMisdirectedRequest || r.Error != "not the leader" || r.Leader == nil || *r.Leader != leader.cfg.Name {
			c.t.Errorf("%s at the follower %s: %+v, %v; want a refusal with a hint at %s", body, m.cfg.Name, r, err, leader.cfg.Name)
		}
	}
}

func TestANewLeaderHasEveryAcknowledgedWrite(t *testing.T) {
	c := newCluster(t, 3, nil)
	want := map[string]string{}
	for round := range 3 {
		l := c.leader()
		for i := range 20 {
			key := fmt.Sprintf("k%d-%d", round, i)
			c.mustOp(l, fmt.Sprintf(`{"op":"put","key":%q,"value":%d}`, key, i))
			want[key] = fmt.Sprint(i)
		}
		c.stop(l)
		next := c.elect()
		if next == l {
			t.Fatal("the stopped node leads")
		}
		for key, value := range want {
			if r := c.mustOp(next, fmt.Sprintf(`{"op":"get","key":%q}`, key)); string(r.Value) != value {
				t.Errorf("%s reads %s at the new leader, want %s", key, r.Value, value)
			}
		}
		c.restart(l)
		c.awaitState(l, want)
	}
}

func TestAllNodesRestartWithTheirData(t *testing.T) {
	c := newCluster(t, 3, nil)
	l := c.leader()
	want := map[string]string{}
	for i := range 50 {
		c.mustOp(l, fmt.Sprintf(`{"op":"put","key":"k%d","value":"v%d"}`, i, i))
		want[fmt.Sprintf("k%d", i)] = fmt.Sprintf(`"v%d"`, i)
	}
	for _, m := range c.nodes {
		c.stop(m)
	}
	for _, m := range c.nodes {
		c.restart(m)
	}
	l = c.elect()
	for _, m := range c.nodes {
		c.awaitState(m, want)
	}
	if r := c.mustOp(l, `{"op":"get","key":"k49"}`); string(r.Value) != `"v49"` {
		t.Errorf("k49 reads %s after the restart", r.Value)
	}
}

// TestAMinoritysLeaderAnswersNoMore stops both followers: a write that was appended is unknown, a
// read is not served, and in the end the node knows that it leads nobody.
func TestAMinoritysLeaderAnswersNoMore(t *testing.T) {
	for _, reads := range []string{"read-index", "lease"} {
		t.Run(reads, func(t *testing.T) {
			c := newCluster(t, 3, func(cfg *Config) { cfg.Reads, cfg.OpTimeout = reads, 500*time.Millisecond })
			l := c.leader()
			c.mustOp(l, `{"op":"put","key":"x","value":1}`)
			for _, m := range c.nodes {
				if m != l {
					c.stop(m)
				}
			}
			r, err := c.op(l, `{"op":"put","key":"x","value":2}`)
			if err != nil || r.Status != http.StatusGatewayTimeout || !strings.HasPrefix(r.Error, "unknown: ") {
				t.Errorf("a write without a quorum: %+v, %v; want 504", r, err)
			}
			c.pass(l, patient)
			await(t, bound, "a refusal of reads", func() string {
				r, err := c.op(l, `{"op":"get","key":"x"}`)
				if err != nil || r.Status == http.StatusOK {
					return fmt.Sprintf("%+v, %v", r, err)
				}
				if r.Status != http.StatusServiceUnavailable && r.Status != http.StatusMisdirectedRequest {
					t.Fatalf("a read without a quorum: %+v", r)
				}
				return ""
			})
		})
	}
}

func TestALeaderWithoutCheckQuorumServesLocalReadsForEver(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Reads, cfg.CheckQuorum, cfg.OpTimeout = "local", false, 200*time.Millisecond })
	l := c.leader()
	c.mustOp(l, `{"op":"put","key":"x","value":1}`)
	for _, m := range c.nodes {
		if m != l {
			c.stop(m)
		}
	}
	if r, err := c.op(l, `{"op":"put","key":"x","value":2}`); err != nil || r.Status != http.StatusGatewayTimeout {
		t.Errorf("a write without a quorum: %+v, %v; want 504", r, err)
	}
	for range 3 {
		c.pass(l, patient)
		if r := c.mustOp(l, `{"op":"get","key":"x"}`); string(r.Value) != "1" {
			t.Fatalf("read %s, want the committed 1", r.Value)
		}
	}
}

func TestStatus(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.Reads = "lease" })
	l := c.leader()
	await(t, bound, "a running lease in the leader's status", func() string {
		s, err := c.status(l)
		if err != nil {
			t.Fatal(err)
		}
		if s.Node != l.cfg.Name || s.Leader != l.cfg.Name || s.ReadMode != "lease" || s.Commit == 0 || s.LastIndex == 0 || s.Started.IsZero() {
			t.Fatalf("status %+v", s)
		}
		if s.LeaseMS == nil || *s.LeaseMS <= 0 || *s.LeaseMS > patient.Seconds()*1000 {
			return fmt.Sprintf("%+v", s)
		}
		return ""
	})
}
