package targetnode

import (
	"fmt"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	"schism/targetnode/control"
)

// change asks whoever leads for a change of the membership until it is committed. An attempt whose outcome
// is not known may have been carried out: then the next one is refused, and done says so.
func (c *cluster) change(body string, done func(control.Membership) bool) (m control.Membership) {
	c.t.Helper()
	await(c.t, 2*bound, body, func() string {
		status, text := c.ask(c.leader(), "POST", "/v1/membership", body, nil)
		c.ask(c.leader(), "GET", "/v1/membership", "", &m)
		if m.Committed && done(m) {
			return ""
		}
		return fmt.Sprintf("%d %s; %+v", status, text, m)
	})
	return m
}

func role(m control.Membership, name string) string {
	for _, member := range m.Members {
		if member.Name == name {
			return member.Role
		}
	}
	return ""
}

// add starts a new node, as a process of its own, that a running cluster has been told of.
func (c *cluster) add(name string) (*member, *exec.Cmd) {
	c.t.Helper()
	l := c.openPorts()
	cfg := c.nodes[0].cfg
	cfg.Name, cfg.DataDir = name, c.t.TempDir()
	cfg.ListenClient, cfg.ListenPeer, cfg.ListenControl = l.clients.Addr().String(), l.peers.Addr().String(), l.control.Addr().String()
	l.close()
	added := c.change(fmt.Sprintf(`{"add":%q,"addr":%q}`, name, cfg.ListenPeer), func(m control.Membership) bool { return role(m, name) != "" })
	for _, member := range added.Members {
		if member.Name == name {
			cfg.Number = member.Number
		}
	}
	m := &member{cfg: cfg, client: cfg.ListenClient, peer: cfg.ListenPeer, control: cfg.ListenControl}
	c.nodes = append(c.nodes, m)
	return m, c.intoProcess(m)
}

// TestAClusterMovesToOtherNodes replaces every node of a cluster by a new one, kills the old ones, and then
// stops and starts the new ones, which none of the processes was configured with.
func TestAClusterMovesToOtherNodes(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.SnapshotEntries, cfg.ElectionTimeout = 20, 500*time.Millisecond })
	old := c.nodes
	var processes []*exec.Cmd
	for _, m := range old {
		processes = append(processes, c.intoProcess(m))
	}
	want := map[string]string{"list": c.fill("list", 60)}
	voters := 3
	for i, leaving := range old {
		name := fmt.Sprintf("n%d", 4+i)
		m, process := c.add(name)
		processes = append(processes, process)
		c.awaitState(m, want)
		await(t, bound, name+" as a learner", func() string { // told by the log, behind what makes the state
			if s, err := c.status(m); err != nil || !reflect.DeepEqual(s.Learners, []string{name}) || len(s.Voters) != voters {
				return fmt.Sprintf("%v vote and %v learn, %v", s.Voters, s.Learners, err)
			}
			return ""
		})
		c.change(`{"promote":"`+name+`"}`, func(m control.Membership) bool { return role(m, name) == control.Voter })
		c.change(`{"remove":"`+leaving.cfg.Name+`"}`, func(m control.Membership) bool { return role(m, leaving.cfg.Name) == "" })
		c.kill(leaving, processes[i])
		want[name] = fmt.Sprint(i)
		c.settle(fmt.Sprintf(`{"op":"put","key":%q,"value":%d}`, name, i))
	}
	c.nodes = c.nodes[3:]
	for _, m := range c.nodes {
		c.awaitState(m, want)
	}
	for i, m := range c.nodes {
		c.kill(m, processes[3+i])
	}
	for _, m := range c.nodes {
		c.intoProcess(m)
	}
	c.settle(`{"op":"put","key":"later","value":1}`)
	want["later"] = "1"
	for _, m := range c.nodes {
		c.awaitState(m, want)
		if s, err := c.status(m); err != nil || !reflect.DeepEqual(s.Voters, []string{"n4", "n5", "n6"}) || len(s.Learners) > 0 || s.FirstIndex == 1 {
			t.Errorf("%s after its restart: %+v, %v", m.cfg.Name, s, err)
		}
	}
}

// kill ends a node's process as a crash does.
func (c *cluster) kill(m *member, process *exec.Cmd) {
	c.t.Helper()
	if err := process.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	process.Wait()
	m.stop = nil
}

