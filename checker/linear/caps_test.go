package linear

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/checker/search"
	"schism/history"
)

// hopeless is a key that no search decides in reasonable time: clients write the same few values all
// at once, again and again, and at the end somebody reads what was never there.
func hopeless(key string, ops, clients int, index *int64) []history.Operation {
	r := rand.New(rand.NewPCG(5, 6))
	var all []history.Operation
	for first := 0; first < ops; first += clients {
		for c := range clients {
			o := history.Operation{Process: history.Process(c), Key: key, F: history.Write, Call: *index, Outcome: history.OK}
			o.Input = history.Int(int64(r.IntN(5)))
			if r.IntN(3) == 0 {
				o.F, o.Input, o.Output = history.Read, nil, history.Int(int64(r.IntN(5)))
			}
			all = append(all, o)
			*index++
		}
		for i := len(all) - clients; i < len(all); i++ {
			all[i].Return = *index
			*index++
		}
	}
	last := history.Operation{Process: 0, Key: key, F: history.Read, Output: history.Int(0), Call: *index, Return: *index + 1, Outcome: history.OK}
	again := last
	again.Output, again.Call, again.Return = history.Int(1), last.Call+2, last.Return+2
	*index += 4
	return append(all, last, again)
}

// mixed is two hopeless keys and two easy ones that zones cannot judge, one of them invalid.
func mixed(ops int) *history.History {
	var index int64
	h := &history.History{}
	for _, key := range []string{"a", "c"} {
		h.Operations = append(h.Operations, hopeless(key, ops, 40, &index)...)
	}
	for _, key := range []string{"b", "d"} {
		for i, v := range []string{"1", "2", "1"} {
			h.Operations = append(h.Operations, history.Operation{
				Process: 1, Key: key, F: history.Write, Input: history.Value(v), Outcome: history.OK,
				Call: index + int64(2*i), Return: index + int64(2*i) + 1,
			})
		}
		seen := map[string]string{"b": "1", "d": "2"}[key]
		h.Operations = append(h.Operations, history.Operation{
			Process: 1, Key: key, F: history.Read, Output: history.Value(seen), Outcome: history.OK, Call: index + 6, Return: index + 7,
		})
		index += 8
	}
	return h
}

func checkMixed(t *testing.T, c checker.Check, why string) {
	t.Helper()
	if c.Verdict != checker.Invalid || len(c.Keys) != 4 {
		t.Fatalf("verdict %v over %d keys, want invalid over 4: %+v", c.Verdict, len(c.Keys), c)
	}
	want := []checker.Verdict{checker.Unknown, checker.Valid, checker.Unknown, checker.Invalid}
	for i, k := range c.Keys {
		if k.Verdict != want[i] {
			t.Errorf("key %s is %v (%s), want %v", k.Key, k.Verdict, k.Message, want[i])
		}
		if want[i] == checker.Unknown && !strings.Contains(k.Message, why) {
			t.Errorf("key %s: %q does not say %q", k.Key, k.Message, why)
		}
	}
}

func TestDeadline(t *testing.T) {
	const limit = 1500 * time.Millisecond
	started := time.Now()
	c := Register{Limits: checker.Limits{Time: limit}}.Check(t.Context(), mixed(400))
	if took := time.Since(started); took > limit+2*time.Second {
		t.Errorf("took %v, want at most 2 s more than %v", took, limit)
	}
	checkMixed(t, c, "in the time allowed; its first ")
}

// TestWrongFromTheStart is hopeless as a whole, but what is wrong with it comes before that.
func TestWrongFromTheStart(t *testing.T) {
	index := int64(100)
	h := &history.History{Operations: hopeless("a", 400, 40, &index)}
	for i, v := range []string{"7", "8", "7", "8"} {
		h.Operations = append(h.Operations, history.Operation{
			Process: 1, Key: "a", F: history.Write, Input: history.Value(v), Outcome: history.OK, Call: int64(2 * i), Return: int64(2*i) + 1,
		})
	}
	h.Operations = append(h.Operations, history.Operation{
		Process: 1, Key: "a", F: history.Read, Output: history.Value("7"), Outcome: history.OK, Call: 8, Return: 9,
	})
	slices.SortFunc(h.Operations, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	c := Register{Limits: checker.Limits{Time: 5 * time.Second}}.Check(t.Context(), h)
	if c.Verdict != checker.Invalid || len(c.Anomalies) != 1 || c.Anomalies[0].Name != checker.StaleRead || c.Anomalies[0].Focus != 8 {
		t.Errorf("want the stale read of event 8: %+v", c)
	}
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	started := time.Now()
	c := Register{}.Check(ctx, mixed(400))
	if took := time.Since(started); took > 2300*time.Millisecond {
		t.Errorf("took %v, want at most 2 s after the end", took)
	}
	checkMixed(t, c, "in the time allowed")
}

const capEnv = "SCHISM_TEST_MEMORY_CAP"

// TestMemoryCap runs in a process of its own, whose greatest resident size the kernel tells.
func TestMemoryCap(t *testing.T) {
	if os.Getenv(capEnv) != "" {
		return
	}
	if raceDetector {
		t.Skip("the race detector's shadow memory counts as resident")
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skipf("the resident size is not told here: %v", err)
	}
	const limit = 256 << 20
	cmd := exec.Command(os.Args[0], "-test.run=TestHelperMemoryCap")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", capEnv, limit))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the process that checks: %v\n%s", err, out)
	}
	var got measured
	if err := json.Unmarshal(out[:strings.LastIndex(string(out), "}")+1], &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("peak %d MB of %d MB allowed, after %.1f s", got.Peak>>20, limit>>20, got.Seconds)
	if got.Peak > limit*3/2 {
		t.Errorf("the process grew to %d MB, want at most 1.5 × %d MB", got.Peak>>20, limit>>20)
	}
	checkMixed(t, got.Check, "more memory than allowed")
}

