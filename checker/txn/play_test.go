package txn

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"schism/history"
)

// engine is a store that executes transactions more or less well.
type engine uint8

const (
	oneByOne engine = iota // each at one moment between its call and its return
	snapshot               // it reads at one moment and commits at another, unless somebody else wrote the same
	careless               // the same, without a look at what others wrote
	old                    // it reads a snapshot of long ago, and commits if nothing that it read or wrote has changed
	stepwise               // each read is of what is committed then
	forked                 // the same, but each key's part of the snapshot is of a moment of its own
	dirty                  // each step happens at once, and is undone if the transaction is aborted
)

// play is a random history of a store.
type play struct {
	*rand.Rand
	engine  engine
	lies    float64
	list    bool // lists, else registers
	txns    int
	keys    int
	clients int
	pairs   bool // who reads reads two keys, who writes writes one
	unknown float64
	fails   float64

	held  map[string][]string   // what is there: of a register, all values that it had
	past  []map[string][]string // after each commit
	value int
	index int64
}

type running struct {
	history.Operation
	steps   []playStep
	at      int
	view    map[string][]string
	base    int
	outcome history.Kind
	ended   bool
}

type playStep struct {
	writes bool
	key    string
	value  string
	saw    []string
}

func newPlay(r *rand.Rand, list bool) *play {
	p := &play{Rand: r, engine: []engine{oneByOne, snapshot, careless, careless, old, stepwise, stepwise, forked, forked, forked, dirty, dirty}[r.IntN(12)], lies: []float64{0, 0.25, 0.4}[r.IntN(3)], list: list, txns: 5 + r.IntN(3), keys: 1 + r.IntN(3),
		clients: 2 + r.IntN(3), unknown: []float64{0, 0.3, 0.4}[r.IntN(3)], pairs: r.IntN(3) == 0, fails: []float64{0, 0.15}[r.IntN(2)], held: map[string][]string{}}
	if !list {
		p.lies *= 2
	}
	p.past = []map[string][]string{{}}
	return p
}

func copied(held map[string][]string) map[string][]string {
	c := make(map[string][]string)
	for k, v := range held {
		c[k] = slices.Clone(v)
	}
	return c
}

func (p *play) ask(client int) *running {
	t := &running{}
	t.Process, t.F = history.Process(client), history.Txn
	readsOnly := p.IntN(5) < 2
	if p.pairs && readsOnly {
		t.steps = []playStep{{key: "x"}, {key: "y"}}
	}
	for range 1 + p.IntN(3) {
		if p.pairs && len(t.steps) > 0 {
			break
		}
		s := playStep{key: string("xyz"[p.IntN(p.keys)])}
		if s.writes = (p.pairs || p.IntN(2) == 0) && !readsOnly; s.writes {
			p.value++
			s.value = fmt.Sprint(p.value)
		}
		t.steps = append(t.steps, s)
	}
	t.outcome = history.OK
	if p.Float64() < p.unknown {
		t.outcome = history.Info
	} else if p.Float64() < p.fails {
		t.outcome = history.Fail
	}
	return t
}

