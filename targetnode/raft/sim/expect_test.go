package sim

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/datadriven"

	"schism/targetnode/raft"
)

// expectations are what a script may demand of its cluster. Each takes a number, or the content of an entry.
var expectations = map[string]func(t *testing.T, c *stage, want string){
	// e is committed at the leader of the newest term, once, and nobody ever saw an entry go.
	"present": func(t *testing.T, c *stage, e string) {
		if l := c.leader(); l == nil || count(l.applied, e) != 1 {
			t.Errorf("want %s committed once at the leader of the newest term; it is at %s", e, describeActor(l))
		}
	},
	// e was never committed by anybody.
	"uncommitted": func(t *testing.T, c *stage, e string) {
		if count(c.committed, e) > 0 {
			t.Errorf("%s was committed", e)
		}
	},
	// e is in no running node's log.
	"absent": func(t *testing.T, c *stage, e string) {
		for _, a := range c.actors {
			if a.raft != nil && count(a.log, e) > 0 {
				t.Errorf("want %s in no log; n%d has it", e, a.cfg.ID)
			}
		}
	},
}

// figures are numbers that a script may demand.
var figures = map[string]func(*stage) int{
	"leader": func(c *stage) int { // of the newest term that has one; 0: there is none
		if l := c.leader(); l != nil {
			return int(l.cfg.ID)
		}
		return 0
	},
	"leaders": func(c *stage) (n int) { // that take themselves for one
		for _, a := range c.actors {
			if a.raft != nil && a.raft.Status().Role == raft.Leader {
				n++
			}
		}
		return n
	},
	"term": func(c *stage) (newest int) {
		for _, a := range c.actors {
			if a.raft != nil {
				newest = max(newest, int(a.raft.Status().Term))
			}
		}
		return newest
	},
	"lost":   func(c *stage) int { return c.lost },
	"stale":  func(c *stage) int { return c.stale },
	"served": func(c *stage) int { return c.served },
}

// expect fails the test itself: figures by their names, holders of an entry on disk as of=e holders=2.
func (c *stage) expect(t *testing.T, d *datadriven.TestData) {
	c.told.Reset()
	for _, arg := range d.CmdArgs {
		if check := expectations[arg.Key]; check != nil {
			check(t, c, arg.Vals[0])
			continue
		}
		var want int
		if arg.Key == "of" {
			continue
		}
		d.ScanArgs(t, arg.Key, &want)
		figure := figures[arg.Key]
		if arg.Key == "holders" {
			var e string
			d.ScanArgs(t, "of", &e)
			figure = func(c *stage) int { return c.holders(e) }
		}
		if figure == nil {
			d.Fatalf(t, "nothing is called %s", arg.Key)
		}
		if got := figure(c); got != want {
			t.Errorf("%s: %s is %d, want %d", d.Pos, arg.Key, got, want)
		}
	}
}

// leader is that of the newest term which has one.
func (c *stage) leader() (found *actor) {
	for _, a := range c.actors {
		if a.raft == nil || a.raft.Status().Role != raft.Leader {
			continue
		}
		if found == nil || a.raft.Status().Term > found.raft.Status().Term {
			found = a
		}
	}
	return found
}

// holders is H: how many nodes, those that are down included, have an entry on disk.
func (c *stage) holders(e string) (n int) {
	for _, a := range c.actors {
		n += count(a.disk.entries, e)
	}
	return n
}

func count(entries []raft.Entry, e string) (n int) {
	for i := range entries {
		if entries[i].Kind == raft.EntryCommand && string(entries[i].Data) == e {
			n++
		}
	}
	return n
}

func describeActor(a *actor) string {
	if a == nil {
		return "nobody: there is no leader"
	}
	return fmt.Sprintf("n%d, which has applied %s", a.cfg.ID, contents(a.applied))
}
