package targetnode

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"schism/targetnode/control"
	"schism/targetnode/failpoint"
)

// bound is how long a condition may take to come about, on a busy machine.
const bound = 20 * time.Second

// ask sends a request to a member's control port and decodes the answer into to, unless that is nil.
func (c *cluster) ask(m *member, method, path, body string, to any) (status int, text string) {
	c.t.Helper()
	req, err := http.NewRequest(method, "http://"+m.control+path, bytes.NewReader([]byte(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err == nil && to != nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		c.t.Fatalf("%s %s: %s: %v", method, path, data, err)
	}
	return resp.StatusCode, string(data)
}

func (c *cluster) control(m *member, method, path, body string) {
	c.t.Helper()
	if status, text := c.ask(m, method, path, body, nil); status != http.StatusOK {
		c.t.Fatalf("%s %s %s: %d %s", method, path, body, status, text)
	}
}

func (c *cluster) arm(m *member, name failpoint.Name, arm string) {
	c.t.Helper()
	c.control(m, "PUT", "/v1/failpoints/"+string(name), arm)
}

// state is what the control port says of a point.
func (c *cluster) state(m *member, name failpoint.Name) failpoint.State {
	c.t.Helper()
	var all []failpoint.State
	c.ask(m, "GET", "/v1/failpoints", "", &all)
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	c.t.Fatalf("no state of %s", name)
	return failpoint.State{}
}

func (c *cluster) logOf(m *member, key string) control.Log {
	c.t.Helper()
	var log control.Log
	c.ask(m, "GET", "/v1/log?key="+key, "", &log)
	return log
}

// listen opens a member's stream of announcements. The channel is closed when the stream ends.
func (c *cluster) listen(m *member) <-chan failpoint.Announcement {
	c.t.Helper()
	resp, err := (&http.Client{}).Get("http://" + m.control + "/v1/announcements")
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { resp.Body.Close() })
	heard := make(chan failpoint.Announcement, 100)
	go func() {
		defer close(heard)
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			var a failpoint.Announcement
			if json.Unmarshal(lines.Bytes(), &a) != nil {
				return
			}
			heard <- a
		}
	}()
	return heard
}

func (c *cluster) hear(heard <-chan failpoint.Announcement) failpoint.Announcement {
	c.t.Helper()
	select {
	case a, open := <-heard:
		if !open {
			c.t.Fatal("the stream of announcements ended")
		}
		return a
	case <-time.After(bound):
		c.t.Fatal("nothing was announced")
	}
	return failpoint.Announcement{}
}

// appendE sends an append to the key e in the background, with its key in the address as well.
func (c *cluster) appendE(m *member, token string) <-chan reply {
	answered := make(chan reply, 1)
	go func() {
		var r reply
		resp, err := c.http.Post("http://"+m.client+"/v1/op?key=e", "application/json", strings.NewReader(`{"op":"append","key":"e","value":"`+token+`"}`))
		if err == nil {
			r.Status = resp.StatusCode
			err = json.NewDecoder(resp.Body).Decode(&r)
			resp.Body.Close()
		}
		if err != nil {
			r = reply{Error: err.Error()}
		}
		answered <- r
	}()
	return answered
}

func (c *cluster) followers(leader *member) (others []*member) {
	for _, m := range c.nodes {
		if m != leader {
			others = append(others, m)
		}
	}
	return others
}

// scene is a cluster in which a point is armed for the key e, which an append is under way to.
type scene struct {
	*cluster
	leader    *member
	followers []*member
	index     uint64 // of the append's entry
}

func (s *scene) has(m *member) string {
	if n := len(s.logOf(m, "e").Entries); n != 1 {
		return fmt.Sprintf("%s has %d entries on e, want 1; ", m.cfg.Name, n)
	}
	return ""
}

func (s *scene) lacks(m *member) string {
	if n := len(s.logOf(m, "e").Entries); n != 0 {
		return fmt.Sprintf("%s has %d entries on e, want none; ", m.cfg.Name, n)
	}
	return ""
}

// reached says what is wrong with how far the leader has come with the entry.
func (s *scene) reached(committed, applied bool) string {
	st, err := s.status(s.leader)
	if err != nil || st.Role != "leader" || st.Commit >= s.index != committed || st.Applied >= s.index != applied {
		return fmt.Sprintf("the leader's status is %+v, %v, and e is entry %d; ", st, err, s.index)
	}
	return ""
}

