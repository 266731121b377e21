package targetnode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"schism/targetnode/failpoint"
)

// bound is how long a condition may take to come about, on a busy machine.
const bound = 20 * time.Second

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
