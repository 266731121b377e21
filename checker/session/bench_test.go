package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"schism/checker"
	"schism/history"
)

// BenchmarkSessions is a million reads and writes by 20 clients on one key, and on 100.
func BenchmarkSessions(b *testing.B) {
	for _, keys := range []int{1, 100} {
		b.Run(fmt.Sprintf("1000000 on %d", keys), func(b *testing.B) {
			h := bigHistory(1_000_000, keys)
			b.ReportAllocs()
			for b.Loop() {
				if c := (Sessions{}).Check(context.Background(), h); c.Verdict != checker.Valid {
					b.Fatal(c.Message)
				}
			}
		})
	}
}

// bigHistory is what a register does whose readers are up to three versions late, but never go back.
func bigHistory(n, keys int) *history.History {
	r := rand.New(rand.NewPCG(1, 1))
	h := &history.History{Operations: make([]history.Operation, n)}
	newest := make([]int, keys)
	seen := make([]map[int]int, keys)
	for k := range seen {
		seen[k] = make(map[int]int)
	}
	for i := range h.Operations {
		k, p := r.IntN(keys), i%20
		o := history.Operation{Process: history.Process(p), Key: fmt.Sprint(k), Outcome: history.OK, Call: int64(2 * i), Return: int64(2*i + 1)}
		if r.IntN(2) == 0 {
			newest[k]++
			o.F, o.Input = history.Write, history.Int(int64(newest[k]))
			seen[k][p] = newest[k]
		} else {
			at := max(seen[k][p], newest[k]-r.IntN(3), 0)
			seen[k][p] = at
			o.F, o.Output = history.Read, history.Int(int64(at))
			if at == 0 {
				o.Output = history.Nil
			}
		}
		h.Operations[i] = o
	}
	return h
}