// places are the points that every operation comes by, and what is so while one of them holds it.
var places = []struct {
	name       failpoint.Name
	atFollower bool // armed at both followers
	durable    bool // as announced
	answered   bool // the hold is no hindrance to the answer
	during     func(*scene) string
}{
	{failpoint.RequestBeforeRead, false, false, false, func(s *scene) string { return s.lacks(s.leader) }},
	{failpoint.AppendBeforeFsync, false, false, true, func(s *scene) string {
		return s.lacks(s.leader) + s.has(s.followers[0]) + s.has(s.followers[1])
	}},
	{failpoint.AppendAfterFsync, false, true, true, func(s *scene) string { return s.has(s.leader) }},
	{failpoint.AEBeforeSend, false, false, false, func(s *scene) string {
		return s.has(s.leader) + s.lacks(s.followers[0]) + s.lacks(s.followers[1]) + s.reached(false, false)
	}},
	{failpoint.FollowerAfterFsync, true, true, false, func(s *scene) string {
		return s.has(s.leader) + s.has(s.followers[0]) + s.has(s.followers[1]) + s.reached(false, false)
	}},
	{failpoint.AckHold, true, true, false, func(s *scene) string {
		return s.has(s.leader) + s.has(s.followers[0]) + s.has(s.followers[1]) + s.reached(false, false)
	}},
	{failpoint.AckHold, false, false, false, func(s *scene) string {
		return s.has(s.leader) + s.has(s.followers[0]) + s.has(s.followers[1]) + s.reached(false, false)
	}},
	{failpoint.CommitAdvanced, false, false, false, func(s *scene) string { return s.reached(true, false) }},
	{failpoint.ApplyBefore, false, false, false, func(s *scene) string { return s.reached(true, false) }},
	{failpoint.ApplyAfter, false, false, false, func(s *scene) string { return s.reached(true, true) }},
	{failpoint.ReplyBeforeWrite, false, false, false, func(s *scene) string { return s.reached(true, true) }},
	{failpoint.ReplyAfterWrite, false, false, true, func(s *scene) string { return s.reached(true, true) }},
}

func newScene(t *testing.T) *scene {
	c := newCluster(t, 3, nil)
	l := c.leader()
	c.mustOp(l, `{"op":"put","key":"x","value":1}`)
	return &scene{cluster: c, leader: l, followers: c.followers(l)}
}

func TestEveryPointHoldsItsPathAndLetsItGo(t *testing.T) {
	for _, p := range places {
		t.Run(fmt.Sprintf("%s, at a follower %v", p.name, p.atFollower), func(t *testing.T) {
			t.Parallel() // they mostly wait
			s := newScene(t)
			at := []*member{s.leader}
			if p.atFollower {
				at = s.followers
			}
			var heard []<-chan failpoint.Announcement
			for _, m := range at {
				heard = append(heard, s.listen(m))
				s.arm(m, p.name, `{"action":"hold","key":"e"}`)
			}
			s.mustOp(s.leader, `{"op":"put","key":"x","value":2}`) // no business of a point armed for e
			before, err := s.status(s.leader)
			if err != nil {
				t.Fatal(err)
			}
			answered := s.appendE(s.leader, "e1")
			for i, m := range at {
				a := s.hear(heard[i])
				if a.Failpoint != p.name || a.Node != m.cfg.Name || a.Action != failpoint.Hold || a.Key != "e" || a.Hit != 1 || p.durable && !a.Durable {
					t.Errorf("announced %+v", a)
				}
				if p.name != failpoint.RequestBeforeRead {
					s.index = a.Index
				}
			}
			if s.index <= before.LastIndex && p.name != failpoint.RequestBeforeRead {
				t.Errorf("e is announced as entry %d, which was there before", s.index)
			}
			await(t, bound, "what is so while it is held", func() string {
				missing := p.during(s)
				for _, m := range at {
					if st := s.state(m, p.name); st.Held == 0 || st.Fired == 0 || st.Armed == nil {
						missing += fmt.Sprintf("%s: %+v; ", m.cfg.Name, st)
					}
				}
				return missing
			})
			if !p.answered {
				select {
				case r := <-answered:
					t.Fatalf("answered while held: %+v", r)
				default:
				}
			}
			for _, m := range at {
				s.control(m, "DELETE", "/v1/failpoints/"+string(p.name), "")
			}
			if r := <-answered; !r.OK {
				t.Errorf("after the disarming: %+v", r)
			}
			for _, m := range s.nodes {
				await(t, bound, "the entry everywhere", func() string { return s.has(m) })
			}
			if after, err := s.status(s.leader); err != nil || after.Term != before.Term {
				t.Errorf("the hold cost the leadership: %+v, %v", after, err)
			}
			if st := s.state(at[0], p.name); st.Held != 0 || st.Armed != nil {
				t.Errorf("%+v after the disarming", st)
			}
		})
	}
}

