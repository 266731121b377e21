package nemesis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// shelf is a cluster in memory whose nodes have logs on their disks. Its defects are those that a nemesis must
// notice.
type shelf struct {
	*world
	mu   sync.Mutex
	logs map[string]string // by node; n5 has none

	// What a node does that starts from a damaged log: it serves, or ends and says this.
	said     string
	stubborn bool  // what is written does not stay
	wild     bool  // more is written than was ordered
	broken   error // the disk cannot be written to
	astray   bool  // the record lies beyond the end
	hangs    bool  // a node that starts neither serves nor ends
}

const intact = "head|one|two"

func newShelf() *shelf {
	s := &shelf{world: newWorld(), logs: make(map[string]string)}
	for _, node := range five[:4] {
		s.logs[node] = intact
	}
	return s
}

// StartNode ends again at once a node that does not take its log.
func (s *shelf) StartNode(ctx context.Context, node string) error {
	if s.said != "" && s.logs[node] != intact {
		return errors.New("it ended while it started")
	}
	return s.world.StartNode(ctx, node)
}

func (s *shelf) LastRecord(_ context.Context, node string) (Record, error) {
	switch {
	case s.logs[node] == "":
		return Record{}, errors.New(node + " has no log")
	case s.astray:
		return Record{"7.wal", 99, 100}, nil
	}
	return Record{"7.wal", 9, 10}, nil
}

func (s *shelf) ReadFile(_ context.Context, node, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []byte(s.logs[node]), nil
}

func (s *shelf) WriteFile(ctx context.Context, node, name string, content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch up, _ := s.Running(ctx, node); {
	case up:
		return errors.New("it runs")
	case s.wild:
		content = append(content, '!')
	case s.stubborn:
		content = []byte(s.logs[node])
	}
	if s.broken == nil {
		s.logs[node] = string(content)
	}
	return s.broken
}

func (s *shelf) Outcome(ctx context.Context, node string) (bool, string, error) {
	if s.hangs {
		<-ctx.Done()
		return false, "", ctx.Err()
	}
	up, err := s.Running(ctx, node)
	return up, s.said, err
}

func playShelf(t *testing.T, s *shelf, schedule string) *tape {
	t.Helper()
	steps, err := parse(t, schedule)
	if err != nil {
		t.Fatal(err)
	}
	rec := &tape{}
	run := &Nemesis{
		Schedule: steps, Seed: 1, Length: 10 * time.Second, Leaders: fixedLeader("n2"), Recorder: rec,
		Env: &Env{Nodes: five, Network: s, Processes: s, Disks: s, Recorder: rec},
	}
	if err := run.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rec
}

// refusals are those that were written down.
func (t *tape) refusals() []string {
	var all []string
	for _, e := range t.events {
		if e.F == history.Refused {
			all = append(all, e.Node+" "+string(e.Value))
		}
	}
	return all
}

