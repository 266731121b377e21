package linear

import (
	"fmt"

	"schism/checker"
	"schism/history"
)

// proof says in a sentence what cannot be ordered: "the writes of 12 and 19 and this read cannot be
// put in any order that a single register allows, whatever the other operations did."
func (x *explainer) proof(f *finding) string {
	if len(f.ops) == 1 {
		return x.one(f)
	}
	const most = 6
	what := fmt.Sprintf("these %d operations", len(f.ops))
	if len(f.ops) <= most {
		what = x.list(f)
	}
	return what + " cannot be put in any order that a single register allows, whatever the other operations did."
}

func (x *explainer) one(f *finding) string {
	if f.kind == unwritten {
		return "no order of the operations can explain this one: no operation that may have taken effect wrote what it saw."
	}
	return "no order of the operations can explain this one, which contradicts itself."
}

// list is "the writes of 12 and 19, the cas from 19 to 20 and this read".
func (x *explainer) list(f *finding) string {
	var writes, links, reads []string
	this := ""
	for _, at := range f.ops {
		o := x.op(f.key, at)
		v, _ := x.shown(f.key, at)
		switch {
		case at == f.focus:
			this = "this " + o.F
		case f.key.ops[at].kind == write:
			writes = append(writes, checker.ShowValue(o.Input))
		case f.key.ops[at].kind == read:
			reads = append(reads, v)
		default:
			links = append(links, x.casText(f.key, at))
		}
	}
	var parts []string
	parts = appendPart(parts, "write", "of", writes)
	parts = append(parts, links...)
	parts = appendPart(parts, "read", "of", reads)
	return checker.ShowList(append(parts, this))
}

func (x *explainer) casText(k *key, at int32) string {
	from, to, _ := history.SplitPair(x.op(k, at).Input) // split() would have refused another
	switch k.ops[at].kind {
	case mismatch:
		v, _ := x.shown(k, at)
		return "the cas that found " + v
	case notFrom:
		return "the cas that did not find " + checker.ShowValue(from)
	}
	return "the cas from " + checker.ShowValue(from) + " to " + checker.ShowValue(to)
}

func appendPart(parts []string, noun, of string, values []string) []string {
	switch len(values) {
	case 0:
		return parts
	case 1:
		return append(parts, fmt.Sprintf("the %s %s %s", noun, of, values[0]))
	}
	return append(parts, fmt.Sprintf("the %ss %s %s", noun, of, checker.ShowList(values)))
}
