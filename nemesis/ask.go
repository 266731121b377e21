package nemesis

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"schism/configs/strictyaml"
	"schism/history"
)

// Ask is one operation that the scenario asks for itself, at a moment of its choice, as a client of its
// own: what must happen between two faults is then arranged, not hoped for. What it writes nobody else
// writes.
type Ask struct {
	F   string   `yaml:"f"` // read, write, append
	Key string   `yaml:"key"`
	At  Selector `yaml:"at"` // one node, chosen when it is asked
	// Name is how the rest of the scenario speaks of it; empty: nobody does.
	Name string `yaml:"name,omitempty"`
	// Retry is what its client does about an attempt that did not succeed; empty: what the workload's
	// clients do.
	Retry   string        `yaml:"retry,omitempty"`
	Timeout time.Duration `yaml:"timeout,omitempty"` // of all attempts; 0: the workload's
	Expect  history.Kind  `yaml:"expect,omitempty"`  // the answer without which the run is worth nothing; empty: any
	// Background lets the next step begin at once. The round waits for the answer at its end.
	Background bool `yaml:"background,omitempty"`
	// Repeat asks again and again, in the background, until the steps among which it stands are over.
	// What is expected must then be the answer once at least. For reads only: each write is one of its own.
	Repeat bool `yaml:"repeat,omitempty"`
}

// Question is an operation that is about to be asked.
type Question struct {
	Process history.Process
	F, Key  string
	Value   history.Value // nil of a read
	Node    string
	Name    string
	Retry   string
	Timeout time.Duration
}

// Reply is how it ended: in ok, fail or info, the latter two for a reason.
type Reply struct {
	Kind  history.Kind
	Error string
}

// Asker puts operations to the system, as clients do, and records them as theirs. The error is that of
// the history.
type Asker interface {
	Ask(q Question) (Reply, error)
}

// repeatPause is between two operations of an Ask that is repeated: enough of them, and not a load.
const repeatPause = 20 * time.Millisecond

func (a *Ask) String() string { return "ask: " + inOneLine(a) }

// MarshalYAML writes it on one line.
func (a *Ask) MarshalYAML() (any, error) {
	type plain Ask
	return flowFields((*plain)(a))
}

var askName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]{0,29}$`)

func (a *Ask) check(nodes []string, d *strictyaml.Document) {
	if fs := []string{history.Read, history.Write, history.Append}; !slices.Contains(fs, a.F) {
		d.Errorf("it can be a "+strings.Join(fs, ", "), []any{&a.F, a}, "no operation %q can be asked for", a.F)
	}
	if a.Key == "" {
		d.Errorf("key: x", []any{&a.Key, a}, "an operation is about a key")
	}
	if a.At == "" {
		d.Errorf("at: leader, or a node's name", []any{a}, "nobody is asked")
	} else if a.At.check(nodes, d, a); a.At.size(len(nodes)) != 1 {
		d.Errorf("at: leader, or a node's name", []any{&a.At}, "%s means several nodes, and one is asked", a.At)
	}
	if a.Name != "" && !askName.MatchString(a.Name) {
		d.Errorf("letters, digits and hyphens", []any{&a.Name}, "an operation cannot be called %q", a.Name)
	}
	if kinds := []history.Kind{history.OK, history.Info, history.Fail}; a.Expect != "" && !slices.Contains(kinds, a.Expect) {
		d.Errorf("ok, info or fail", []any{&a.Expect}, "an answer cannot be %q", a.Expect)
	}
	if a.Repeat && a.F != history.Read {
		d.Errorf("add a step for each", []any{&a.Repeat}, "only reads are repeated: each write is one of its own")
	}
}

// tokens gives each write of a run a value of its own: the name of the operation, or a number behind a
// letter, so that no generator, which makes numbers, has made it.
type tokens struct {
	mu   sync.Mutex
	used map[string]int
}

func (t *tokens) next(name string) history.Value {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		t.used = make(map[string]int)
	}
	t.used[name]++
	switch n := t.used[name]; {
	case name == "":
		return history.Encode(fmt.Sprintf(":%d", n)) // no name begins so
	case n > 1:
		return history.Encode(fmt.Sprintf("%s:%d", name, n))
	}
	return history.Encode(name)
}

// ask asks, and waits for the answer unless it is to go on beside the steps that follow.
func (r *round) ask(ctx context.Context, step Step, number int) error {
	q, err := r.question(ctx, step.Ask, number)
	if err != nil {
		r.unmet = fmt.Errorf("%s: %w", step, err)
		return r.n.newLife(step).missed(err)
	}
	if step.Ask.Background || step.Ask.Repeat {
		r.asked.Go(func() error {
			_, err := r.answer(ctx, step, q)
			return err
		})
		return nil
	}
	unmet, err := r.answer(ctx, step, q)
	if unmet != nil {
		r.unmet = fmt.Errorf("%s: %w", step, unmet)
	}
	return err
}

func (r *round) question(ctx context.Context, a *Ask, number int) (Question, error) {
	q := Question{F: a.F, Key: a.Key, Name: a.Name, Retry: a.Retry, Timeout: a.Timeout}
	if ctx.Err() != nil {
		return q, errors.New("the run ended before it was asked")
	}
	ctx, cancel := context.WithTimeout(ctx, aimBound)
	defer cancel()
	pick := NewPicker(r.n.Env.Nodes, r.n.Leaders, r.random(number))
	chosen, err := pick.Groups(ctx, []Group{{a.At}})
	if err != nil {
		return q, err
	}
	q.Node = chosen[0][0]
	q.Process = history.Process(r.n.lastAsk.Add(1) - 1)
	if a.F != history.Read {
		q.Value = r.n.tokens.next(a.Name)
	}
	r.n.Env.asked.add(q)
	return q, nil
}

// answer asks, again and again where that is wanted, and compares the answer with what is expected:
// unmet says how they differ. The error is one of the harness.
func (r *round) answer(ctx context.Context, step Step, q Question) (unmet, err error) {
	want := step.Ask.Expect
	for {
		reply, err := r.n.Env.Asker.Ask(q)
		if err != nil {
			return nil, err
		}
		if unmet = differs(want, reply); unmet == nil {
			want = "" // it has been the answer
		}
		if !step.Ask.Repeat {
			r.n.tell("▌ %s of %s at %s: %s", q.F, q.Key, q.Node, strings.TrimSpace(string(reply.Kind)+" "+reply.Error))
			break
		}
		if sleep(ctx, repeatPause); ctx.Err() != nil {
			break
		}
	}
	if unmet != nil {
		return unmet, r.n.newLife(step).missed(unmet)
	}
	return nil, nil
}

func differs(want history.Kind, reply Reply) error {
	if want == "" || reply.Kind == want {
		return nil
	}
	return fmt.Errorf("the answer was to be %s, and was %s", want, strings.TrimSpace(string(reply.Kind)+" "+reply.Error))
}
