package checker_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var mutate = flag.Bool("mutate", false, "flip each comparison of the near-linear checks, one at a time, and demand that a test fails for each; takes minutes")

// nearLinear are the functions that the near-linear checks decide by, and the tests that are to notice
// when one of their comparisons is wrong. Words and the choice among several proofs are no part of it.
var nearLinear = []struct {
	pkg, file, tests string
	funcs            []string // nil: all
}{
	{".", "keyedwatch.go", "KeyedWatch", nil},
	{".", "parts.go", "Parts", nil},
	{".", "zoneset.go", "Zone", nil},
	{"linear", "zones.go", "Golden|EveryWayAgrees", []string{"zones", "forward", "block", "sweep"}},
	{"linear", "succession.go", "Golden|EveryWayAgrees", []string{"observe", "read", "consume", "chain", "date", "prove"}},
	{"linear", "tighten.go", "Golden|Tighten|EveryWayAgrees", nil},
	{"linear", "refute.go", "Golden|Refuted|EveryWayAgrees", []string{"refute", "firstAsked", "bringsAbout"}},
	{"linear", "watch.go", "Watch", []string{"cut"}},
	{"linear", "watchkey.go", "Watch", nil},
	{"appendlist", "appendlist.go", "Golden|Recurs|EveryWayAgrees", []string{"judge"}},
	{"appendlist", "key.go", "Golden|Recurs|CannotBeJudged|WasCertain|MayBeAskedAgain|EveryWayAgrees", []string{"split", "takeWhole", "add", "addAppend", "endBefore", "once", "newBeginning", "take"}},
	{"appendlist", "sights.go", "Golden|EveryWayAgrees", nil},
	{"appendlist", "missing.go", "Golden|EveryWayAgrees", []string{"gone", "endKnown", "gaps", "gap", "byAge", "alongTheLongest", "oldestWithout", "lostAtTheEnd"}},
	{"appendlist", "findings.go", "Golden|EveryWayAgrees", []string{"duplicates", "dirty", "future", "reordered", "incompatible"}},
	{"appendlist", "watchlist.go", "Watch", nil},
	{"session", "register.go", "Golden|Undecided|AgreesWithBruteForce", []string{"name", "written", "call", "answer", "shown", "see"}},
	{"session", "part.go", "Part", nil},
	{"session", "order.go", "Golden|Order|AgreesWithBruteForce", []string{"add", "reach", "ancestors", "move"}},
	{"session", "list.go", "Golden|Undecided|AgreesWithBruteForce", nil},
	{"staleness", "measure.go", "Golden|Undecided|AgreesWithBruteForce", nil},
	{"staleness", "list.go", "Golden|Undecided|AgreesWithBruteForce", nil},
	{"staleness", "staleness.go", "Golden|Undecided|AgreesWithBruteForce", []string{"take", "add", "exceeded"}},
	{"txn", "lists.go", "Golden|Judged|Begins|Beside|Failed|AgreesWithBruteForce", []string{"key", "unappended", "begins", "longest", "inOrder", "mayCount", "along", "ownOrder", "note", "newLists"}},
	{"txn", "careful.go", "Golden|Judged|AgreesWithBruteForce", nil},
	{"txn", "depend.go", "Golden|AgreesWithBruteForce", nil},
	{"txn", "graph.go", "Golden|Any|AgreesWithBruteForce", nil},
	{"txn", "scc.go", "Golden|Any|AgreesWithBruteForce", nil},
	{"txn", "classify.go", "Golden|Circles|AgreesWithBruteForce", []string{"worst", "find", "nameOf"}},
	{"txn", "choices.go", "Golden|Choices|AgreesWithBruteForce", []string{"circle", "settle", "try"}},
	{"txn", "registers.go", "Golden|Judged|Beside|Failed|AgreesWithBruteForce", nil},
	{"txn", "follow.go", "Golden|AgreesWithBruteForce", nil},
	{"txn", "rwregister.go", "Golden|Judged|AgreesWithBruteForce", []string{"judge", "follow", "order", "choices"}},
	{"txn", "table.go", "Golden|Judged|Beside|Failed|AgreesWithBruteForce", []string{"enter", "unfounded"}},
	{"txn", "check.go", "Golden|Judged|AgreesWithBruteForce", []string{"sum", "unsure"}},
	{"objects", "counter.go", "EveryWayAgrees/^counter$", []string{"Counter", "decideCounter", "newSchedule", "call", "before", "back", "first", "take"}},
	{"objects", "dues.go", "EveryWayAgrees/^counter$", nil},
	{"objects", "set.go", "Refuted|EveryWayAgrees/^set$", []string{"fitsSet", "refuteSet", "newLayers", "read", "inOrder", "sweep", "earlier", "look"}},
	{"objects", "queue.go", "Refuted|EveryWayAgrees/^queue$", []string{"fitsQueue", "enqueuedOnce", "newQueued", "wrong", "take", "since", "until", "notEmpty"}},
	{"objects", "queueorder.go", "Refuted|EveryWayAgrees/^queue$", []string{"outOfOrder"}},
	{"objects", "queuemissing.go", "Refuted|EveryWayAgrees/^queue$", []string{"neverEnqueued", "missing"}},
	{"objects", "queuechoice.go", "AChoiceIsFound", nil},
	{"objects", "projection.go", "Refuted|Group|Register|EveryWayAgrees/^group", []string{"add"}},
	{"objects", "kvmissing.go", "Refuted|EveryWayAgrees/^text$", []string{"refuteText", "mayBeReplaced"}},
	{"objects", "watchcounter.go", "Watch(Agrees|Forgets)/^counter$", nil},
	{"objects", "watchempty.go", "Covered|Watch(Agrees|Forgets)/^queue$", nil},
	{"objects", "together.go", "Refuted|Group|Register|EveryWayAgrees/^group", []string{"settleTogether", "transactions", "spelled", "cutSeen"}},
	{"objects", "watchgroup.go", "Group", nil},
	{"objects", "watchmutex.go", "Watch(Agrees|Forgets)/^lock$", nil},
	{"objects", "watchqueue.go", "Watch(Agrees|Forgets)/^queue$", nil},
	{"objects", "watchset.go", "Watch(Agrees|Forgets)/^set$", nil},
	{"objects", "watchtakers.go", "Watch(Agrees|Forgets)/^queue$", nil},
	{"objects", "mutex.go", "EveryWayAgrees/^lock", []string{"fitsLock", "decideLock", "measure", "overlap"}},
}

