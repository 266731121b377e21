package workload

import (
	"math/rand/v2"
	"slices"
	"testing"

	"schism/history"
)

// Of no queue, register or lock is a value used twice, and no transaction leaves its group.
func TestValuesAreUsedOnce(t *testing.T) {
	for _, name := range []string{"multi-register", "mutex", "queue"} {
		k := Kinds()[slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Name == name })]
		g, r := k.New(Options{Keys: 7, Mix: k.Mix}), rand.New(rand.NewPCG(1, 1))
		used, count := make(map[string]bool), make(map[string]int)
		use := func(v history.Value) {
			if used[string(v)] {
				t.Fatalf("%s: %s is used twice", name, v)
			}
			used[string(v)] = true
		}
		for range 5000 {
			op := g.Next(r)
			count[op.F]++
			switch op.F {
			case history.Acquire, history.Enqueue:
				use(op.Value)
			case history.Txn:
				all, err := history.SplitTxn(op.Value)
				if err != nil || op.Key != "" {
					t.Fatalf("%+v: %v", op, err)
				}
				group := slices.Index(g.Keys(), all[0].Register) / togetherMost
				var seen []string
				for _, a := range all {
					if slices.Index(g.Keys(), a.Register)/togetherMost != group || slices.Contains(seen, a.Register) {
						t.Fatalf("%s: a register of another group, or the same one again", op.Value)
					}
					if seen = append(seen, a.Register); a.Kind == history.Writes {
						use(a.Value)
					}
				}
			}
			g.Done(op, Answer{Kind: history.OK, Value: op.Value})
		}
		for _, f := range g.Kinds() {
			if count[f] < 1500 {
				t.Errorf("%s: %v of 5000 operations", name, count)
			}
		}
	}
}

// Lists stay short, no element is appended twice, and no transaction is longer than it may be; a third of them only read or
// only append.
func TestListAppend(t *testing.T) {
	k := Kinds()[slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Name == "list-append" })]
	g, r := k.New(Options{Keys: 3, Mix: k.Mix}), rand.New(rand.NewPCG(1, 1))
	appends, used, last := make(map[string]int), make(map[string]bool), make(map[string]int)
	lengths, readers, twice := make(map[int]int), 0, 0
	const all = 4000
	for i := range all {
		op := g.Next(r)
		parts, err := history.SplitTxn(op.Value)
		if err != nil || op.F != history.Txn || op.Key != "" {
			t.Fatalf("%+v: %v", op, err)
		}
		lengths[len(parts)]++
		if !history.Changes(op.F, op.Value) {
			readers++
		}
		touched := make(map[string]bool)
		for _, a := range parts {
			if touched[a.Register] {
				twice++
			}
			touched[a.Register], last[a.Register] = true, i
			if a.Kind != history.Appends {
				continue
			}
			if appends[a.Register]++; used[string(a.Value)] || appends[a.Register] > listAppends {
				t.Fatalf("%s: an element that was used, or too many on one list", op.Value)
			}
			used[string(a.Value)] = true
		}
		if inUse := slices.DeleteFunc(slices.Clone(g.Keys()), func(key string) bool { return appends[key] == listAppends }); len(inUse) > 3 {
			t.Fatalf("%v are in use at one time", inUse)
		}
		g.Done(op, Answer{Kind: history.Fail, Error: "refused"})
	}
	if len(lengths) != mostParts || readers < all/6 || twice < all/10 {
		t.Errorf("lengths %v, %d only read, %d touch a list again: too little of one kind", lengths, readers, twice)
	}
	for _, key := range g.Keys()[:len(g.Keys())-3] {
		if appends[key] != listAppends {
			t.Errorf("%s was left after %d appends", key, appends[key])
		}
	}
	if len(g.Keys()) < 50 || len(last) != len(g.Keys()) && len(last) < len(g.Keys())-3 {
		t.Errorf("%d lists, %d of them used", len(g.Keys()), len(last))
	}
}

// locks is a system of locks in memory; every so often it does not answer, or only later does what it was
// asked for.
type locks struct {
	held map[string]history.Value
	late []Op
}

func (l *locks) apply(op Op) Answer {
	now := l.held[op.Key]
	switch {
	case op.F == history.Acquire && history.IsNil(now):
		l.held[op.Key] = op.Value
	case op.F == history.Release && string(now) == string(op.Value):
		delete(l.held, op.Key)
	default:
		return Answer{Kind: history.Fail, Error: history.Mismatch, Found: now}
	}
	return Answer{Kind: history.OK}
}

func (l *locks) unreliably(r *rand.Rand, op Op) Answer {
	switch r.IntN(10) {
	case 0:
		return Answer{Kind: history.Fail, Error: "not the leader"}
	case 1:
		l.late = append(l.late, op)
		return Answer{Kind: history.Info, Error: "no answer in time"}
	case 2:
		l.apply(op)
		return Answer{Kind: history.Info, Error: "no answer in time"}
	}
	return l.apply(op)
}

// However little is known of who has a lock, it is released and acquired again.
func TestNoLockIsHeldForEver(t *testing.T) {
	g, r := NewMutex(Options{Keys: 3, Mix: map[string]int{history.Acquire: 2, history.Release: 1}}), rand.New(rand.NewPCG(1, 1))
	system := &locks{held: make(map[string]history.Value)}
	acquired := make(map[string]int) // of each key, in the last thousand operations
	for i := range 20_000 {
		if n := len(system.late); n > 0 && r.IntN(20) == 0 {
			system.apply(system.late[0])
			system.late = system.late[1:]
		}
		op := g.Next(r)
		a := system.unreliably(r, op)
		g.Done(op, a)
		if op.F == history.Acquire && a.Kind == history.OK {
			acquired[op.Key]++
		}
		if i%1000 == 999 {
			for _, key := range g.Keys() {
				if acquired[key] < 20 {
					t.Fatalf("after %d operations %s was acquired %d times in the last thousand: held by %s", i+1, key, acquired[key], system.held[key])
				}
			}
			clear(acquired)
		}
	}
}
