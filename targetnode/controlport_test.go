package targetnode

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"schism/targetnode/control"
	"schism/targetnode/raft"
)

func TestTheControlPortRefusesNonsense(t *testing.T) {
	c := newCluster(t, 1, nil)
	for _, r := range []struct{ method, path, body, says string }{
		{"PUT", "/v1/failpoints/apply.now", `{"action":"hold"}`, "no failpoint is called"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"dance"}`, "unknown action"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"hold","colour":1}`, "unknown field"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"hold"}{}`, "follows"},
		{"PUT", "/v1/failpoints/apply.before", ``, "read the body"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"hold","peer":"n2"}`, "belongs to no peer"},
		{"PUT", "/v1/failpoints/ae.before-send", `{"action":"hold","peer":"n9"}`, "no other node"},
		{"PUT", "/v1/failpoints/ack.hold", `{"action":"hold","index":3}`, "no limit of an index"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"sleep"}`, "needs its length"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"sleep","for":"long"}`, "no duration"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"crash","for":"1s"}`, "takes none"},
		{"PUT", "/v1/failpoints/apply.before", `{"action":"crash","hit":-1}`, "count from 1"},
		{"PUT", "/v1/failpoints/snapshot.before-rename", `{"action":"crash","key":"e"}`, "concerns no key"},
		{"DELETE", "/v1/failpoints/apply.now", ``, "no failpoint is called"},
		{"GET", "/v1/log", ``, "which key"},
		{"PUT", "/v1/election", `{}`, "hold is missing"},
		{"POST", "/v1/transfer", `{"to":"n9"}`, "no node of this cluster"},
		{"PUT", "/v1/clock", `{"rate":-1}`, "between 0"},
		{"PUT", "/v1/clock", `{"rates":1}`, "unknown field"},
		{"PUT", "/v1/clock", `{"offset":"5"}`, "no duration"},
	} {
		var answer struct{ Error string }
		if status, text := c.ask(c.nodes[0], r.method, r.path, r.body, &answer); status != http.StatusBadRequest || !strings.Contains(answer.Error, r.says) {
			t.Errorf("%s %s %s: %d %s, want 400 %q", r.method, r.path, r.body, status, text, r.says)
		}
	}
}

func TestLeadershipGoesWhereItIsSent(t *testing.T) {
	s := newScene(t)
	heir := s.followers[1]
	if status, text := s.ask(heir, "POST", "/v1/transfer", `{"to":"`+s.leader.cfg.Name+`"}`, nil); status != http.StatusConflict || !strings.Contains(text, "not the leader") {
		t.Errorf("a follower's transfer: %d %s", status, text)
	}
	s.control(s.leader, "POST", "/v1/transfer", `{"to":"`+heir.cfg.Name+`"}`)
	await(t, bound, "the heir leads", func() string {
		if st, err := s.status(heir); err != nil || st.Role != "leader" {
			return fmt.Sprintf("%+v, %v", st, err)
		}
		return ""
	})
}

// serving is "" once a node that starts answers.
func (c *cluster) serving(m *member) string {
	if _, err := c.status(m); err != nil {
		return err.Error()
	}
	return ""
}

// Without its leader the cluster stays without one until somebody is told to campaign.
func TestWhoCampaignsIsDirected(t *testing.T) {
	s := newScene(t)
	for _, m := range s.followers {
		s.control(m, "PUT", "/v1/election", `{"hold":true}`)
		if _, got := s.ask(m, "GET", "/v1/election", "", nil); !strings.Contains(got, `"hold":true`) {
			t.Errorf("%s says %s", m.cfg.Name, got)
		}
	}
	s.stop(s.leader)
	winner := s.followers[1]
	for _, m := range s.followers { // so that neither owes the old leader silence any more
		s.pass(m, patient)
	}
	if st, err := s.status(winner); err != nil || st.Role != "follower" {
		t.Errorf("before it is told to it is %+v, %v", st, err)
	}
	s.control(winner, "POST", "/v1/campaign", "")
	await(t, bound, "the told one leads", func() string {
		if st, err := s.status(winner); err != nil || st.Role != "leader" {
			return fmt.Sprintf("%+v, %v", st, err)
		}
		return ""
	})
	if st, err := s.status(s.followers[0]); err != nil || st.Role != "follower" {
		t.Errorf("the held one is %+v, %v", st, err)
	}
}

// Who holds the timer of a node that starts again does not race with it.
func TestAHoldOutlivesARestart(t *testing.T) {
	s := newScene(t)
	m := s.followers[0]
	for _, hold := range []string{`{"hold":true}`, `{"hold":false}`} {
		s.control(m, "PUT", "/v1/election", hold)
		s.stop(m)
		s.restart(m)
		await(t, bound, "it serves", func() string { return s.serving(m) })
		if _, got := s.ask(m, "GET", "/v1/election", "", nil); strings.TrimSpace(got) != hold {
			t.Errorf("told %s and restarted, it says %s", hold, got)
		}
	}
}

func TestAClockRunsAtTheRateItIsTold(t *testing.T) {
	c := newClock(false)
	before := c.now()
	c.set(0, 0)
	stands := c.now()
	if again := c.now(); stands < before || again != stands {
		t.Errorf("a clock that stands showed %d, %d, %d", before, stands, again)
	}
	if wait := c.until(stands + 1); wait != longestWait {
		t.Errorf("a clock that stands comes to the next nanosecond in %v", wait)
	}
	if wait := c.until(stands); wait != 0 {
		t.Errorf("now is in %v", wait)
	}
	c.set(1000, 0)
	real := time.Now()
	for time.Since(real) < time.Millisecond {
	}
	if went := c.now() - stands; went < raft.Time(time.Second) {
		t.Errorf("at a thousand times the rate a millisecond is %v", time.Duration(went))
	}
	if wait := c.until(c.now() + raft.Time(time.Hour)); wait > 4*time.Second {
		t.Errorf("an hour takes %v", wait)
	}
	at := c.now()
	c.set(1, 0)
	if c.now() < at {
		t.Error("the clock went back")
	}
}

func TestTheWallClockMovesOnlyWhoGoesByIt(t *testing.T) {
	for _, wall := range []bool{false, true} {
		c := newClock(wall)
		before := c.now()
		c.set(1, -time.Hour)
		if back := c.now() < before; back != wall {
			t.Errorf("by the wall clock %v: back %v", wall, back)
		}
	}
}

// A slow clock does not stop a node, and the control port tells of it.
func TestAClockIsSetThroughTheControlPort(t *testing.T) {
	s := newScene(t)
	s.control(s.followers[0], "PUT", "/v1/clock", `{"rate":0.1}`)
	var first, second control.Clock
	s.ask(s.followers[0], "GET", "/v1/clock", "", &first)
	s.mustOp(s.leader, `{"op":"put","key":"x","value":3}`)
	s.ask(s.followers[0], "GET", "/v1/clock", "", &second)
	if first.Rate != 0.1 || second.NowNS <= first.NowNS {
		t.Errorf("%+v, then %+v", first, second)
	}
	s.control(s.followers[0], "PUT", "/v1/clock", `{"offset":"-1h"}`)
	s.ask(s.followers[0], "GET", "/v1/clock", "", &second)
	if back := time.Duration(first.WallNS - second.WallNS); second.Rate != 0.1 || back < 59*time.Minute || back > time.Hour {
		t.Errorf("set back by an hour: %+v, then %+v", first, second)
	}
}
