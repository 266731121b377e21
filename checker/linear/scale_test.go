package linear

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// clients simulates n operations of that many clients on an in-memory linearizable register for each
// key: each operation takes effect at one moment between its call and its return. Every value is
// written once.
func clients(n, clients, keys int, unknown float64) *history.History {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	s := store{rand: r, values: make([]history.Value, keys), unknown: unknown}
	for c := range clients {
		heap.Push(&s.due, moment{at: r.Int64N(1000), process: history.Process(c)})
	}
	s.h.Operations = make([]history.Operation, 0, n)
	for s.due.Len() > 0 {
		m := heap.Pop(&s.due).(moment)
		s.now = m.at
		switch {
		case m.op == nil && len(s.h.Operations) < n:
			s.call(&m)
		case m.op == nil:
			continue // enough
		case m.op.Outcome == "":
			s.takeEffect(m)
		default:
			m.op.Return, m.op.ReturnTime = s.tick(), time.Duration(s.now)*time.Microsecond
			m.op = nil
		}
		m.at += 1 + r.Int64N(1000)
		heap.Push(&s.due, m)
	}
	return &s.h
}

// moment is when a process does something next: take its operation a step further, or begin one.
type moment struct {
	at      int64
	process history.Process
	op      *history.Operation
	key     int
}

type moments []moment

func (m moments) Len() int           { return len(m) }
func (m moments) Less(i, j int) bool { return m[i].at < m[j].at }
func (m moments) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *moments) Push(x any)        { *m = append(*m, x.(moment)) }
func (m *moments) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}

type store struct {
	rand    *rand.Rand
	h       history.History
	due     moments
	now     int64
	index   int64
	next    int64
	values  []history.Value
	unknown float64
}

func (s *store) tick() int64 {
	s.index++
	return s.index - 1
}

func (s *store) call(m *moment) {
	m.key = s.rand.IntN(len(s.values))
	o := history.Operation{
		Process: m.process, Node: "n1", Key: fmt.Sprint("k", m.key), F: history.Read,
		Call: s.tick(), CallTime: time.Duration(s.now) * time.Microsecond,
	}
	switch s.rand.IntN(10) {
	case 0, 1, 2, 3:
		o.F, o.Input = history.Write, s.fresh()
	case 4:
		o.F, o.Input = history.CAS, history.Pair(s.values[m.key], s.fresh())
	}
	s.h.Operations = append(s.h.Operations, o)
	m.op = &s.h.Operations[len(s.h.Operations)-1]
}

func (s *store) fresh() history.Value {
	s.next++
	return history.Int(s.next)
}

func (s *store) takeEffect(m moment) {
	o, key := m.op, m.key
	o.Outcome = history.OK
	if o.F != history.Read && s.rand.Float64() < s.unknown {
		o.Outcome = history.Info
		if s.rand.IntN(2) == 0 {
			return
		}
	}
	switch o.F {
	case history.Read:
		o.Output = s.values[key]
	case history.Write:
		s.values[key] = o.Input
	case history.CAS:
		from, to, _ := history.SplitPair(o.Input)
		switch {
		case history.Text(from) == history.Text(s.values[key]):
			s.values[key] = to
		case o.Outcome == history.OK:
			o.Outcome, o.Error = history.Fail, history.Mismatch
			o.Rare = &history.Rare{Found: history.Value(history.Text(s.values[key]))}
		}
	}
}

// lie makes one late read return what the key held long before, and returns the read's event.
func lie(t testing.TB, h *history.History) int64 {
	t.Helper()
	var old history.Value
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.F != history.Read || o.Key != h.Operations[0].Key {
			continue
		}
		switch {
		case old == nil && i > len(h.Operations)/10 && !history.IsNil(o.Output):
			old = o.Output
		case i > len(h.Operations)*9/10:
			o.Output = old
			return o.Call
		}
	}
	t.Fatal("there is no read to make a lie of")
	return 0
}

// TestManyOperationsOfManyClients judges a register that is linearizable, and the same with one
// single stale read among them.
func TestManyOperationsOfManyClients(t *testing.T) {
	n, bound := 1_000_000, 15*time.Second
	if testing.Short() || raceDetector {
		n, bound = 50_000, 60*time.Second
	}
	h := clients(n, 256, 5, 0.0001)
	started := time.Now()
	c := Register{}.Check(t.Context(), h)
	if c.Verdict != checker.Valid {
		t.Fatalf("verdict %v, want valid: %s %+v", c.Verdict, c.Message, c.Anomalies)
	}
	stale := lie(t, h)
	c = Register{}.Check(t.Context(), h)
	if c.Verdict != checker.Invalid || len(c.Anomalies) != 1 {
		t.Fatalf("one read of %d is stale: verdict %v: %+v", n, c.Verdict, c.Anomalies)
	}
	a := c.Anomalies[0]
	if a.Name != checker.StaleRead || a.Focus != stale || len(a.Ops) > 6 {
		t.Errorf("want the stale read of event %d proved by at most 6 operations: %+v", stale, a)
	}
	if took := time.Since(started); took > bound {
		t.Errorf("two checks of %d operations took %v, want less than %v", n, took, bound)
	} else {
		t.Logf("two checks of %d operations took %v: %s", n, took, a.Message)
	}
}

// BenchmarkRegister is a register of which half of the operations are reads and a tenth are cas.
func BenchmarkRegister(b *testing.B) {
	checkertest.Course{
		Checker: Register{Limits: checker.Limits{Once: true}},
		Make: func(n, many, unknown int) *history.History {
			return clients(n, many, 1, 2*float64(unknown)/float64(n))
		},
		Ask: func(h *history.History) (porcupine.Model, []porcupine.Operation) {
			return model(), forPorcupine(split(h)[0].tighten())
		},
	}.Curve(b)
}

// BenchmarkTargets are the sizes that the check is made for, a history that is linearizable and the same with one
// stale read.
func BenchmarkTargets(b *testing.B) {
	for _, t := range []struct{ ops, keys, unknown int }{{1e6, 1, 50}, {1e6, 100, 50}, {1e4, 1, 20}} {
		name := fmt.Sprintf("ops=%d/keys=%d/unknown=%d", t.ops, t.keys, t.unknown)
		h := clients(t.ops, 20, t.keys, 2*float64(t.unknown)/float64(t.ops))
		b.Run(name+"/valid", func(b *testing.B) { checkertest.Time(b, Register{}, h, checker.Valid) })
		lie(b, h)
		b.Run(name+"/invalid", func(b *testing.B) { checkertest.Time(b, Register{}, h, checker.Invalid) })
	}
}
