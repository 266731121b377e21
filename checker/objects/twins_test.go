package objects

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// twin is an object once more, for tests only: its brute-force twin, which shares no code with what it
// judges. States are texts.
type twin struct {
	name  string
	check func(checker.Limits) checker.Checker
	start string
	quick float64 // at least so many per cent of the histories fit the near-linear check
	// unknown is the most unknown operations of a history, as in checkertest.Kind.
	unknown int
	// ask makes an operation that a client may ask for, given the state and what was asked for before.
	ask func(g *generator) history.Operation
	// do carries an operation out on a state: the new state and what is answered. fails is for what
	// is refused.
	do func(state string, o history.Operation) (next, answer string, fails bool)
	// lie is another answer than the true one.
	lie func(g *generator, o history.Operation, answer string) string
}

// generator plays an object of a twin.
type generator struct {
	twin
	*rand.Rand
	checkertest.Shape
	state string   // of the object
	asked []string // every value so far
	holds map[history.Process]string
	who   history.Process
}

func (g *generator) Ask(client history.Process) history.Operation {
	g.who = client
	return g.ask(g)
}

func (g *generator) TakeEffect(o *history.Operation) {
	if !g.Outcome(g.Rand, o) {
		return
	}
	next, answer, fails := g.do(g.state, *o)
	lies := o.Outcome == history.OK && g.Float64() < g.Lies
	if fails && !lies {
		if o.Outcome == history.OK {
			o.Outcome, o.Error = history.Fail, "not now"
		}
		return
	}
	if !fails {
		g.state = next
	}
	if lies && g.lie != nil {
		answer = g.lie(g, *o, answer)
	}
	if o.Outcome == history.OK && answer != "" {
		o.Output = history.Value(answer)
	}
	switch o.F {
	case history.Acquire:
		g.holds[o.Process] = string(o.Input)
	case history.Release:
		delete(g.holds, o.Process)
	}
}

func (g *generator) fresh() string {
	n := len(g.asked) + 1
	if g.Values > 0 {
		n = 1 + g.IntN(g.Values)
	}
	v := strconv.Itoa(n)
	g.asked = append(g.asked, v)
	return v
}

func (g *generator) one(of ...string) string {
	if len(of) == 0 {
		return ""
	}
	return of[g.IntN(len(of))]
}

func ask(f, input string) history.Operation {
	o := history.Operation{F: f, Key: "x"}
	if input != "" {
		o.Input = history.Value(input)
	}
	return o
}

func twins() []twin {
	return []twin{counterTwin("counter", false), counterTwin("counter of other amounts", true), setTwin(), queueTwin(), mutexTwin("lock", true), mutexTwin("lock without owners", false), kvTwin(), multiTwin()}
}

func counterTwin(name string, amounts bool) twin {
	quick := 100.0
	if amounts {
		quick = 0
	}
	return twin{
		name: name, check: Counter, start: "0", quick: quick,
		ask: func(g *generator) history.Operation {
			switch {
			case g.IntN(2) == 0:
				return ask(history.Read, "")
			case amounts:
				return ask(history.Add, strconv.Itoa(g.IntN(6)-2))
			}
			return ask(history.Add, "1")
		},
		do: func(state string, o history.Operation) (string, string, bool) {
			if o.F == history.Read {
				return state, state, false
			}
			a, _ := strconv.Atoi(state)
			b, _ := strconv.Atoi(string(o.Input))
			return strconv.Itoa(a + b), "", false
		},
		lie: func(g *generator, _ history.Operation, answer string) string {
			n, _ := strconv.Atoi(answer)
			return strconv.Itoa(max(0, n+g.IntN(4)-2))
		},
	}
}

func words(state string) []string { return strings.Fields(state) }

func listOf(elements []string) string { return "[" + strings.Join(elements, ",") + "]" }

func setTwin() twin {
	return twin{
		name: "set", check: Set, quick: 60,
		ask: func(g *generator) history.Operation {
			if g.IntN(2) == 0 {
				return ask(history.Read, "")
			}
			return ask(history.Add, g.fresh())
		},
		do: func(state string, o history.Operation) (string, string, bool) {
			held := words(state)
			if o.F == history.Read {
				return state, listOf(held), false
			}
			if !slices.Contains(held, string(o.Input)) {
				held = append(held, string(o.Input))
			}
			slices.Sort(held)
			return strings.Join(held, " "), "", false
		},
		lie: func(g *generator, _ history.Operation, answer string) string {
			var held []string
			for _, v := range strings.Split(strings.Trim(answer, "[]"), ",") {
				if v != "" && g.IntN(3) > 0 {
					held = append(held, v)
				}
			}
			if len(g.asked) > 0 && g.IntN(2) == 0 {
				if v := g.one(g.asked...); !slices.Contains(held, v) || g.IntN(4) == 0 {
					held = append(held, v)
				}
			}
			g.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
			return listOf(held)
		},
	}
}

