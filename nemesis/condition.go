package nemesis

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"schism/configs/strictyaml"
	"schism/history"
)

// Condition is something that a schedule waits for. The zero value is none.
type Condition struct {
	region bool // it is about the region leader
	test   test
	node   string // of is and isNot, and of fired, if only that one counts
	name   string // of a failpoint, or of an operation of the schedule
	count  int    // how often it fired, or how many nodes hold it
}

// test is what a condition asks.
type test string

const (
	exists  test = "leader"         // somebody says it leads
	changed test = "leader changed" // another one does than the sequence knew of
	is      test = "leader =="
	isNot   test = "leader !="
	fired   test = "fired" // failpoints of that name announced themselves so often since the sequence began
	held    test = "hold"  // just so many nodes have the operation's entry on their disks
)

// conditions are examples of all there is, for people.
const conditions = "leader, leader changed, leader == n1, leader != n1, the same of the region-leader, fired ack.hold, fired ack.hold at n1 4 times, 3 hold NAME"

var (
	comparison = regexp.MustCompile(`^leader\s*([=!]=)\s*(\S+)$`)
	firing     = regexp.MustCompile(`^fired (\S+)(?: at (\S+))?(?: (\d{1,4}) times)?$`)
	holding    = regexp.MustCompile(`^(\d{1,3}) hold (\S+)$`)
)

// ofRegion stands before the name of the test in a condition about the region leader.
const ofRegion = "region-"

// UnmarshalText reads a condition.
func (c *Condition) UnmarshalText(text []byte) error {
	bare, region := bytes.CutPrefix(text, []byte(ofRegion))
	switch t := test(bare); t {
	case exists, changed:
		*c = Condition{region: region, test: t}
		return nil
	}
	if m := comparison.FindSubmatch(bare); m != nil {
		*c = Condition{region: region, test: test("leader " + string(m[1])), node: string(m[2])}
		return nil
	}
	if m := firing.FindSubmatch(text); m != nil {
		*c = Condition{test: fired, name: string(m[1]), node: string(m[2]), count: 1}
		if len(m[3]) > 0 {
			c.count, _ = strconv.Atoi(string(m[3])) // a few digits
		}
		return nil
	}
	if m := holding.FindSubmatch(text); m != nil {
		*c = Condition{test: held, name: string(m[2])}
		c.count, _ = strconv.Atoi(string(m[1])) // a few digits
		return nil
	}
	return fmt.Errorf("%q is no condition (conditions are %s)", text, conditions)
}

func (c Condition) String() string {
	switch c.test {
	case fired:
		text := "fired " + c.name
		if c.node != "" {
			text += " at " + c.node
		}
		if c.count > 1 {
			text += fmt.Sprintf(" %d times", c.count)
		}
		return text
	case held:
		return fmt.Sprintf("%d hold %s", c.count, c.name)
	}
	words := string(c.test)
	if c.region {
		words = ofRegion + words
	}
	if c.node != "" {
		words += " " + c.node
	}
	return words
}

// Counts is the operation whose holders it counts; empty if it is about something else.
func (c Condition) Counts() string {
	if c.test == held {
		return c.name
	}
	return ""
}

// FromWithin says whether it is known from the nodes' own ports only.
func (c Condition) FromWithin() bool { return c.test == fired || c.test == held }

// check reports a node that does not exist.
func (c *Condition) check(nodes []string, d *strictyaml.Document) {
	if c.node != "" && !slices.Contains(nodes, c.node) {
		d.Errorf(hintFor(c.node, nodes, nodes), []any{c}, "%q is none of the %d nodes", c.node, len(nodes))
	}
}

// holds says whether it is so of this leader; known is the one that the sequence knew of.
func (c Condition) holds(leader, known string) bool {
	switch c.test {
	case changed:
		return leader != known
	case is:
		return leader == c.node
	case isNot:
		return leader != c.node
	}
	return true
}

// reign is who led when it was last looked at, as far as a sequence knows.
type reign struct{ leader, region string }

// of is the one whom the condition is about.
func (r *reign) of(c Condition) *string {
	if c.region {
		return &r.region
	}
	return &r.leader
}

// conditionPoll is how often a condition is looked at.
const conditionPoll = 20 * time.Millisecond

// await waits until the condition holds, and gives the leader then. The error says what was seen
// last.
func (c Condition) await(run context.Context, within time.Duration, leaders Leadership, known string) (leader string, err error) {
	ctx, cancel := context.WithTimeout(run, within)
	defer cancel()
	ask, seen := leaders.Leader, "no leader was seen"
	if c.region {
		ask, seen = leaders.RegionLeader, "no region leader was seen"
	}
	for {
		if leader, err = ask(ctx); err == nil {
			if c.holds(leader, known) {
				return leader, nil
			}
			seen = leader + " led last"
		}
		sleep(ctx, conditionPoll)
		switch {
		case run.Err() != nil:
			return "", fmt.Errorf("the run ended before it was so: %s", seen)
		case ctx.Err() != nil:
			return "", fmt.Errorf("not so within %v: %s", within, seen)
		}
	}
}

// fires counts the announcements that a condition is about, after a mark on the board.
func (c Condition) fires(b *Board, mark int) int {
	return len(b.since(mark, func(a history.Announcement) bool {
		return a.Failpoint == c.name && (c.node == "" || a.Node == c.node)
	}))
}

// within waits for a condition that the nodes' own ports tell of: the error says what was seen last.
func (n *Nemesis) within(run context.Context, c Condition, bound time.Duration, mark int) error {
	if err := controlled(n.Env); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(run, bound)
	defer cancel()
	for {
		seen, holds, err := n.look(ctx, c, mark)
		if err != nil || holds {
			return err
		}
		sleep(ctx, conditionPoll)
		switch {
		case run.Err() != nil:
			return fmt.Errorf("the run ended before it was so: %s", seen)
		case ctx.Err() != nil:
			return fmt.Errorf("not so within %v: %s", bound, seen)
		}
	}
}

func (n *Nemesis) look(ctx context.Context, c Condition, mark int) (seen string, holds bool, err error) {
	if c.test == held {
		return n.count(ctx, c)
	}
	times := c.fires(n.Env.Board, mark)
	return fmt.Sprintf("it fired %d times", times), times >= c.count, nil
}
