package schism

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// longRun writes the history of a long run to a file, as fast as it can: 20 clients on some keys, half of the
// operations reads, and one change in a thousand never answered.
type longRun struct {
	text   bytes.Buffer
	index  int
	keys   int
	values []int // by key: what it holds
	client [20]int
	// What the event n asks for, what a key holds, and the answer that breaks its promise by what it held once.
	ask   func(n int) step
	holds func(key int) string
	lie   func(key int, value string)
}

// step is one operation of a long run.
type step struct {
	f, in, out string
	key        int
}

// newLongRun is of the workload register: a tenth of the operations is cas.
func newLongRun(keys int) *longRun {
	r := &longRun{keys: keys, values: make([]int, keys)}
	r.ask, r.holds, r.lie = r.askRegister, r.value, r.stale
	for c := range r.client {
		r.client[c] = c
	}
	r.text.WriteString(`{"schism":1}` + "\n")
	return r
}

// newLongSessions ends with a session that reads what a key holds, and then what it held once.
func newLongSessions() *longRun {
	r := newLongRun(5)
	r.lie = func(key int, value string) {
		r.stale(key, r.value(key))
		r.stale(key, value)
	}
	return r
}

func (r *longRun) event(client int, kind history.Kind, f string, key int, value string) {
	const apart = 50_000 // nanoseconds: 10,000 operations a second
	fmt.Fprintf(&r.text, `{"index":%d,"time":%d,"process":%d,"type":"%s","f":"%s","node":"n%d","key":"k%d","value":%s}`+"\n",
		r.index, r.index*apart, client, kind, f, 1+client%5, key, value)
	r.index++
}

// round has every client call once and, in the order of the calls, be answered.
func (r *longRun) round() {
	const next = 20 // processes after those that have seen an unknown answer
	var steps [20]step
	for c := range steps {
		steps[c] = r.ask(r.index + 1)
		r.event(r.client[c], history.Invoke, steps[c].f, steps[c].key, steps[c].in)
	}
	for c, s := range steps {
		kind := history.OK
		if s.f != history.Read && s.f != history.CAS && r.index%997 == 0 {
			kind = history.Info
		}
		r.event(r.client[c], kind, s.f, s.key, s.out)
		if kind == history.Info {
			r.client[c] += next
		}
	}
}

func (r *longRun) askRegister(n int) step {
	s := step{f: history.Read, in: "null", key: n % r.keys}
	switch n % 10 {
	case 0, 3, 5, 8:
		s.f, s.in = history.Write, strconv.Itoa(n)
		r.values[s.key] = n
	case 6:
		s.f, s.in = history.CAS, fmt.Sprintf("[%s,%d]", r.value(s.key), n)
		r.values[s.key] = n
	}
	if s.out = s.in; s.f == history.Read {
		s.out = r.value(s.key)
	}
	return s
}

func (r *longRun) value(key int) string {
	if r.values[key] == 0 {
		return "null"
	}
	return strconv.Itoa(r.values[key])
}

// stale has the first client read what a key held once.
func (r *longRun) stale(key int, value string) {
	r.step(step{history.Read, "null", value, key})
}

// step is taken by the first client alone.
func (r *longRun) step(s step) {
	r.event(r.client[0], history.Invoke, s.f, s.key, s.in)
	r.event(r.client[0], history.OK, s.f, s.key, s.out)
}

// told is what live checking of a long run cost, and how it told of the stale read at its end.
type told struct {
	watched, told time.Duration // for all but the end; from when the end was on disk until it was told
	kept          int64         // bytes
	anomaly       checker.Anomaly
}

// longRuns are of the workloads whose histories are watched, with what they are told of at the end. Of lists and sets
// there are many: of few, each read would soon show more than a disk can take.
var longRuns = []longKind{
	{"register", "linearizable", "k0", []string{checker.StaleRead}, func() *longRun { return newLongRun(5) }},
	{"append", "linearizable", "k0", []string{checker.StaleRead}, func() *longRun { return newLongLists(1000, history.Append).longRun }},
	{"counter", "linearizable", "k0", []string{checker.StaleRead, checker.Reordered}, func() *longRun { return newLongCounter(5) }},
	{"mutex", "linearizable", "k0", []string{checker.DuplicateApply}, func() *longRun { return newLongLocks(5) }},
	{"queue", "linearizable", "k0", []string{checker.DuplicateApply}, func() *longRun { return newLongQueue(5) }},
	{"set", "linearizable", "k0", []string{checker.StaleRead}, func() *longRun { return newLongLists(1000, history.Add).longRun }},
	{"register", "sessions", "k0", []string{checker.MonotonicReads}, newLongSessions},
	{"multi-register", "linearizable", "x, y", []string{checker.StaleRead}, newLongGroup},
	{"multi-register", "linearizable", "x, y", []string{checker.GSingle}, newTornGroup},
}

// longKind is a workload and the check that judges it.
type longKind struct {
	workload, check string
	key             string   // that is told of
	anomalies       []string // any of them
	begin           func() *longRun
}

func (k longKind) name() string { return k.workload + "-" + k.check }

// inParts says whether it is judged in parts: then what needs more has to wait for a beginning to be judged.
func (k longKind) inParts() bool {
	w, _ := k.checks()[0].(checker.Watcher)
	_, is := w.Watch().(checker.PartialWatch)
	return is
}

