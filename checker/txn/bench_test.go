package txn

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// workload is what Elle's generator makes: transactions of one to four steps on ten keys at a time, each of which is
// left for a new one after so many writes; half of the steps read. 20 clients, 50 transactions without an answer, each of
// them at one moment between its call and its return. If it lies, one read in the middle misses all writes.
func workload(n int, register, lies bool) *history.History {
	const clients, active, perKey = 20, 10, 32
	r := rand.New(rand.NewPCG(5, uint64(n)))
	h := &history.History{Operations: make([]history.Operation, 0, n)}
	held := make([][]byte, 0, active)
	names := make([]int, active)
	writes := make([]int, active)
	value, next := 0, active
	for i := range active {
		held, names[i] = append(held, nil), i
	}
	for i := range n {
		var in, out []byte
		in, out = append(in, '['), append(out, '[')
		for range 1 + r.IntN(4) {
			if len(in) > 1 {
				in, out = append(in, ','), append(out, ',')
			}
			k := r.IntN(active)
			key := strconv.Itoa(names[k])
			shown, reads := held[k], r.IntN(2) == 0
			if lies && i >= n/2 && reads && writes[k] > perKey/2 {
				shown, lies = nil, false
			}
			switch {
			case reads && register:
				in = fmt.Appendf(in, `["r",%s,null]`, key)
				out = fmt.Appendf(out, `["r",%s,%s]`, key, orNull(shown))
			case reads:
				in = fmt.Appendf(in, `["r",%s,null]`, key)
				out = fmt.Appendf(out, `["r",%s,[%s]]`, key, shown)
			default:
				value++
				writes[k]++
				if register {
					held[k] = strconv.AppendInt(nil, int64(value), 10)
					in = fmt.Appendf(in, `["w",%s,%d]`, key, value)
					out = fmt.Appendf(out, `["w",%s,%d]`, key, value)
				} else {
					if len(held[k]) > 0 {
						held[k] = append(held[k], ',')
					}
					held[k] = strconv.AppendInt(held[k], int64(value), 10)
					in = fmt.Appendf(in, `["append",%s,%d]`, key, value)
					out = fmt.Appendf(out, `["append",%s,%d]`, key, value)
				}
			}
		}
		for k := range active {
			if writes[k] >= perKey {
				names[k], writes[k], held[k] = next, 0, nil
				next++
			}
		}
		at := int64(2 * i)
		o := history.Operation{Process: history.Process(i % clients), F: history.Txn, Input: append(in, ']'), Output: append(out, ']'),
			Outcome: history.OK, Call: at, Return: at + int64(2*r.IntN(clients-1)) + 1}
		if n > 100 && i%(n/50) == n/100 {
			o.Outcome, o.Output = history.Info, nil
		}
		o.CallTime, o.ReturnTime = time.Duration(o.Call)*time.Microsecond, time.Duration(o.Return)*time.Microsecond
		h.Operations = append(h.Operations, o)
	}
	return h
}

func orNull(v []byte) []byte {
	if len(v) == 0 {
		return []byte("null")
	}
	return v
}

func BenchmarkListAppend(b *testing.B) {
	for n := 1_000; n <= 1_000_000; n *= 10 {
		b.Run(fmt.Sprintf("valid/txns=%d", n), func(b *testing.B) {
			checkertest.Time(b, ListAppend{}, workload(n, false, false), checker.Valid)
		})
		b.Run(fmt.Sprintf("invalid/txns=%d", n), func(b *testing.B) {
			checkertest.Time(b, ListAppend{}, workload(n, false, true), checker.Invalid)
		})
	}
	b.Run("snapshot-isolation/txns=1000000", func(b *testing.B) {
		checkertest.Time(b, ListAppend{Isolation: SnapshotIsolation}, workload(1_000_000, false, false), checker.Valid)
	})
}

func BenchmarkRWRegister(b *testing.B) {
	for n := 1_000; n <= 1_000_000; n *= 10 {
		b.Run(fmt.Sprintf("valid/txns=%d", n), func(b *testing.B) {
			checkertest.Time(b, RWRegister{}, workload(n, true, false), checker.Valid)
		})
		b.Run(fmt.Sprintf("invalid/txns=%d", n), func(b *testing.B) {
			checkertest.Time(b, RWRegister{}, workload(n, true, true), checker.Invalid)
		})
	}
}
