package schism

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"schism/configs/strictyaml"
	"schism/history"
	"schism/workload"
)

// Mix is the share of each kind of operation, in parts of their sum. What is left out has none.
type Mix struct {
	Read    int `yaml:"read,omitempty"`
	Write   int `yaml:"write,omitempty"`
	CAS     int `yaml:"cas,omitempty"`
	Append  int `yaml:"append,omitempty"`
	Add     int `yaml:"add,omitempty"`
	Acquire int `yaml:"acquire,omitempty"`
	Release int `yaml:"release,omitempty"`
	Enqueue int `yaml:"enqueue,omitempty"`
	Dequeue int `yaml:"dequeue,omitempty"`
	Txn     int `yaml:"txn,omitempty"`
}

// share is one part of a mix.
type share struct {
	f     string
	parts *int
}

func (m *Mix) shares() []share {
	return []share{
		{history.Read, &m.Read}, {history.Write, &m.Write}, {history.CAS, &m.CAS}, {history.Append, &m.Append}, {history.Add, &m.Add},
		{history.Acquire, &m.Acquire}, {history.Release, &m.Release}, {history.Enqueue, &m.Enqueue}, {history.Dequeue, &m.Dequeue}, {history.Txn, &m.Txn},
	}
}

// mixOf is the mix that a workload has where a scenario gives none.
func mixOf(kind workload.Kind) (m Mix) {
	for _, s := range m.shares() {
		*s.parts = kind.Mix[s.f]
	}
	return m
}

// byF are the shares by the function of the operation.
func (m Mix) byF() map[string]int {
	all := make(map[string]int)
	for _, s := range m.shares() {
		all[s.f] = *s.parts
	}
	return all
}

// checkMix gives the workload its own mix where the scenario has none.
func (w *WorkloadSpec) checkMix(kind workload.Kind, d *strictyaml.Document) {
	const most = 1_000_000 // keeps the sum far from overflow
	m := &w.Mix
	if !d.Has(m) {
		*m = mixOf(kind)
	}
	sum := 0
	for _, s := range m.shares() {
		sum += *s.parts
		if *s.parts < 0 || *s.parts > most {
			d.Errorf(fmt.Sprintf("0 to %d", most), []any{s.parts, m}, "a share of %d parts", *s.parts)
		}
		if *s.parts > 0 && kind.Mix[s.f] == 0 {
			d.Errorf("it makes "+strings.Join(slices.Sorted(maps.Keys(kind.Mix)), ", "), []any{s.parts, m}, "the workload %s makes no %s", kind.Name, s.f)
		}
	}
	if sum == 0 {
		d.Errorf("leave the mix out for the workload's own", []any{m, w}, "no operation has a share in the mix")
	}
}
