package linear

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/history"
)

// Porcupine draws at most so many operations, and searches at most so long for the orders to draw: a
// whole key would take a page of gigabytes.
const (
	pictureOps  = 60
	pictureTime = 2 * time.Second
)

// Picture writes Porcupine's own picture of an anomaly: a page that shows the operations of the proof
// with their nearest neighbours on the key, and how far an order of them gets. It is an error if the
// anomaly is none of operations on a key, such as one of final reads.
func (Register) Picture(w io.Writer, h *history.History, a checker.Anomaly) error {
	k := only(h, a.Key)
	var proof []int32
	focus := false
	for i := range k.ops {
		if slices.Contains(a.Ops, k.ops[i].call) {
			proof = append(proof, int32(i))
			focus = focus || k.ops[i].call == a.Focus
		}
	}
	if !focus || k.broken != "" {
		return fmt.Errorf("no picture of %s on key %q: it is not about operations that a register knows", a.Name, a.Key)
	}
	p := newProver(k, nil) // it proves nothing here
	for n := pictureOps; ; n = len(proof) + (n-len(proof))/4 {
		c := canvas{h: h, anomaly: a, ops: p.window(proof, n)}
		if info, ok := c.search(); ok {
			c.mark(&info)
			return porcupine.Visualize(c.model(k), info, w)
		}
		if n <= len(proof) {
			return fmt.Errorf("no picture of %s on key %q: Porcupine found no answer for %d operations within %v", a.Name, a.Key, len(c.ops), pictureTime)
		}
	}
}

// only is one key of a history.
func only(h *history.History, name string) *key {
	s := newSplitter(name)
	for at := range h.Operations {
		if o := &h.Operations[at]; o.Key == name {
			s.add(o, int32(at))
		}
	}
	s.finish()
	return s.key
}

// window is the proof with the operations that were called nearest to any of its own, at most n, as
// Porcupine can judge them by themselves: reads of what was written outside are left out, and a
// cas of such a value counts as the write that it also is.
func (p *prover) window(proof []int32, n int) []op {
	ats := p.nearest(proof, n)
	sub := &key{values: p.key.values, exact: true}
	for _, at := range ats {
		o := p.key.ops[at]
		inside := o.kind == write || p.complete(p.writers[o.from], ats, o.ret)
		switch {
		case o.kind == notFrom && !p.complete(p.changes, ats, o.ret):
			continue
		case o.kind == cas && !inside:
			o.kind = write
		case !inside:
			continue
		}
		sub.ops = append(sub.ops, o)
	}
	return sub.tighten()
}

func (p *prover) nearest(proof []int32, n int) []int32 {
	distance := func(at int32) int64 {
		least := int64(never)
		for _, o := range proof {
			d := p.key.ops[at].call - p.key.ops[o].call
			least = min(least, max(d, -d))
		}
		return least
	}
	ats, _ := p.key.beginning(len(p.key.ops))
	slices.SortStableFunc(ats, func(a, b int32) int { return cmp.Compare(distance(a), distance(b)) })
	return sorted(ats[:min(max(n, len(proof)), len(ats))])
}

// canvas is one attempt at a picture.
type canvas struct {
	h       *history.History
	anomaly checker.Anomaly
	ops     []op
}

// search has a row for each process, in the order of their first calls. What never returned is drawn
// to the end.
func (c *canvas) search() (porcupine.LinearizationInfo, bool) {
	rows := make(map[history.Process]int)
	end := int64(0)
	for i := range c.ops {
		o := &c.ops[i]
		if process := c.at(o).Process; rows[process] == 0 {
			rows[process] = len(rows) + 1
		}
		end = max(end, o.call+1)
		if !o.unknown() {
			end = max(end, o.ret+1)
		}
	}
	drawn := forPorcupine(c.ops)
	for i := range drawn {
		drawn[i].ClientId = rows[c.at(&c.ops[i]).Process] - 1
		drawn[i].Return = min(drawn[i].Return, end)
		drawn[i].Metadata = c.at(&c.ops[i])
	}
	result, info := porcupine.CheckOperationsVerbose(model(), drawn, pictureTime)
	return info, result != porcupine.Unknown
}

func (c *canvas) at(o *op) *history.Operation { return &c.h.Operations[o.at] }

// mark points at the operations of the proof in a row of their own.
func (c *canvas) mark(info *porcupine.LinearizationInfo) {
	var marks []porcupine.Annotation
	for i := range c.ops {
		o := &c.ops[i]
		if !slices.Contains(c.anomaly.Ops, o.call) {
			continue
		}
		mark := porcupine.Annotation{
			Tag: "proof", Start: o.call, End: o.call, Description: describe(c.at(o)), Details: c.anomaly.Reason(),
		}
		if o.call == c.anomaly.Focus {
			mark.Description, mark.Details = c.anomaly.Name, c.anomaly.Message
			mark.TextColor, mark.BackgroundColor = "#FFFFFF", "#AD4400"
		}
		marks = append(marks, mark)
	}
	info.AddAnnotations(marks)
}

// model is a register that can describe itself.
func (c *canvas) model(k *key) porcupine.Model {
	texts := make([]string, k.values)
	for text, id := range k.ids {
		texts[id] = checker.ShowKey(k.name) + " = " + checker.ShowValue(history.Value(text))
	}
	m := model()
	m.DescribeState = func(state any) string { return texts[state.(int32)] }
	m.DescribeOperation = func(input, _ any) string { return describe(c.at(input.(*op))) }
	m.DescribeOperationMetadata = func(of any) string { return circumstances(of.(*history.Operation)) }
	return m
}

// describe is "read → 12", "write 19" or "cas 12 → 20".
func describe(o *history.Operation) string {
	var text string
	switch o.F {
	case history.Read:
		return "read → " + checker.ShowValue(o.Output)
	case history.Write:
		text = "write " + checker.ShowValue(o.Input)
	default:
		from, to, _ := history.SplitPair(o.Input) // split has looked
		text = "cas " + checker.ShowValue(from) + " → " + checker.ShowValue(to)
	}
	switch {
	case o.Outcome == history.Info:
		text += " (no answer)"
	case o.Outcome == history.Fail && len(o.Found()) > 0:
		text += ", found " + checker.ShowValue(o.Found())
	case o.Outcome == history.Fail:
		text += ", did not match"
	}
	return text
}

// circumstances are who asked whom, and when.
func circumstances(o *history.Operation) string {
	text := fmt.Sprintf("client %v%s, event %d, called at %s", o.Process, checker.ShowPlace("at", o), o.Call, checker.ShowTime(o.CallTime))
	if o.Outcome == history.Info {
		return text + ", never answered: drawn up to where its value was seen, or to the end"
	}
	return text + ", answered at " + checker.ShowTime(o.ReturnTime)
}