// history lets clients use the store, one step of one of them at a time.
func (p *play) history() []history.Operation {
	var all []history.Operation
	open := make([]*running, p.clients)
	process := p.clients
	tick := func() (int64, time.Duration) {
		p.index++
		return p.index - 1, time.Duration(p.index) * time.Millisecond
	}
	for begun := 0; begun < p.txns || slices.ContainsFunc(open, func(t *running) bool { return t != nil }); {
		c := p.IntN(p.clients)
		switch t := open[c]; {
		case t == nil && begun < p.txns:
			t = p.ask(c)
			t.Call, t.CallTime = tick()
			t.Input = p.text(t.steps, false)
			open[c] = t
			begun++
		case t == nil:
		case !t.ended:
			p.advance(t)
		default:
			t.Return, t.ReturnTime = tick()
			t.Outcome = t.outcome
			t.Process = history.Process(c)
			if t.outcome == history.OK {
				t.Output = p.text(t.steps, true)
			} else if t.outcome == history.Info {
				t.Process = history.Process(process)
				process++
			}
			all = append(all, t.Operation)
			open[c] = nil
		}
	}
	slices.SortFunc(all, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	return all
}

// advance carries out the next step of a transaction, or ends it.
func (p *play) advance(t *running) {
	if p.engine == oneByOne || p.engine == old || p.engine == forked {
		p.begin(t)
		for !t.ended {
			p.step(t)
		}
		return
	}
	if t.view == nil {
		p.begin(t)
		return
	}
	p.step(t)
}

func (p *play) begin(t *running) {
	t.base = len(p.past) - 1
	if p.engine == old {
		t.base = p.IntN(len(p.past))
	}
	t.view = copied(p.past[t.base])
	if p.engine == forked {
		for _, k := range slices.Sorted(maps.Keys(t.view)) {
			t.view[k] = slices.Clone(p.past[p.IntN(len(p.past))][k])
		}
	}
}

func (p *play) step(t *running) {
	if t.at == len(t.steps) {
		p.end(t)
		return
	}
	s := &t.steps[t.at]
	t.at++
	from := t.view
	switch {
	case p.engine == dirty:
		from = p.held
	case p.engine == stepwise && !s.writes && !slices.ContainsFunc(t.steps[:t.at], func(o playStep) bool { return o.writes && o.key == s.key }):
		from = p.past[len(p.past)-1]
	}
	if s.writes {
		from[s.key] = append(from[s.key], s.value)
		return
	}
	s.saw = slices.Clone(from[s.key])
	if p.Float64() < p.lies {
		s.saw = p.lie(s.saw, s.key)
	}
}

func (p *play) lie(saw []string, key string) []string {
	kind := p.IntN(4)
	if !p.list {
		kind = max(0, p.IntN(8)-4) // nothing is as telling as an old value
	}
	switch kind {
	case 0:
		return slices.Clone(p.past[p.IntN(len(p.past))][key])
	case 1:
		if n := len(saw); n > 0 {
			return saw[:n-1]
		}
	case 2:
		return append(saw, fmt.Sprint(1+p.IntN(p.value+1)))
	case 3:
		if n := len(saw); n > 1 {
			saw[n-1], saw[n-2] = saw[n-2], saw[n-1]
		}
	}
	return saw
}

// end commits a transaction, or aborts it. An unanswered one does the one or the other.
func (p *play) end(t *running) {
	t.ended = true
	commits := t.outcome == history.OK || t.outcome == history.Info && p.IntN(2) == 0
	now := p.past[len(p.past)-1]
	if p.engine == snapshot || p.engine == old {
		for _, s := range t.steps {
			if (s.writes || p.engine == old) && len(now[s.key]) != len(p.past[t.base][s.key]) && commits {
				commits = false
				if t.outcome == history.OK {
					t.outcome = history.Fail
				}
			}
		}
	}
	held := copied(now)
	for _, s := range t.steps {
		switch {
		case !s.writes:
		case commits:
			held[s.key] = append(held[s.key], s.value)
		case p.engine == dirty:
			p.held[s.key] = slices.DeleteFunc(p.held[s.key], func(v string) bool { return v == s.value })
		}
	}
	if commits || p.Float64() < p.lies {
		if p.engine == dirty {
			held = copied(p.held)
		}
		p.past = append(p.past, held)
	}
}

func (p *play) text(steps []playStep, answered bool) history.Value {
	var words []string
	for _, s := range steps {
		verb, value := "r", "null"
		switch {
		case s.writes && p.list:
			verb, value = "append", s.value
		case s.writes:
			verb, value = "w", s.value
		case answered && p.list:
			value = "[" + strings.Join(s.saw, ",") + "]"
		case answered && len(s.saw) > 0:
			value = s.saw[len(s.saw)-1]
		}
		words = append(words, fmt.Sprintf(`["%s","%s",%s]`, verb, s.key, value))
	}
	return history.Value("[" + strings.Join(words, ",") + "]")
}