func queueTwin() twin {
	return twin{
		name: "queue", check: Queue, quick: 25, unknown: 5,
		ask: func(g *generator) history.Operation {
			if g.IntN(2) == 0 {
				return ask(history.Dequeue, "")
			}
			return ask(history.Enqueue, g.fresh())
		},
		do: func(state string, o history.Operation) (string, string, bool) {
			held := words(state)
			switch {
			case o.F == history.Enqueue:
				return strings.Join(append(held, string(o.Input)), " "), "", false
			case len(held) == 0:
				return state, "null", false
			}
			return strings.Join(held[1:], " "), held[0], false
		},
		lie: func(g *generator, _ history.Operation, _ string) string {
			return g.one(append(slices.Clone(g.asked), "null")...)
		},
	}
}

func mutexTwin(name string, owners bool) twin {
	quick := 50.0
	if !owners {
		quick = 0
	}
	return twin{
		name: name, check: Mutex, quick: quick,
		ask: func(g *generator) history.Operation {
			held, holds := g.holds[g.who]
			if owners && g.IntN(12) == 0 {
				return ask(history.Release, g.fresh()) // what nobody acquired
			}
			if holds && g.IntN(4) > 0 {
				return ask(history.Release, held)
			}
			if holds && g.IntN(3) == 0 {
				return ask(history.Acquire, held) // once more
			}
			v := ""
			if owners {
				v = g.fresh()
			}
			return ask(history.Acquire, v)
		},
		do: func(state string, o history.Operation) (string, string, bool) {
			owner := string(o.Input)
			if owner == "" {
				owner = "null"
			}
			switch {
			case o.F == history.Acquire && state == "":
				return owner, "", false
			case o.F == history.Release && state == owner:
				return "", "", false
			}
			return state, "", true
		},
	}
}

func kvTwin() twin {
	return twin{
		name: "text", check: KV,
		ask: func(g *generator) history.Operation {
			v := strconv.Quote(g.fresh())
			switch g.IntN(4) {
			case 0:
				return ask(history.Put, v)
			case 1:
				return ask(history.Append, v)
			}
			return ask(history.Get, "")
		},
		do: func(state string, o history.Operation) (string, string, bool) {
			text := strings.Trim(string(o.Input), `"`)
			switch o.F {
			case history.Get:
				return state, strconv.Quote(state), false
			case history.Put:
				return text, "", false
			}
			return state + text, "", false
		},
		lie: func(g *generator, _ history.Operation, answer string) string {
			text := strings.Trim(answer, `"`)
			if text != "" && g.IntN(2) == 0 {
				return strconv.Quote(text[:len(text)-1])
			}
			return strconv.Quote(g.one(append(slices.Clone(g.asked), "")...))
		},
	}
}

func multiTwin() twin {
	return twin{
		name: "group of registers", check: MultiRegister, start: "null null null",
		ask: func(g *generator) history.Operation {
			var parts []string
			registers := g.Perm(3)[:1+g.IntN(3)]
			reads := g.IntN(2) == 0
			for _, r := range registers {
				if reads || g.IntN(4) == 0 {
					parts = append(parts, fmt.Sprintf(`["r",%d,null]`, r))
				} else {
					parts = append(parts, fmt.Sprintf(`["w",%d,%s]`, r, g.fresh()))
				}
			}
			o := ask(history.Txn, listOf(parts))
			o.Key = ""
			return o
		},
		do: func(state string, o history.Operation) (string, string, bool) {
			held := words(state)
			var all [][]json.RawMessage
			json.Unmarshal(o.Input, &all)
			for _, m := range all {
				if r, _ := strconv.Atoi(string(m[1])); string(m[0]) == `"w"` {
					held[r] = string(m[2])
				} else {
					m[2] = json.RawMessage(held[r])
				}
			}
			return strings.Join(held, " "), string(history.Encode(all)), false
		},
		lie: func(g *generator, _ history.Operation, answer string) string {
			var all [][]json.RawMessage
			json.Unmarshal([]byte(answer), &all)
			for _, m := range all {
				if string(m[0]) == `"r"` && g.IntN(2) == 0 {
					m[2] = json.RawMessage(g.one(append(slices.Clone(g.asked), "null")...))
				}
			}
			return string(history.Encode(all))
		},
	}
}

// sameAnswer compares what was answered with what should have been: in any order for a set.
func (w twin) sameAnswer(o history.Operation, answer string) bool {
	if answer == "" || o.Output == nil && o.Outcome != history.OK {
		return true
	}
	got := string(o.Output)
	if w.name != "set" {
		return got == answer
	}
	sorted := func(s string) []string {
		parts := strings.Split(strings.Trim(s, "[]"), ",")
		slices.Sort(parts)
		return parts
	}
	return slices.Equal(sorted(got), sorted(answer))
}

// step is the definition: what was answered must be what the object says.
func (w twin) step(state string, o *history.Operation) (string, bool) {
	next, answer, fails := w.do(state, *o)
	return next, !fails && w.sameAnswer(*o, answer)
}
