package linear

import "schism/checker"

// finding puts a conflict into a finding.
func (j *judgement) finding(c *conflict) *finding {
	if j.values != nil {
		return j.values.finding(c)
	}
	return &finding{name: checker.NonLinearizable, key: j.key, ops: c.ops, focus: c.focus, with: c.with, kind: c.kind}
}

// finding names a conflict that the zones found, where no single fact about an older value and an
// acknowledged write tells it better.
func (s *succession) finding(c *conflict) *finding {
	f := &finding{name: checker.NonLinearizable, key: s.key, ops: c.ops, focus: c.focus, with: c.with, kind: c.kind}
	if f.kind == future {
		s.turn(f)
	}
	if f.kind == overlap && f.with != none {
		s.goesBack(f)
	}
	return f
}

// turn tells an operation that ended before something earlier in its chain was called from the other
// side, if that one was a read: then it is the read that went back.
func (s *succession) turn(f *finding) {
	focus, with := &s.key.ops[f.focus], &s.key.ops[f.with]
	if with.kind != read && with.kind != mismatch {
		return
	}
	if s.root[s.home(f.focus)] == s.root[with.from] && s.home(f.focus) != with.from && focus.kind != write {
		f.kind, f.focus, f.with = overlap, f.with, f.focus
	}
}

// goesBack names a read that saw a value after another had shown a newer one. What it missed is the
// newer write itself, if that had been acknowledged by then; else only the other read proves it.
func (s *succession) goesBack(f *finding) {
	focus, with := &s.key.ops[f.focus], &s.key.ops[f.with]
	if _, ok := focus.shows(); !ok || focus.unknown() {
		return
	}
	if w := s.writer[s.home(f.with)]; w != none && s.key.ops[w].ret < focus.call {
		f.name, f.with = checker.StaleRead, w
		return
	}
	if with.kind == read || with.kind == mismatch {
		f.name = checker.Reordered
	}
}
