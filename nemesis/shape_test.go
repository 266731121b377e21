package nemesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"schism/configs/strictyaml"
	"schism/history"
)

func names(n int) []string {
	nodes := make([]string, n)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("n%d", i+1)
	}
	return nodes
}

// sees is whom each node still hears and is heard by, itself included. A link that is silent one way
// only fails the test.
func sees(t *testing.T, nodes []string, f history.Fault) map[string][]string {
	t.Helper()
	cut := make(map[[2]string]bool)
	for _, l := range f.Cut {
		if cut[l] {
			t.Errorf("%v is cut twice", l)
		}
		cut[l] = true
	}
	seen := make(map[string][]string)
	for _, a := range nodes {
		for _, b := range nodes {
			if cut[[2]string{a, b}] != cut[[2]string{b, a}] {
				t.Errorf("%s and %s hear each other one way", a, b)
			}
			if !cut[[2]string{a, b}] {
				seen[a] = append(seen[a], b)
			}
		}
	}
	return seen
}

func aim(t *testing.T, f Fault, nodes []string, seed uint64) history.Fault {
	t.Helper()
	strike, err := f.Aim(t.Context(), NewPicker(nodes, fixedLeader("n2"), rand.New(rand.NewPCG(seed, 1))))
	if err != nil {
		t.Fatal(err)
	}
	return strike.Describe()
}

func TestRingGivesEachNodeAMajorityOfItsOwn(t *testing.T) {
	orders := make(map[string]bool)
	for n := 4; n <= 12; n++ {
		nodes := names(n)
		for seed := range uint64(20) {
			f := aim(t, &ShapedPartition{Ring}, nodes, seed)
			orders[f.What] = true
			views := make(map[string]bool)
			for node, seen := range sees(t, nodes, f) {
				if len(seen) <= n/2 || len(seen) == n {
					t.Errorf("%d nodes: %s sees %v", n, node, seen)
				}
				views[strings.Join(seen, " ")] = true
			}
			if len(views) != n {
				t.Errorf("%d nodes: only %d different views", n, len(views))
			}
		}
	}
	if len(orders) < 150 { // of four nodes there are 24, drawn 20 times
		t.Errorf("only %d different rings in 180 draws", len(orders))
	}
}

func TestBridge(t *testing.T) {
	middles := make(map[string]bool)
	for n := 3; n <= 8; n++ {
		nodes := names(n)
		for seed := range uint64(20) {
			f := aim(t, &ShapedPartition{Bridge}, nodes, seed)
			seen := sees(t, nodes, f)
			middle := f.Targets["bridge"][0]
			middles[middle] = true
			if len(seen[middle]) != n {
				t.Errorf("the bridge %s of %s sees only %v", middle, f.What, seen[middle])
			}
			for _, node := range nodes {
				if side := len(seen[node]); node != middle && (side < (n-1)/2+1 || side > n/2+1 || !slices.Contains(seen[node], middle)) {
					t.Errorf("%s: %s sees %v", f.What, node, seen[node])
				}
			}
		}
	}
	if len(middles) != 8 {
		t.Errorf("only %v were ever bridges", middles)
	}
}

func TestHalves(t *testing.T) {
	splits := make(map[string]bool)
	for seed := range uint64(50) {
		f := aim(t, &ShapedPartition{Halves}, five, seed)
		splits[f.What] = true
		if len(f.Groups) != 2 || len(f.Groups[0]) != 2 || len(f.Groups[1]) != 3 || len(f.Cut) != 12 {
			t.Fatalf("%+v", f)
		}
	}
	if len(splits) < 8 {
		t.Errorf("only %d of 10 splits in 50 draws", len(splits))
	}
}

func TestShapesNeedNodes(t *testing.T) {
	for shape, want := range map[Shape]string{
		Halves: "halves needs 2 nodes or more, and there are 1",
		Bridge: "bridge needs 3 nodes or more, and there are 1",
		Ring:   "ring needs 4 nodes or more, and there are 1",
	} {
		var f file
		d := strictyaml.Decode("s.yaml", []byte("nemesis: [{at: 1s, partition: "+string(shape)+"}]"), &f)
		f.Nemesis.Check(names(1), 0, d)
		if err := d.Err(); err == nil || !strings.Contains(err.Error(), "s.yaml:1:31: "+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestArrowsMeanTheSameNodesEverywhere(t *testing.T) {
	for text, want := range map[string]string{
		"[leader->n1, n1->leader]":             "n1→n2 n2→n1",
		"[leader<->n1, leader->n1]":            "n1→n2 n2→n1",
		"leader->rest":                         "n2→n1 n2→n3 n2→n4 n2→n5",
		"[all->leader]":                        "n1→n2 n3→n2 n4→n2 n5→n2",
		"[n1->n3, n3->followers, leader->n3]":  "n1→n3 n2→n3 n3→n4 n3→n5",
		"[random(4)->n1, n1->n2, leader->n3 ]": "", // four of the two that no name chose
	} {
		s, err := parse(t, "nemesis: [{at: 1s, cut: "+text+"}]")
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "the links want more nodes than the 5 there are") {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var links []string
		for _, l := range aim(t, s[0].Steps[0].Fault, five, 1).Cut {
			links = append(links, l[0]+"→"+l[1])
		}
		if got := strings.Join(links, " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	// A random end is the same node at both arrows, and none that a name chose.
	for seed := range uint64(50) {
		f := aim(t, &Cut{Arrows{{From: "one", To: "n1"}, {From: "n3", To: "one"}}}, five, seed)
		x := f.Targets["one"][0]
		if len(f.Cut) != 2 || x == "n1" || x == "n3" || !slices.Contains(f.Cut, [2]string{x, "n1"}) || !slices.Contains(f.Cut, [2]string{"n3", x}) {
			t.Fatalf("seed %d: one is %s, %v", seed, x, f.Cut)
		}
	}
	if _, err := (&Cut{Arrows{{From: "leader", To: "n2"}}}).Aim(context.Background(), NewPicker(five, fixedLeader("n2"), rand.New(rand.NewPCG(1, 1)))); err == nil {
		t.Error("a leader was cut off from itself")
	}
}

// A link that leads nowhere is an error when it is aimed, on every kind of fault: a cut of no links would be
// proved by none of them answering.
func TestArrowsThatLeadNowhere(t *testing.T) {
	for _, f := range []Fault{
		&Cut{Arrows{{From: Rest, To: Rest}}}, &Loss{Of: 30, Links: Arrows{{From: Rest, To: Rest}}}, &RateLimit{To: 8 << 10, Links: Arrows{{From: Rest, To: Rest}}},
	} {
		pick := NewPicker([]string{"n1"}, fixedLeader("n1"), rand.New(rand.NewPCG(1, 1)))
		if _, err := f.Aim(t.Context(), pick); err == nil || !strings.Contains(err.Error(), "rest->rest is no link: n1 has none to itself") {
			t.Errorf("%s: %v", f, err)
		}
	}
}
