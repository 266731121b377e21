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
