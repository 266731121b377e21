package appendlist

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// BenchmarkLists is a list that is read so seldom that all reads together are about as long as the history.
func BenchmarkLists(b *testing.B) {
	checkertest.Course{Checker: Lists{}, Make: func(n, clients, unknown int) *history.History {
		s := checkertest.Shape{Operations: n, Clients: clients, Unknown: float64(unknown) / float64(n)}
		r := rand.New(rand.NewPCG(3, uint64(n)))
		return &history.History{Operations: s.Play(r, &honest{Shape: s, Rand: r})}
	}, Ask: func(h *history.History) (porcupine.Model, []porcupine.Operation) {
		return definition.ForPorcupine(h.Operations)
	}}.Curve(b)
}

// honest is a list that does what it is asked.
type honest struct {
	checkertest.Shape
	*rand.Rand
	token int64
	list  []byte // its tokens, a comma behind each
	size  int
}

func (l *honest) Ask(history.Process) history.Operation {
	if l.IntN(l.size+1) < 4 {
		return history.Operation{Key: "x", F: history.Read}
	}
	l.token++
	return history.Operation{Key: "x", F: history.Append, Input: history.Int(l.token)}
}

func (l *honest) TakeEffect(o *history.Operation) {
	switch {
	case o.F == history.Read:
		o.Outcome, o.Output = history.OK, history.Value("["+strings.TrimSuffix(string(l.list), ",")+"]")
	case l.Outcome(l.Rand, o):
		l.list = append(append(l.list, o.Input...), ',')
		l.size++
	}
}

// growing is a list that 20 clients append to and read in turn, each operation over when it is said to
// be: what a run of some minutes on few keys looks like.
func growing(operations int) *history.History {
	h := &history.History{}
	var list strings.Builder
	list.WriteString("[")
	for i := range operations {
		at := int64(4 * i)
		o := history.Operation{
			Process: history.Process(i % 20), Key: "x", Outcome: history.OK, Call: at, Return: at + 50,
			CallTime: time.Duration(at), ReturnTime: time.Duration(at + 50),
		}
		if i%2 == 0 {
			token := history.Int(int64(i))
			o.F, o.Input = history.Append, token
			if i > 0 {
				list.WriteString(",")
			}
			list.Write(token)
		} else {
			o.F, o.Output = history.Read, history.Value(list.String()+"]")
		}
		h.Operations = append(h.Operations, o)
	}
	return h
}

// BenchmarkManyReads is a list that is read as often as it grows: 120 MB of lists.
func BenchmarkManyReads(b *testing.B) { checkertest.Time(b, Lists{}, growing(10_000), checker.Valid) }