func (k longKind) checks() []checker.Checker {
	s := Defaults()
	s.Workload.Name, s.Checks = k.workload, []string{k.check}
	return s.liveChecks()
}

// tellStale looks at a run of so many operations, which ends with a read of what had been there so many operations
// before.
func tellStale(tb testing.TB, kind longKind, operations, age int) (t told) {
	tb.Helper()
	r := kind.begin()
	path := filepath.Join(tb.TempDir(), "history.jsonl")
	file, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	write := func(r *longRun) {
		if _, err := r.text.WriteTo(file); err != nil {
			tb.Fatal(err)
		}
	}
	old := ""
	for done := 0; done < operations; done += len(r.client) {
		if r.round(); done <= operations-age {
			old = r.holds(0)
		}
		write(r)
	}
	var found []checker.Anomaly
	l := newLive(kind.checks(), func(a checker.Anomaly) { found = append(found, a) }, nil)
	f, err := history.Follow(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	look := func() time.Duration {
		began := time.Now()
		if err := l.look(context.Background(), f); err != nil {
			tb.Fatal(err)
		}
		return time.Since(began)
	}
	before := heapInUse()
	t.watched = look()
	t.kept = heapInUse() - before
	if len(found) > 0 {
		tb.Fatalf("told of a history that is valid: %+v", found)
	}
	r.lie(0, old)
	write(r)
	l.part = time.Time{} // it has rested
	if t.told = look(); len(found) != 1 {
		tb.Fatalf("told %+v: want one anomaly", found)
	}
	t.anomaly = found[0]
	return t
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Live checking keeps no more of a long run than of a short one.
func TestLiveOfALongRun(t *testing.T) {
	operations := 50_000
	if testing.Short() {
		operations = 20_000
	}
	for _, run := range longRuns {
		for _, age := range []int{5000, operations / 2} {
			if run.inParts() && age > 5000 {
				continue
			}
			got := tellStale(t, run, operations, age)
			if !slices.Contains(run.anomalies, got.anomaly.Name) || got.anomaly.Key != run.key {
				t.Errorf("%s: an answer as stale as %d operations: %+v", run.name(), age, got.anomaly)
			}
			t.Logf("%s, stale by %d operations: watched in %v, told in %v, %d bytes kept: %s",
				run.name(), age, got.watched, got.told, got.kept, got.anomaly.Message)
			if got.kept > 8<<20 {
				t.Errorf("%s: %d bytes are kept of %d operations", run.name(), got.kept, operations)
			}
		}
	}
}

// BenchmarkLive is what live checking costs an operation, and how long it takes to tell of a stale read
// at the end of a run: to that comes at most the pause between two looks.
func BenchmarkLive(b *testing.B) {
	for _, run := range longRuns {
		for _, operations := range []int{60_000, 600_000, 6_000_000} {
			for _, age := range []int{5_000, operations / 2} {
				if run.inParts() && age > 5000 {
					continue
				}
				if (run.workload == "append" || run.workload == "set") && operations > 600_000 {
					continue // its reads would show 30 GB
				}
				b.Run(fmt.Sprintf("%s/%d/stale=%d", run.name(), operations, age), func(b *testing.B) {
					var got told
					for b.Loop() {
						got = tellStale(b, run, operations, age)
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(float64(got.watched.Nanoseconds())/float64(operations), "ns/operation")
					b.ReportMetric(float64(got.told.Milliseconds()), "ms-told")
					b.ReportMetric(float64(got.kept), "B-kept")
				})
			}
		}
	}
}

// BenchmarkLiveAtOnce follows a run of 10,000 operations a second as it goes on, and measures how long after the
// answer was on disk the stale read at its end is told.
func BenchmarkLiveAtOnce(b *testing.B) {
	for _, run := range longRuns {
		for _, length := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute} {
			if length > time.Minute && (run.workload == "append" || run.workload == "set") {
				continue // its reads would show 7 GB
			}
			b.Run(fmt.Sprintf("%s/%v", run.name(), length), func(b *testing.B) {
				for b.Loop() {
					followLongRun(b, run, length)
				}
			})
		}
	}
}

// followLongRun ends a run, after so long, with a stale read.
func followLongRun(b *testing.B, kind longKind, length time.Duration) {
	r := kind.begin()
	path := filepath.Join(b.TempDir(), "history.jsonl")
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	write := func() {
		if _, err := r.text.WriteTo(file); err != nil {
			b.Fatal(err)
		}
	}
	write()
	told, ended := make(chan checker.Anomaly, 10), make(chan error, 1)
	l := newLive(kind.checks(), func(a checker.Anomaly) { told <- a }, func(error) {}) // a long run has too many events
	ctx, stop := context.WithCancel(b.Context())
	go func() { ended <- l.follow(ctx, path) }()
	began, operations, all, old := time.Now(), 0, int(length.Seconds())*10_000, ""
	for ; operations < all; operations += len(r.client) {
		if r.round(); operations <= all-5000 {
			old = r.holds(0)
		}
		time.Sleep(time.Until(began.Add(time.Duration(r.index) * 50 * time.Microsecond)))
		write()
	}
	b.ReportMetric(float64(operations)/time.Since(began).Seconds(), "operations/s")
	r.lie(0, old)
	write()
	at := time.Now()
	<-told
	b.ReportMetric(float64(time.Since(at).Milliseconds()), "ms-told")
	stop()
	if err := errors.Join(<-ended, file.Close()); err != nil {
		b.Fatal(err)
	}
}