type measured struct {
	Peak    uint64
	Seconds float64
	Check   checker.Check
}

// TestHelperMemoryCap is the process that TestMemoryCap starts.
func TestHelperMemoryCap(t *testing.T) {
	var limit uint64
	if _, err := fmt.Sscan(os.Getenv(capEnv), &limit); err != nil {
		t.Skip("started by TestMemoryCap")
	}
	started := time.Now()
	c := Register{Limits: checker.Limits{Time: time.Minute, Memory: limit}}.Check(t.Context(), mixed(20_000))
	m := measured{Peak: peak(t), Seconds: time.Since(started).Seconds(), Check: c}
	if err := json.NewEncoder(os.Stdout).Encode(m); err != nil {
		t.Fatal(err)
	}
}

func peak(t *testing.T) uint64 {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kb uint64
		if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kb); err == nil {
			return kb << 10
		}
	}
	t.Fatal("the kernel does not tell the peak")
	return 0
}

// TestManyInvalidKeys explains when there is no time left for it: no key goes without a proof. Which keys are
// invalid is settled first, without a clock, so that no load of the machine changes anything.
func TestManyInvalidKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	h := &history.History{}
	base := int64(0)
	const keys = 60
	shape := checkertest.Shape{Operations: 60, Clients: 5, Values: 3, Unknown: 0.1, Lies: 0.3}
	for i := range keys {
		ops := play(r, shape)
		for _, o := range ops {
			o.Key = fmt.Sprint("k", i)
			o.Call += base
			o.Return += base
			h.Operations = append(h.Operations, o)
		}
		base += 1000
	}
	var judged []*judgement
	invalid := 0
	for _, k := range split(h) {
		j := newJudgement(k)
		if j.Verdict = checker.Valid; !checkertest.Ask(j.Model, j.Beginning(j.Size)) {
			j.Verdict = checker.Invalid
			invalid++
		}
		judged = append(judged, j)
	}
	if invalid < keys/2 {
		t.Fatalf("only %d keys of %d are invalid: nothing to explain", invalid, keys)
	}
	started := time.Now()
	anomalies := newExplainer(h, judged, search.Unguarded(), started).anomalies()
	took := time.Since(started)
	explained := make(map[string]bool)
	longest := 0
	for _, a := range anomalies {
		explained[a.Key] = true
		longest = max(longest, len(a.Ops))
		if a.Message == "" || a.Proof == "" || !slices.Contains(a.Ops, a.Focus) {
			t.Errorf("key %s: %+v tells nothing", a.Key, a)
		}
	}
	for _, j := range judged {
		if explained[j.key.name] != (j.Verdict == checker.Invalid) {
			t.Errorf("key %s is %v: %s; explained: %v", j.key.name, j.Verdict, j.Why, explained[j.key.name])
		}
	}
	if len(explained) != invalid {
		t.Errorf("%d of %d invalid keys have a proof", len(explained), invalid)
	}
	t.Logf("%d of %d keys invalid, %d anomalies of up to %d operations in %v", invalid, keys, len(anomalies), longest, took)
}

// crowded is a key whose values are unique, written by so many clients at once that no search comes to an end, and
// that one client reads in their order; then a value of the first round, if it is stale.
func crowded(stale bool, index *int64) (all []history.Operation) {
	const rounds, clients = 10, 40
	read := func(value int64) {
		all = append(all, history.Operation{
			Process: clients, Key: "a", F: history.Read, Output: history.Int(value), Outcome: history.OK, Call: *index, Return: *index + 1,
		})
		*index += 2
	}
	for round := range int64(rounds) {
		for c := range int64(clients) {
			all = append(all, history.Operation{
				Process: history.Process(c), Key: "a", F: history.Write, Input: history.Int(100 + clients*round + c), Outcome: history.OK,
				Call: *index, Return: *index + clients,
			})
			*index++
		}
		*index += clients
		read(100 + clients*round)
	}
	if stale {
		read(101)
	}
	return all
}

// What is certain while the history grows is certain at the end, though values recur then and nothing can decide
// the whole. Without it the key stays undecided.
func TestWhatWasCertainStaysSo(t *testing.T) {
	for stale, want := range map[bool]checker.Verdict{true: checker.Invalid, false: checker.Unknown} {
		index := int64(0)
		h := &history.History{Operations: crowded(stale, &index)}
		w, broken := Register{}.Watch(), false
		for _, e := range checkertest.Events(h.Operations) {
			broken = broken || w.Add(&e) == checker.Broken
		}
		h.Operations = append(h.Operations, hopeless("a", 400, 40, &index)...)
		check := Register{Limits: checker.Limits{Time: time.Second}}.Check(t.Context(), h)
		if broken != stale || check.Verdict != want {
			t.Errorf("stale %v: while it grew it was broken: %v; at the end %v: %s", stale, broken, check.Verdict, check.Message)
		}
		if stale && (len(check.Anomalies) != 1 || check.Anomalies[0].Name != checker.StaleRead || len(check.Anomalies[0].Ops) > 6) {
			t.Errorf("%+v", check.Anomalies)
		}
	}
}
