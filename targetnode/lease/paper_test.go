package lease

import (
	"slices"
	"testing"

	"github.com/cockroachdb/datadriven"

	"schism/targetnode/raft"
)

// TestPaper plays scripts about the region leader (RL), who holds the lease, and the Raft leader (RaL), through
// whom everything reaches the log. Each line directs one step; below it stands what came of it, which -rewrite
// writes anew. What a claim demands is in the lines that begin with expect, which no rewriting makes true.
func TestPaper(t *testing.T) {
	datadriven.Walk(t, "testdata/paper", func(t *testing.T, path string) {
		var s *stage
		expected := 0
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "region":
				s = newStage(t, d)
			case "expect":
				expected++
				s.told.Reset()
				s.expect(t, d)
			default:
				s.told.Reset()
				s.play(t, d)
			}
			if s.told.Len() == 0 {
				return "ok"
			}
			return s.told.String()
		})
		if expected == 0 {
			t.Error("the script expects nothing")
		}
	})
}

// The lease of the scripts is 1000 ms, of which a holder counts on 900 by its own clock; others wait 1100 by theirs.
const (
	paperLease = 1000
	paperRenew = 250
	paperError = 0.1
)

func newStage(t *testing.T, d *datadriven.TestData) *stage {
	s := &stage{cut: map[[2]raft.NodeID]bool{}, fence: !d.HasArg("no-fence")}
	var nodes, holder, leader int
	d.ScanArgs(t, "nodes", &nodes)
	d.ScanArgs(t, "rl", &holder)
	d.ScanArgs(t, "ral", &leader)
	s.leader = raft.NodeID(leader)
	for id := 1; id <= nodes; id++ {
		s.nodes = append(s.nodes, &paperNode{id: raft.NodeID(id), percent: 100, keeper: New(Config{
			Self: raft.NodeID(id), Home: raft.NodeID(holder), Duration: paperLease, RenewEvery: paperRenew, ClockError: paperError,
			FirstTicket: uint64(1000 * id), Defects: Defects{NoWait: d.HasArg("no-wait")},
		}, State{}, 0)})
	}
	s.step()
	return s
}

// play carries out one line of a script.
func (s *stage) play(t *testing.T, d *datadriven.TestData) {
	switch d.Cmd {
	case "wait":
		var ms int
		d.ScanArgs(t, "ms", &ms)
		for range ms / paperStep {
			s.now += paperStep
			s.step()
		}
	case "lead":
		s.leader = s.node(t, d).id
		s.step()
	case "cut": // all links between the nodes that are away and the others
		var away []int
		d.ScanArgs(t, "away", &away)
		for _, n := range s.nodes {
			for _, id := range away {
				if !slices.Contains(away, int(n.id)) {
					s.cut[[2]raft.NodeID{n.id, raft.NodeID(id)}] = true
					s.cut[[2]raft.NodeID{raft.NodeID(id), n.id}] = true
				}
			}
		}
	case "cut-link": // one direction
		var from, to int
		d.ScanArgs(t, "from", &from)
		d.ScanArgs(t, "to", &to)
		s.cut[[2]raft.NodeID{raft.NodeID(from), raft.NodeID(to)}] = true
	case "heal":
		clear(s.cut)
		s.step()
	case "hold-apply", "let-apply":
		s.node(t, d).holds = d.Cmd == "hold-apply"
		s.step()
	case "hold-writes", "let-writes": // at the RaL, before they are appended
		s.held = d.Cmd == "hold-writes"
		s.step()
	case "rate":
		n, percent := s.node(t, d), 0
		d.ScanArgs(t, "percent", &percent)
		n.base, n.since, n.percent = s.clock(n), s.now, int64(percent)
	case "write":
		var data string
		d.ScanArgs(t, "data", &data)
		s.write(s.node(t, d), data)
		s.step()
	case "read":
		s.read(s.node(t, d))
	default:
		d.Fatalf(t, "no such line")
	}
}

func (s *stage) node(t *testing.T, d *datadriven.TestData) *paperNode {
	var id int
	d.ScanArgs(t, "n", &id)
	return s.nodes[id-1]
}

// expect fails the test itself.
func (s *stage) expect(t *testing.T, d *datadriven.TestData) {
	figures := map[string]int{
		"rl": int(s.holder()), "epoch": int(s.newest.Epoch), "most": s.most,
		"stale": s.stale, "served": s.served, "answered": s.answered, "fenced": s.fenced,
	}
	for _, arg := range d.CmdArgs {
		var want int
		d.ScanArgs(t, arg.Key, &want)
		got, known := figures[arg.Key]
		if !known {
			d.Fatalf(t, "nothing is called %s", arg.Key)
		}
		if got != want {
			t.Errorf("%s: %s is %d, want %d", d.Pos, arg.Key, got, want)
		}
	}
}