// equivalent tells, by file, function and comparison, why no verdict can depend on it.
var equivalent = map[string]string{
	"counter.go Counter: o.does == counterAdd again again": "it chooses words",
	"queue.go take: len(f.ops) > 1":                        "it chooses words",
	"together.go settleTogether: other.name == f.name":     "it chooses words",

	"zoneset.go Sweep: o.S > first.S":  "any zone that proves another dead is right; the greatest finds most to forget",
	"zoneset.go Sweep: o.S > second.S": "any zone that proves another dead is right; the greatest finds most to forget",

	"lists.go longest: len(v) > len(r.value(longest))": "a shorter list begins none of the longer ones, and all are taken apart",
	"lists.go inOrder: r.place[s] == unseen":           "all lists are then taken apart",
	"lists.go along: v[0] != '['":                      "all lists are then taken apart",
	"lists.go along: v[len(v)-1] != ']'":               "all lists are then taken apart",
	"lists.go along: n == len(r.ends)":                 "all lists are then taken apart",
	"lists.go along: r.ends[n] != len(body)":           "all lists are then taken apart",
	"scc.go components: s.after != nil":                "it is where the search begins, which is the order that it finds things in",
	"classify.go find: k == rw":                        "a circle with one rw is then found among those with no two in a row",
	"follow.go chain: left > 0":                        "each write is then a chain of its own, and more choices are made",
	"rwregister.go judge: len(later) > 0":              "the same graph is then searched again",

	// Sessions and staleness look at a list that is the beginning of the longest one without taking it apart.
	// Whether they see that it is costs time only.
	"list.go views: len(v.text) > len(l.longest.text)": "it chooses the list that others are compared with first",
	"list.go align: v != l.longest":                    "the longest is then the beginning of nothing, and all are taken apart",
	"list.go begins: l.texts == nil":                   "no list is then the beginning of another, and all are taken apart",
	"list.go begins: at == len(l.ends)":                "no beginning of a text goes on behind its last value: a guard against what cannot be",
	"list.go sessions: i%256 == 0":                     "it is how often the time is asked for",
	"list.go upTo: len(list) > 0":                      "the list is then taken apart",
	"list.go upTo: len(body) > 1":                      "the list is then taken apart",
	"list.go upTo: at < len(l.ends)":                   "the list is then taken apart",
}