func TestLifeOfACorruptTail(t *testing.T) {
	const (
		stopped = "nemesis: [{at: 1s, sequence: [{kill: n1, meanwhile: [{corrupt-tail: n1}]}]}]"
		names   = "/data/7.wal, offset 9: damaged"
	)
	bit := []string{"start", "active", "proof=true", "end", "healed=true"}
	inVain := []string{"start", "active", "proof=false", "end", "healed=true"}
	killed := []string{"start", "active", "proof=true", "proof=true", "end", "healed=true"}
	lost := append(slices.Clone(killed[:5]), "healed=false")
	refusesToStrike := []string{"start", "proof=false", "end", "healed=true"}
	for name, c := range map[string]struct {
		shelf    func(*shelf)
		schedule string
		kill     []string
		tail     []string
		proof    string // of the damage
		refused  bool
	}{
		"the node takes it":          {schedule: stopped, kill: killed, tail: bit, proof: "7.wal of n1 reads 0x76 at offset 10, which was 0x77, in the record at offset 9"},
		"the node refuses it":        {shelf: func(s *shelf) { s.said = names }, schedule: stopped, kill: killed, tail: bit, proof: "reads 0x76", refused: true},
		"it ends, another file":      {shelf: func(s *shelf) { s.said = "/data/6.wal, offset 9: damaged" }, schedule: stopped, kill: lost, tail: bit, proof: "reads"},
		"it ends, another place":     {shelf: func(s *shelf) { s.said = "/data/7.wal, offset 99: damaged" }, schedule: stopped, kill: lost, tail: bit, proof: "reads"},
		"it ends, and no word":       {shelf: func(s *shelf) { s.said = "address already in use" }, schedule: stopped, kill: lost, tail: bit, proof: "reads"},
		"nobody knows":               {shelf: func(s *shelf) { s.hangs = true }, schedule: stopped, kill: lost, tail: bit, proof: "reads"},
		"it does not bite":           {shelf: func(s *shelf) { s.stubborn = true }, schedule: stopped, kill: killed, tail: inVain, proof: "reads as it did before"},
		"it bites too much":          {shelf: func(s *shelf) { s.wild = true }, schedule: stopped, kill: killed, tail: inVain, proof: "differs in more than the bit"},
		"the disk cannot be written": {shelf: func(s *shelf) { s.broken = errors.New("read-only") }, schedule: stopped, kill: killed, tail: refusesToStrike, proof: "could not be applied: n1: read-only"},
		"outside of the file":        {shelf: func(s *shelf) { s.astray = true }, schedule: stopped, kill: killed, tail: refusesToStrike, proof: "there is nothing to damage: byte 100 lies outside of 7.wal"},
		"there is no log":            {schedule: strings.ReplaceAll(stopped, "n1", "n5"), kill: killed, tail: refusesToStrike, proof: "could not be applied: n5: there is nothing to damage: n5 has no log"},
		"the node runs": {schedule: "nemesis: [{at: 1s, corrupt-tail: n1}]", kill: []string{"start", "proof=false", "proof=false", "end", "healed=true"},
			proof: "n1 runs: only the log of a node that is stopped can be damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShelf()
				if c.shelf != nil {
					c.shelf(s)
				}
				rec := playShelf(t, s, c.schedule)
				if lives := rec.lives(); !slices.Equal(lives[1], c.kill) || !slices.Equal(lives[2], c.tail) {
					t.Errorf("got  %v\nwant %v, %v", lives, c.kill, c.tail)
				}
				if proofs := strings.Join(rec.proofs(), "\n"); !strings.Contains(proofs, c.proof) {
					t.Errorf("the damage %q is not in\n%s", c.proof, proofs)
				}
				if got := rec.refusals(); (len(got) == 1) != c.refused || c.refused && got[0] != `n1 {"node":"n1","file":"7.wal","offset":9,"said":"`+names+`"}` {
					t.Errorf("refusals: %v", got)
				}
			})
		})
	}
}

// Nobody starts a node before the damage is done, though the fault that stopped it is over.
func TestCorruptTailKeepsItsNodeDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		done := make(chan *tape)
		go func() {
			done <- playShelf(t, s, "nemesis: [{at: 1s, for: 1s, kill: n1}, {at: 1500ms, for: 2s, corrupt-tail: n1}]")
		}()
		up := func() bool { up, _ := s.Running(t.Context(), "n1"); return up }
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if up() {
			t.Error("n1 runs while its log is being damaged")
		}
		lives := (<-done).lives()
		if !up() || s.logs["n1"] != "head|one|"+"tvo" {
			t.Errorf("at the end: running %v, log %q", up(), s.logs["n1"])
		}
		if want := []string{"start", "active", "proof=true", "proof=true", "end", "healed=true"}; !slices.Equal(lives[2], want) {
			t.Errorf("got  %v\nwant %v", lives[2], want)
		}
	})
}

// A node that took its damaged log and ends later does so for reasons of its own; one that refused goes on
// refusing, and no fault waits for it.
func TestWhoseEndIsARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const words = "n1 ended: /data/7.wal, offset 9: damaged"
		for _, c := range []struct {
			said            string
			refuses, refuse bool
		}{{"/data/7.wal, offset 9: damaged", true, true}, {"", false, false}} {
			s := newShelf()
			s.said = c.said
			rec := &tape{}
			e := &Env{Nodes: five, Processes: s, Disks: s, Recorder: rec}
			ctx := t.Context()
			kill, tail := &killNodes{nodes: []string{"n1", "n2"}}, &corruptLogs{nodes: []string{"n1"}, flips: make([]flip, 1)}
			for _, step := range []func(context.Context, *Env) error{kill.Apply, tail.Apply} {
				if err := step(ctx, e); err != nil {
					t.Fatal(err)
				}
			}
			if !e.Refuses("n1", words) || e.Refuses("n1", "a panic") || e.Refuses("n2", words) || e.Refused("n1") {
				t.Error("before it was started the words decide, and nobody has refused")
			}
			if err := errors.Join(tail.Undo(ctx, e), kill.Undo(ctx, e)); err != nil {
				t.Fatal(err)
			}
			if e.Refuses("n1", words) != c.refuses || e.Refused("n1") != c.refuse {
				t.Errorf("said %q: refuses %v, refused %v", c.said, e.Refuses("n1", words), e.Refused("n1"))
			}
			gone, seen, err := kill.Gone(ctx, e)
			want := "2 of 2 processes run again"
			if c.refuse {
				want = "1 of 2 processes run again; n1 refuses to: " + c.said
			}
			if !gone || seen != want || err != nil {
				t.Errorf("said %q: the kill is gone %v, %q, %v", c.said, gone, seen, err)
			}
		}
	})
}