func TestMembershipChangesThatAreRefused(t *testing.T) {
	s := newScene(t)
	other := s.followers[0]
	for _, r := range []struct {
		at     *member
		body   string
		status int
		says   string
	}{
		{s.leader, `{}`, http.StatusBadRequest, "want one change"},
		{s.leader, `{"add":"n9","addr":"127.0.0.1:1","remove":"n1"}`, http.StatusBadRequest, "want one change"},
		{s.leader, `{"add":"n9"}`, http.StatusBadRequest, "addr is where"},
		{s.leader, `{"remove":"n1","addr":"127.0.0.1:1"}`, http.StatusBadRequest, "that is added"},
		{s.leader, `{"promote":"n1","force":true}`, http.StatusBadRequest, "force is for"},
		{s.leader, `{"add":"n9","addr":"here"}`, http.StatusBadRequest, "host:port"},
		{s.leader, `{"add":"n,9","addr":"127.0.0.1:1"}`, http.StatusBadRequest, "commas"},
		{s.leader, `{"add":"n1","addr":"127.0.0.1:1"}`, http.StatusBadRequest, "not given twice"},
		{s.leader, `{"promote":"n9"}`, http.StatusBadRequest, "no member"},
		{s.leader, `{"promote":"n1"}`, http.StatusBadRequest, "votes already"},
		{other, `{"remove":"n1"}`, http.StatusConflict, "not the leader"},
	} {
		if status, text := s.ask(r.at, "POST", "/v1/membership", r.body, nil); status != r.status || !strings.Contains(text, r.says) {
			t.Errorf("%s at %s: %d %s, want %d %q", r.body, r.at.cfg.Name, status, text, r.status, r.says)
		}
	}
	s.control(s.leader, "POST", "/v1/membership", `{"add":"n4","addr":"127.0.0.1:1"}`)
	if status, text := s.ask(s.leader, "POST", "/v1/membership", `{"promote":"n4"}`, nil); status != http.StatusConflict || !strings.Contains(text, "does not answer") {
		t.Errorf("a learner that is not there: %d %s", status, text)
	}
	s.control(s.leader, "POST", "/v1/membership", `{"remove":"n4"}`)
	if status, text := s.ask(s.leader, "POST", "/v1/membership", `{"add":"n4","addr":"127.0.0.1:1"}`, nil); status != http.StatusBadRequest || !strings.Contains(text, "not given twice") {
		t.Errorf("the name of a node that was removed: %d %s", status, text)
	}
}

// Of three voters one is away, and a leader that came later has never heard it. To remove another one would leave
// two, of which both must agree: it is refused, the leader's own removal too. The one that is away may go, and a
// learner.
func TestARemovalThatLeavesNoQuorumIsRefused(t *testing.T) {
	c := newCluster(t, 3, nil)
	first := c.leader()
	away, next := c.followers(first)[0], c.followers(first)[1]
	c.change(`{"add":"n4","addr":"127.0.0.1:1"}`, func(m control.Membership) bool { return role(m, "n4") == control.Learner })
	c.stop(away)
	await(t, bound, next.cfg.Name+" in the lead", func() string {
		if l := c.leader(); l != next {
			_, text := c.ask(l, "POST", "/v1/transfer", fmt.Sprintf(`{"to":%q}`, next.cfg.Name), nil)
			return text
		}
		return ""
	})
	for _, m := range []*member{first, next} {
		status, text := c.ask(next, "POST", "/v1/membership", fmt.Sprintf(`{"remove":%q}`, m.cfg.Name), nil)
		if status != http.StatusConflict || !strings.Contains(text, "of the 2 that would vote 2 must answer") || !strings.Contains(text, away.cfg.Name) {
			t.Errorf("to remove %s: %d %s", m.cfg.Name, status, text)
		}
	}
	var m control.Membership
	if c.ask(next, "GET", "/v1/membership", "", &m); len(m.Members) != 4 {
		t.Errorf("what was refused is in effect: %+v", m)
	}
	for _, name := range []string{"n4", away.cfg.Name} {
		c.change(`{"remove":"`+name+`"}`, func(m control.Membership) bool { return role(m, name) == "" })
	}
	c.settle(`{"op":"put","key":"later","value":1}`)
}

// A change that no quorum confirms is neither done nor refused.
func TestAMembershipChangeWithoutAQuorumIsUnknown(t *testing.T) {
	c := newCluster(t, 3, func(cfg *Config) { cfg.OpTimeout, cfg.CheckQuorum = 200*time.Millisecond, false })
	l := c.leader()
	for _, m := range c.followers(l) {
		c.stop(m)
	}
	if status, text := c.ask(l, "POST", "/v1/membership", `{"remove":"`+l.cfg.Name+`","force":true}`, nil); status != http.StatusGatewayTimeout || !strings.Contains(text, "unknown") {
		t.Errorf("%d %s", status, text)
	}
	var m control.Membership
	c.ask(l, "GET", "/v1/membership", "", &m)
	if m.Committed || len(m.Members) != 2 {
		t.Errorf("it is in effect, and not certain: %+v", m)
	}
}

// A node that joined takes part in the region as well: it passes on what it is asked.
func TestANewNodeServesThroughTheRegionLeader(t *testing.T) {
	c := newRegionCluster(t)
	c.regionLeader()
	m, _ := c.add("n4")
	c.change(`{"promote":"n4"}`, func(m control.Membership) bool { return role(m, "n4") == control.Voter })
	await(t, bound, "a write at the new node", func() string {
		r, err := c.op(m, `{"op":"put","key":"x","value":1}`)
		if err != nil || !r.OK {
			return fmt.Sprintf("%+v, %v", r, err)
		}
		return ""
	})
	for _, m := range c.nodes {
		c.awaitState(m, map[string]string{"x": "1"})
	}
}

func TestTheBookIsReadAsItWasWritten(t *testing.T) {
	first := book{{"a", "h:1"}}
	all := append(first, Peer{"b", "h:2"}, Peer{"c", "h:3"})
	encoded := all.joined(1)
	if got, err := first.with(encoded); err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := first.with(encoded[:len(encoded)-1]); err == nil {
		t.Errorf("cut short it reads %v", got)
	}
}