const mutantEnv = "SCHISM_TEST_MUTANT"

// flip stands in a file of its own beside the mutated ones. All mutants of a package are one binary.
const flip = `package %s

import "os"

var mutant = os.Getenv("` + mutantEnv + `")

func flipIf(name string, holds bool) bool { return holds != (mutant == name) }
`

// TestEveryComparisonMatters is the mutation run: go test ./checker -run EveryComparison -mutate -v.
func TestEveryComparisonMatters(t *testing.T) {
	if !*mutate {
		t.Skip("with -mutate only")
	}
	for _, pkg := range []string{".", "linear", "appendlist", "objects", "session", "staleness", "txn"} {
		t.Run(pkg, func(t *testing.T) {
			all, survivors := 0, 0
			binary, mutants := build(t, pkg)
			began := time.Now()
			if out, fails := run(t, pkg, binary, "", "Agree|Watch"); fails {
				t.Fatalf("the tests fail without a mutant: %s", out)
			}
			t.Logf("without a mutant all tests pass, in %v", time.Since(began))
			for _, m := range mutants {
				all++
				if why, known := equivalent[m.name]; known {
					t.Logf("%s: %s", m.name, why)
				} else if out, fails := run(t, pkg, binary, m.name, m.tests); !fails {
					survivors++
					t.Errorf("%s, line %d: no test fails when it is flipped", m.name, m.line)
				} else if bytes.Contains(out, []byte("test timed out")) {
					t.Logf("%s, line %d: its tests do not come to an end", m.name, m.line)
				}
			}
			t.Logf("%d comparisons flipped, one at a time; %d survived", all, survivors)
		})
	}
}

type mutant struct {
	name, tests string
	line        int
}

// build makes a test binary with every comparison of a package's checks in the hands of flipIf.
func build(t *testing.T, pkg string) (binary string, all []mutant) {
	t.Helper()
	dir := t.TempDir()
	replace := make(map[string]string)
	put := func(name string, source []byte) {
		original, err := filepath.Abs(filepath.Join(pkg, name))
		if err != nil {
			t.Fatal(err)
		}
		replace[original] = filepath.Join(dir, name)
		if err := os.WriteFile(replace[original], source, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range nearLinear {
		if f.pkg == pkg {
			source, mutants := rewrite(t, pkg, f.file, f.funcs)
			for i := range mutants {
				mutants[i].tests = f.tests
			}
			all = append(all, mutants...)
			put(f.file, source)
		}
	}
	put("flipif.go", fmt.Appendf(nil, flip, map[bool]string{true: "checker", false: pkg}[pkg == "."]))
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "mutants.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", list, "-o", binary, "./"+pkg).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary, all
}

// rewrite puts flipIf around each comparison of some functions.
func rewrite(t *testing.T, pkg, name string, funcs []string) ([]byte, []mutant) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(pkg, name))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var all []mutant
	before := make(map[int]string) // what to insert, by offset
	for _, decl := range file.Decls {
		f, is := decl.(*ast.FuncDecl)
		if !is || funcs != nil && !slices.Contains(funcs, f.Name.Name) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			c, is := n.(*ast.BinaryExpr)
			if !is || !slices.Contains([]token.Token{token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL, token.NEQ}, c.Op) {
				return true
			}
			from, to := fset.Position(c.Pos()).Offset, fset.Position(c.End()).Offset
			m := mutant{name: fmt.Sprintf("%s %s: %s", name, f.Name.Name, source[from:to]), line: fset.Position(c.OpPos).Line}
			for slices.ContainsFunc(all, func(o mutant) bool { return o.name == m.name }) {
				m.name += " again"
			}
			all = append(all, m)
			before[from] += fmt.Sprintf("flipIf(%q, ", m.name)
			before[to] = ")" + before[to]
			return true
		})
	}
	var b bytes.Buffer
	for i, c := range source {
		b.WriteString(before[i])
		b.WriteByte(c)
	}
	return b.Bytes(), all
}

// run says whether a test fails with one mutant alive. What does not come to an end was noticed too.
func run(t *testing.T, pkg, binary, mutant, tests string) (out []byte, fails bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.short", "-test.failfast", "-test.timeout=1m", "-test.run="+tests)
	cmd.Dir = pkg
	cmd.Env = append(os.Environ(), mutantEnv+"="+strings.TrimSpace(mutant))
	out, err := cmd.CombinedOutput()
	return out, err != nil
}