func TestEveryPointSleepsAndWakes(t *testing.T) {
	s := newScene(t)
	heard := map[*member]<-chan failpoint.Announcement{}
	for _, m := range s.nodes {
		heard[m] = s.listen(m)
	}
	for _, p := range places {
		at := s.leader
		if p.atFollower {
			at = s.followers[0]
		}
		s.arm(at, p.name, `{"action":"sleep","for":"20ms","key":"e"}`)
		answered := s.appendE(s.leader, string(p.name))
		if a := s.hear(heard[at]); a.Failpoint != p.name || a.Action != failpoint.Sleep {
			t.Errorf("announced %+v", a)
		}
		if r := <-answered; !r.OK {
			t.Errorf("%s: %+v", p.name, r)
		}
		await(t, bound, string(p.name)+": nobody sleeps", func() string {
			if st := s.state(at, p.name); st.Held > 0 || st.Fired != 1 {
				return fmt.Sprintf("%+v", st)
			}
			return ""
		})
		s.control(at, "DELETE", "/v1/failpoints", "")
	}
}

func TestErrorsAtPointsAreThoseOfTheirPath(t *testing.T) {
	stops := map[failpoint.Name]bool{
		failpoint.AppendBeforeFsync: true, failpoint.AppendAfterFsync: true, failpoint.FollowerAfterFsync: true,
		failpoint.CommitAdvanced: true, failpoint.ApplyBefore: true, failpoint.ApplyAfter: true,
	}
	for _, p := range places {
		t.Run(fmt.Sprintf("%s, at a follower %v", p.name, p.atFollower), func(t *testing.T) {
			t.Parallel() // they mostly wait
			s := newScene(t)
			at := s.leader
			if p.atFollower {
				at = s.followers[0]
			}
			heard := s.listen(at)
			s.arm(at, p.name, `{"action":"error","key":"e"}`)
			answered := s.appendE(s.leader, "e1")
			if a := s.hear(heard); a.Failpoint != p.name || a.Action != failpoint.Fail {
				t.Errorf("announced %+v", a)
			}
			r := <-answered
			switch {
			case stops[p.name]:
				if err := <-at.ended; err == nil || !strings.Contains(err.Error(), failpoint.ErrInjected.Error()) {
					t.Errorf("the node ended with %v", err)
				}
				at.stop()
				at.stop = nil
			case p.name == failpoint.RequestBeforeRead, p.name == failpoint.ReplyBeforeWrite:
				if r.Status != 0 {
					t.Errorf("answered %+v over a connection that should have failed", r)
				}
			case !r.OK: // a message is lost and sent again, or the answer was out already
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestAppendsGoNoFurtherThanTheIndex(t *testing.T) {
	s := newScene(t)
	before, err := s.status(s.leader)
	if err != nil {
		t.Fatal(err)
	}
	heard := s.listen(s.leader)
	s.arm(s.leader, failpoint.AEBeforeSend, fmt.Sprintf(`{"action":"hold","index":%d}`, before.LastIndex+1))
	s.mustOp(s.leader, `{"op":"append","key":"e","value":"e1"}`) // the one that may still go
	answered := s.appendE(s.leader, "e2")
	peers := map[string]bool{}
	for range s.followers {
		a := s.hear(heard)
		peers[a.Peer] = true
		if a.Index <= before.LastIndex+1 {
			t.Errorf("announced %+v", a)
		}
	}
	if len(peers) != 2 {
		t.Errorf("held are %v", peers)
	}
	for _, m := range s.followers {
		await(t, bound, "the first entry, and not the second", func() string { return s.has(m) })
	}
	s.control(s.leader, "DELETE", "/v1/failpoints/ae.before-send", "")
	if r := <-answered; !r.OK {
		t.Errorf("%+v", r)
	}
}

func TestOnlyTheNthHitActsUnlessEvery(t *testing.T) {
	s := newScene(t)
	heard := s.listen(s.leader)
	s.arm(s.leader, failpoint.ApplyBefore, `{"action":"sleep","for":"1ms","key":"e","hit":3}`)
	for i := range 5 {
		s.mustOp(s.leader, fmt.Sprintf(`{"op":"append","key":"e","value":%d}`, i))
	}
	if st := s.state(s.leader, failpoint.ApplyBefore); st.Passed != 5 || st.Fired != 1 {
		t.Errorf("%+v", st)
	}
	if a := s.hear(heard); a.Hit != 3 {
		t.Errorf("announced %+v", a)
	}
	s.arm(s.leader, failpoint.ApplyBefore, `{"action":"sleep","for":"1ms","hit":2,"every":true}`)
	for i := range 3 {
		s.mustOp(s.leader, fmt.Sprintf(`{"op":"append","key":"e","value":%d}`, i))
	}
	for hit := range 2 {
		if a := s.hear(heard); a.Hit != hit+2 {
			t.Errorf("announced %+v, want hit %d", a, hit+2)
		}
	}
}
