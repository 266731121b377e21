package sim

import (
	"slices"
	"testing"

	"github.com/cockroachdb/datadriven"

	"schism/targetnode/raft"
)

// TestPaper plays scripts that read beside the papers, one for each claim about the protocol. Each line of a
// script directs one step of a cluster whose election timers stand still; below it stands what came of it,
// which -rewrite writes anew. What the claim demands is in the lines that begin with expect: no rewriting
// makes those true.
func TestPaper(t *testing.T) {
	datadriven.Walk(t, "testdata/paper", func(t *testing.T, path string) {
		var c *stage
		expected := 0
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "cluster":
				c = newStage(t, d)
			case "expect":
				expected++
				c.expect(t, d)
			default:
				c.told.Reset()
				c.play(t, d)
			}
			if c.told.Len() == 0 {
				return "ok"
			}
			return c.told.String()
		})
		if expected == 0 {
			t.Error("the script expects nothing")
		}
	})
}

func newStage(t *testing.T, d *datadriven.TestData) *stage {
	c := &stage{cut: map[[2]raft.NodeID]bool{}, floors: map[uint64]int{}}
	nodes, spare, leader := 3, 0, 0
	d.MaybeScanArgs(t, "nodes", &nodes)
	d.MaybeScanArgs(t, "spare", &spare)
	d.MaybeScanArgs(t, "leader", &leader)
	config := raft.Config{
		ElectionTimeout: paperTimeout, HeartbeatInterval: paperHeartbeat, ClockError: 0.1, MaxAppendBytes: 1 << 20, MaxInflight: 8,
		PreVote: d.HasArg("pre-vote"), CheckQuorum: d.HasArg("check-quorum"), Lease: d.HasArg("lease"),
	}
	if d.HasArg("one-by-one") {
		config.MaxAppendBytes, config.MaxInflight = 1, 1
	}
	if d.HasArg("defect") {
		var name string
		d.ScanArgs(t, "defect", &name)
		on, err := raft.ParseDefects([]string{name})
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		config.Defects = on
	}
	for id := 1; id <= nodes; id++ {
		config.Nodes = append(config.Nodes, raft.NodeID(id))
	}
	for id := 1; id <= nodes+spare; id++ {
		config.ID = raft.NodeID(id)
		a := &actor{cfg: config, clock: clock{perMille: 1000}}
		c.actors = append(c.actors, a)
		c.start(a)
	}
	if leader > 0 { // how it got there is another script's business
		l := c.actors[leader-1]
		l.raft.Campaign(0)
		c.settle(l)
		c.carry(quietly)
		c.told.Reset()
		c.tell("n%d leads term %d", leader, l.raft.Status().Term)
	}
	return c
}

// play carries out one line of a script.
func (c *stage) play(t *testing.T, d *datadriven.TestData) {
	switch d.Cmd {
	case "deliver":
		limit := 1 << 30
		d.MaybeScanArgs(t, "limit", &limit)
		c.carry(limit)
	case "settle":
		c.carry(quietly)
	case "lose":
		c.lose()
	case "cut", "join":
		c.link(t, d, d.Cmd == "cut")
	case "heal":
		clear(c.cut)
	case "wait":
		var timeouts int
		d.ScanArgs(t, "timeouts", &timeouts)
		c.wait(timeouts)
	case "state":
		c.summary()
	default:
		var id int
		d.ScanArgs(t, "n", &id)
		c.direct(t, d, c.actors[id-1])
	}
}

// direct is a line about one node.
func (c *stage) direct(t *testing.T, d *datadriven.TestData, a *actor) {
	now := a.clock.reading(c.now)
	if a.raft == nil && d.Cmd != "restart" {
		c.tell("n%d    is down", a.cfg.ID)
		return
	}
	switch d.Cmd {
	case "crash":
		c.crash(a)
		return
	case "restart":
		c.start(a)
	case "pause":
		a.paused = true
		return
	case "resume":
		c.resume(a)
		return
	case "rate":
		c.rate(t, d, a)
	case "read":
		c.read(t, d, a)
		return
	case "fsync":
		a.slow = false
	case "slow-disk":
		a.slow = true
	case "timer":
		a.raft.HoldElections(now, false)
	case "campaign":
		a.raft.Campaign(now)
	case "propose", "transfer", "change":
		if err := ask(t, d, a.raft, now); err != nil {
			c.tell("refused: %v", err)
		}
	default:
		d.Fatalf(t, "no such line")
	}
	c.settle(a)
}

// ask puts to the core what it may refuse.
func ask(t *testing.T, d *datadriven.TestData, n *raft.Node, now raft.Time) (err error) {
	switch d.Cmd {
	case "propose":
		var data string
		d.ScanArgs(t, "data", &data)
		_, _, err = n.Propose(now, [][]byte{[]byte(data)})
	case "transfer":
		var to int
		d.ScanArgs(t, "to", &to)
		err = n.Transfer(now, raft.NodeID(to))
	case "change":
		_, _, err = n.ProposeMembership(now, raft.Membership{Voters: nodesOf(t, d, "voters"), Learners: nodesOf(t, d, "learners")})
	}
	return err
}

func nodesOf(t *testing.T, d *datadriven.TestData, key string) (nodes []raft.NodeID) {
	if !d.HasArg(key) {
		return nil
	}
	var ids []int
	d.ScanArgs(t, key, &ids)
	for _, id := range ids {
		nodes = append(nodes, raft.NodeID(id))
	}
	return nodes
}

// link cuts all links between the nodes that are away and the others, or between those two groups, or joins them.
func (c *stage) link(t *testing.T, d *datadriven.TestData, cut bool) {
	away, from := nodesOf(t, d, "away"), nodesOf(t, d, "from")
	for _, a := range c.actors {
		if slices.Contains(away, a.cfg.ID) || from != nil && !slices.Contains(from, a.cfg.ID) {
			continue
		}
		for _, id := range away {
			c.cut[[2]raft.NodeID{a.cfg.ID, id}] = cut
			c.cut[[2]raft.NodeID{id, a.cfg.ID}] = cut
		}
	}
}

// rate makes a node's clock go at so many hundredths of the true rate from now on.
func (c *stage) rate(t *testing.T, d *datadriven.TestData, a *actor) {
	var percent int64
	d.ScanArgs(t, "percent", &percent)
	shows := a.clock.reading(c.now)
	a.clock = clock{perMille: 10 * percent}
	a.clock.origin = shows - a.clock.reading(c.now)
}

var readModes = map[string]raft.ReadMode{"local": raft.ReadLocal, "read-index": raft.ReadIndex, "lease": raft.ReadLease}

func (c *stage) read(t *testing.T, d *datadriven.TestData, a *actor) {
	var mode string
	d.ScanArgs(t, "mode", &mode)
	c.reads++
	c.floors[c.reads] = len(c.committed)
	r := raft.ReadReady{ID: c.reads}
	if a.paused {
		a.asked = append(a.asked, queued{r.ID, readModes[mode]})
		return
	}
	c.ask(a, queued{r.ID, readModes[mode]})
}
