package schism

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"schism/configs/strictyaml"
	"schism/history"
	"schism/nemesis"
	"schism/workload"
)

// asks are the operations that the scenario asks for itself.
func (s *Scenario) asks() []*nemesis.Ask {
	var asks []*nemesis.Ask
	s.Nemesis.Each(func(step *nemesis.Step) {
		if step.Ask != nil {
			asks = append(asks, step.Ask)
		}
	})
	return asks
}

// checkAsks reports what does not fit the workload, beside whose operations they stand.
func (s *Scenario) checkAsks(d *strictyaml.Document) {
	kind, _ := findWorkload(s.Workload.Name) // another check has looked
	for _, a := range s.asks() {
		if kind.Mix[a.F] == 0 {
			d.Errorf("it knows "+strings.Join(slices.Sorted(maps.Keys(kind.Mix)), ", "), []any{&a.F, a}, "keys of the workload %s know no %s", kind.Name, a.F)
		}
		if a.Retry != "" && !slices.Contains(workload.Retries(), a.Retry) {
			d.Errorf(strictyaml.DidYouMean(a.Retry, workload.Retries()), []any{&a.Retry, a}, "unknown way to retry %q", a.Retry)
		}
		if a.Retry == string(workload.RetryFresh) && a.F != history.Read && kind.Name != "" {
			refuseFresh(kind, []any{&a.Retry, a}, d)
		}
	}
}

// checkNamed reports what is required or expected of operations that nobody asks for.
func (s *Scenario) checkNamed(d *strictyaml.Document) {
	f := make(map[string]string) // of the operation of that name
	counted := make(map[string]bool)
	s.Nemesis.Each(func(step *nemesis.Step) {
		if step.Ask != nil && step.Ask.Name != "" {
			f[step.Ask.Name] = step.Ask.F
		}
		counted[step.Until.Counts()] = true
	})
	known := func(m any, name string) bool {
		if f[name] == "" {
			d.Errorf(strictyaml.DidYouMean(name, slices.Sorted(maps.Keys(f))), []any{strictyaml.Entry(m, name)}, "no operation of the schedule is called %s", name)
		}
		return f[name] != ""
	}
	for name := range s.Expect.Effects {
		if m := &s.Expect.Effects; known(m, name) && f[name] != history.Append {
			d.Errorf("", []any{strictyaml.Entry(m, name)}, "only effects of appends can be counted, and %s is a %s", name, f[name])
		}
	}
	for name, n := range s.Require.Holders {
		m := &s.Require.Holders
		switch at := []any{strictyaml.Entry(m, name)}; {
		case !known(m, name):
		case n < 0 || n > s.Cluster.Nodes:
			d.Errorf(fmt.Sprintf("there are %d nodes", s.Cluster.Nodes), at, "%d holders", n)
		case !counted[name]:
			d.Errorf(fmt.Sprintf("add {until: %d hold %s, within: 2s} where it must be so", n, name), at, "nobody counts who holds %s", name)
		}
	}
	for name, kind := range s.Require.Answers {
		m := &s.Require.Answers
		if known(m, name) && kind != history.OK && kind != history.Info && kind != history.Fail {
			d.Errorf("ok, info or fail", []any{strictyaml.Entry(m, name)}, "an answer cannot be %q", kind)
		}
	}
	if target, ok := s.Cluster.Options.(Controllable); ok {
		for i := range s.Require.Fired {
			if name := &s.Require.Fired[i]; !slices.Contains(target.Failpoints(), *name) {
				d.Errorf(strictyaml.DidYouMean(*name, target.Failpoints()), []any{name}, "unknown failpoint %q", *name)
			}
		}
	}
}

// keys are all keys that anybody uses.
func (s *Scenario) keys() []string {
	kind, _ := findWorkload(s.Workload.Name) // Parse has looked
	keys := kind.New(s.Workload.options()).Keys()
	for _, a := range s.asks() {
		if !slices.Contains(keys, a.Key) {
			keys = append(slices.Clip(keys), a.Key)
		}
	}
	return keys
}

// asker lets the nemesis ask as a client does.
type asker struct {
	r *run
	// sessions are open from the start, as those of old clients are: a fault that keeps a cluster from
	// committing does not keep an operation from being asked for.
	sessions chan uint64
}

// newAsker opens the sessions that the schedule's operations need.
func (r *run) newAsker(ctx context.Context) (*asker, error) {
	needed := 0
	for _, a := range r.s.asks() {
		if mode := r.modeOf(a.Retry); a.F != history.Read && mode != "" && mode != workload.RetryNone {
			needed++
		}
	}
	if needed > 0 {
		needed = r.s.Nemesis.Asks(r.s.Workload.Duration) // in all rounds
	}
	ctx, cancel := context.WithTimeout(ctx, r.bounds.ready)
	defer cancel()
	a := &asker{r: r, sessions: make(chan uint64, needed)}
	for range needed {
		session, err := workload.OpenSession(ctx, r.dial, r.s.Nodes())
		if err != nil {
			return nil, err
		}
		a.sessions <- session
	}
	return a, nil
}

func (r *run) modeOf(retry string) workload.Retry {
	return cmp.Or(workload.Retry(retry), r.s.Workload.Retry)
}

// Ask puts the operation to the system and records it.
func (a *asker) Ask(q nemesis.Question) (nemesis.Reply, error) {
	w := a.r.s.Workload
	mode, timeout := a.r.modeOf(q.Retry), cmp.Or(q.Timeout, w.Timeout)
	var session uint64
	if q.F != history.Read && mode != "" && mode != workload.RetryNone {
		session = <-a.sessions // there is one for each
	}
	client := workload.Reconnect(session, mode, a.r.dial, a.r.s.Nodes(), slices.Index(a.r.s.Nodes(), q.Node), timeout)
	defer client.Close()
	op := workload.Op{F: q.F, Key: q.Key, Value: q.Value, Name: q.Name}
	answer, err := workload.Do(a.r.tally, client, q.Process, q.Node, op, timeout)
	if err != nil {
		return nemesis.Reply{}, fmt.Errorf("ask %s of %s at %s: %w", q.F, q.Key, q.Node, err)
	}
	return nemesis.Reply{Kind: answer.Kind, Error: answer.Error}, nil
}

// canAsk says why the system cannot be asked in the way that the scenario wants.
func (r *run) canAsk() error {
	for _, a := range r.s.asks() {
		if r.modeOf(a.Retry) != workload.RetrySame {
			continue
		}
		client := r.dial(r.s.Nodes()[0])
		_, knows := client.(workload.Sessions)
		client.Close()
		if !knows {
			return errors.New("the system under test knows no sessions, so that no operation can be tried again under the same identity")
		}
	}
	return nil
}

// firstProcess is the number of the first process that is not one of the schedule's own.
func (s *Scenario) firstProcess() history.Process {
	return history.Process(s.Nemesis.Asks(s.Workload.Duration))
}
