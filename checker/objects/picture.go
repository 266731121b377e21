package objects

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/history"
)

// Porcupine draws at most so many operations, and searches at most so long for the orders to draw.
const (
	pictureOps  = 60
	pictureTime = 2 * time.Second
)

// Picture writes Porcupine's own picture of an anomaly: a page that shows the operations of its proof, how far
// an order of them gets, and what the object would be by then. It is an error if the proof rests on what nodes
// held at the end, or has more operations than anybody looks at.
func (c Checker) Picture(w io.Writer, h *history.History, a checker.Anomaly) error {
	keys := c.normalize(h)
	at := slices.IndexFunc(keys, func(k *key) bool { return k.name == a.Key })
	if at < 0 || keys[at].broken != "" {
		return fmt.Errorf("no picture of %s on key %q: there is no such %s", a.Name, a.Key, c.object.noun)
	}
	k := keys[at]
	var ops []op
	focus := false
	end := int64(0)
	for _, o := range k.ops {
		if slices.Contains(a.Ops, o.call) {
			ops = append(ops, o)
			focus = focus || o.call == a.Focus
			if end = max(end, o.call+1); !o.unknown() {
				end = max(end, o.ret+1)
			}
		}
	}
	if !focus || len(ops) > pictureOps {
		return fmt.Errorf("no picture of %s on key %q: %d of its operations can be drawn", a.Name, a.Key, len(ops))
	}
	drawn := k.drawn(within(ops), end)
	result, info := porcupine.CheckOperationsVerbose(k.described(), drawn, pictureTime)
	if result == porcupine.Unknown {
		return fmt.Errorf("no picture of %s on key %q: Porcupine found no answer within %v", a.Name, a.Key, pictureTime)
	}
	info.AddAnnotations(k.marks(ops, a))
	return porcupine.Visualize(k.described(), info, w)
}

// drawn has a row for each process, in the order of their first calls. What never returned is drawn to the end.
func (k *key) drawn(ops []op, end int64) []porcupine.Operation {
	rows := make(map[history.Process]int)
	all := forPorcupine(ops)
	for i := range all {
		from := k.source(&ops[i])
		if _, known := rows[from.Process]; !known {
			rows[from.Process] = len(rows)
		}
		all[i].ClientId, all[i].Return, all[i].Metadata = rows[from.Process], min(all[i].Return, end), from
	}
	return all
}

// within leaves out of transactions what they read of values that nobody among them wrote: Porcupine could not
// begin with any of them.
func within(ops []op) []op {
	some := slices.Clone(ops)
	for i := range some {
		some[i].txn = slices.DeleteFunc(slices.Clone(some[i].txn), func(a access) bool {
			return !a.writes && !slices.ContainsFunc(ops, func(o op) bool {
				return slices.Contains(o.txn, access{writes: true, register: a.register, value: a.value})
			})
		})
	}
	return some
}

// marks point at the operations of the proof in a row of their own.
func (k *key) marks(ops []op, a checker.Anomaly) (marks []porcupine.Annotation) {
	for i := range ops {
		mark := porcupine.Annotation{Tag: "proof", Start: ops[i].call, End: ops[i].call, Description: k.inPicture(&ops[i]), Details: a.Reason()}
		if ops[i].call == a.Focus {
			mark.Description, mark.Details = a.Name, a.Message
			mark.TextColor, mark.BackgroundColor = "#FFFFFF", "#AD4400"
		}
		marks = append(marks, mark)
	}
	return marks
}

// described is the object's model, which can tell what it is and what is done to it.
func (k *key) described() porcupine.Model {
	m := k.model()
	m.DescribeOperation = func(input, _ any) string { return k.inPicture(input.(*op)) }
	m.DescribeState = func(state any) string { return k.object.state(k, state) }
	m.DescribeOperationMetadata = func(of any) string {
		o := of.(*history.Operation)
		return fmt.Sprintf("client %v%s, event %d, called at %s", o.Process, checker.ShowPlace("at", o), o.Call, checker.ShowTime(o.CallTime))
	}
	return m
}

func (k *key) inPicture(o *op) string {
	from := k.source(o)
	at := slices.IndexFunc(k.ops, func(whole op) bool { return whole.at == o.at }) // it may be drawn without some of its reads
	if o.unknown() {
		return checker.ShowAsked(from.F, from.Key, from.Input) + " (no answer)"
	}
	return k.object.say(k, &k.ops[at])
}

// inList describes the state of a queue or a set: its elements, in their order.
func inList(k *key, state any) string {
	var words []string
	for _, v := range unpack(state.(string)) {
		words = append(words, k.show(v))
	}
	return "[" + strings.Join(words, ", ") + "]"
}
