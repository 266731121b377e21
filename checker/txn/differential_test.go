package txn

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// kindOf is one kind of transactions and what judges it.
type kindOf struct {
	name    string
	list    bool
	checker func(Isolation) checker.Checker
	twin    func([]history.Operation, Isolation) bool
	names   []string // of anomalies, each of which must be found
}

func kindsOf() []kindOf {
	return []kindOf{{
		name: "list-append", list: true, checker: func(i Isolation) checker.Checker { return ListAppend{Isolation: i} }, twin: ofLists.holds,
		names: StrictSerializable.Level().Forbids,
	}, {
		name: "rw-register", checker: func(i Isolation) checker.Checker { return RWRegister{Isolation: i} }, twin: ofRegisters.holds,
		names: []string{checker.DirtyRead, checker.G1a, checker.G1b, checker.G1c, checker.GSingle, checker.GNonadjacent, checker.G2Item, checker.Internal, checker.LostUpdate},
	}}
}

// counts are what random histories were like.
type counts struct {
	mu                        sync.Mutex
	histories, unknown        int
	valid, invalid, undecided map[Isolation]int
	names                     map[string]int
	longest                   int
	searched                  int // verdicts for which orders of writes were searched
}

func newCounts() *counts {
	return &counts{valid: map[Isolation]int{}, invalid: map[Isolation]int{}, undecided: map[Isolation]int{}, names: map[string]int{}}
}

func (c *counts) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d histories, %d%% with unknown transactions; findings:", c.histories, 100*c.unknown/max(1, c.histories))
	for _, name := range slices.Sorted(maps.Keys(c.names)) {
		fmt.Fprintf(&b, " %s %d", name, c.names[name])
	}
	fmt.Fprintf(&b, "; longest proof: %d transactions; %d verdicts by a search for the order of writes", c.longest, c.searched)
	for _, l := range Isolations() {
		i := l.Isolation
		fmt.Fprintf(&b, "\n%-34s %3d%% valid, %d undecided", i, 100*c.valid[i]/max(1, c.histories), c.undecided[i])
	}
	return b.String()
}

// TestAgreesWithBruteForce judges random small histories at every level.
func TestAgreesWithBruteForce(t *testing.T) {
	for _, k := range kindsOf() {
		t.Run(k.name, func(t *testing.T) {
			rounds := checkertest.Rounds(800)
			if testing.Short() {
				rounds /= 2
			}
			c := newCounts()
			var wg sync.WaitGroup
			const parts = 4
			for part := range parts {
				wg.Go(func() {
					r := rand.New(rand.NewPCG(checkertest.Seed(), uint64(part)))
					for range rounds / parts {
						if err := k.agree(r, c); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			t.Log(c)
			valid := 0
			for _, n := range c.valid {
				valid += n
			}
			if p := 100 * valid / (c.histories * len(Isolations())); p < 30 || p > 70 {
				t.Errorf("%d%% of the verdicts are valid: want 30 to 70%%", p)
			}
			if p := 100 * c.unknown / c.histories; p < 45 {
				t.Errorf("%d%% of the histories have unknown transactions: want half of them", p)
			}
			for _, name := range k.names {
				if c.names[name] == 0 && rounds >= 800 {
					t.Errorf("no history shows %s", name)
				}
			}
		})
	}
}

func FuzzAgreesWithBruteForce(f *testing.F) {
	f.Add(uint64(1), uint64(2), uint8(0))
	f.Add(uint64(1), uint64(2), uint8(1))
	f.Fuzz(func(t *testing.T, a, b uint64, kind uint8) {
		all := kindsOf()
		if err := all[int(kind)%len(all)].agree(rand.New(rand.NewPCG(a, b)), newCounts()); err != nil {
			t.Fatal(err)
		}
	})
}

func (k *kindOf) agree(r *rand.Rand, c *counts) error {
	ops := newPlay(r, k.list).history()
	c.mu.Lock()
	c.histories++
	if slices.ContainsFunc(ops, func(o history.Operation) bool { return o.Outcome == history.Info }) {
		c.unknown++
	}
	c.mu.Unlock()
	for _, l := range Isolations() {
		if err := k.agreeAt(ops, l.Isolation, c); err != nil {
			return fmt.Errorf("%s %s: %w\n%s", k.name, l.Isolation, err, dump(ops))
		}
	}
	return nil
}

func (k *kindOf) agreeAt(ops []history.Operation, i Isolation, c *counts) error {
	check := k.checker(i).Check(context.Background(), &history.History{Operations: ops})
	want := k.twin(ops, i)
	c.mu.Lock()
	defer c.mu.Unlock()
	if check.Figures["writes_without_order"] > 0 {
		c.searched++
	}
	switch check.Verdict {
	case checker.Valid:
		c.valid[i]++
	case checker.Invalid:
		c.invalid[i]++
	default:
		c.undecided[i]++
		return fmt.Errorf("undecided: %s", check.Message)
	}
	if (check.Verdict == checker.Valid) != want {
		return fmt.Errorf("the twin says valid: %v, the check %v: %s %+v", want, check.Verdict, check.Message, check.Anomalies)
	}
	if (check.Verdict == checker.Valid) != (len(check.Anomalies) == 0) {
		return fmt.Errorf("%v, and the findings are %+v", check.Verdict, check.Anomalies)
	}
	for _, a := range check.Anomalies {
		c.names[a.Name]++
		c.longest = max(c.longest, len(a.Ops))
		if err := k.proved(ops, i, a); err != nil {
			return fmt.Errorf("%s, proved by %v: %w: %s", a.Name, a.Ops, err, a.Message)
		}
	}
	return nil
}

// proved holds a finding to its word: its transactions must break the level whatever the others did, of which only
// what they asked for is known.
func (k *kindOf) proved(ops []history.Operation, i Isolation, a checker.Anomaly) error {
	var beside []history.Operation
	named := 0
	for at, o := range ops {
		switch {
		case slices.Contains(a.Ops, o.Call):
			named++
		case o.Outcome == history.Fail:
			continue
		default:
			o.Outcome, o.Output, o.Process = history.Info, nil, history.Process(1000+at)
		}
		beside = append(beside, o)
	}
	switch {
	case named != len(a.Ops) || !slices.Contains(a.Ops, a.Focus):
		return fmt.Errorf("it names what is not there, or has the focus %d elsewhere", a.Focus)
	case !slices.Contains(checker.AnomalyNames(), a.Name) || !i.Level().Forbidden(a.Name):
		return fmt.Errorf("the level does not forbid it")
	case strings.Contains(a.Message, "%!") || strings.Contains(a.Proof, "%!"):
		return fmt.Errorf("words are missing")
	case k.twin(beside, i):
		return fmt.Errorf("it proves nothing")
	}
	return nil
}
