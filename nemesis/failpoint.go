package nemesis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// What a failpoint does when it is passed.
const (
	ActionCrash = "crash" // the node ends at once, as by SIGKILL
	ActionHold  = "hold"  // what comes there waits until the fault is over
	ActionSleep = "sleep" // what comes there waits for a time
	ActionError = "error" // what comes there fails, as an input or output does
)

// Actions are all of them.
func Actions() []string { return []string{ActionCrash, ActionError, ActionHold, ActionSleep} }

// Failpoint sets a trap at a named place in the nodes' own code. It is proved by its announcement, which
// a node sends before it acts, so that one that was never passed is a fault that did not bite. Nodes that
// it ended start again when it is over.
type Failpoint struct {
	Name   string        `yaml:"name"`
	At     Group         `yaml:"at"`
	Action string        `yaml:"action"`
	For    time.Duration `yaml:"for,omitempty"`   // of a sleep
	Hit    int           `yaml:"hit,omitempty"`   // which passage acts; 0: the first
	Every  bool          `yaml:"every,omitempty"` // every one does
	Peer   string        `yaml:"peer,omitempty"`
	Key    string        `yaml:"key,omitempty"`
	// UpTo names an operation of the schedule: its entry, and those before it, still pass.
	UpTo string `yaml:"up-to,omitempty"`
}

func decodeFailpoint(n *yaml.Node, d *strictyaml.Document) Fault {
	f := &Failpoint{}
	d.Value(n, f)
	return f
}

func (f *Failpoint) Kind() string   { return "failpoint" }
func (f *Failpoint) String() string { return "failpoint: " + inOneLine(f) }

// MarshalYAML writes it on one line.
func (f *Failpoint) MarshalYAML() (any, error) {
	type plain Failpoint
	return flowFields((*plain)(f))
}

// Check wants a place, an action and nodes. Which places there are the target knows.
func (f *Failpoint) Check(nodes []string, d *strictyaml.Document) {
	if f.Name == "" || len(f.At) == 0 || f.Action == "" {
		d.Errorf("write failpoint: {name: append.after-fsync, at: leader, action: crash}", []any{f}, "a failpoint needs name, at and action")
		return
	}
	f.At.check(nodes, d)
	if !slices.Contains(Actions(), f.Action) {
		d.Errorf(strictyaml.DidYouMean(f.Action, Actions()), []any{&f.Action}, "unknown action %q", f.Action)
	}
	if (f.Action == ActionSleep) != (f.For > 0) {
		d.Errorf("action: sleep, for: 500ms", []any{&f.For, &f.Action}, "a sleep lasts for some time, and nothing else does")
	}
	if f.Hit < 0 || f.Hit > 0 && f.Every {
		d.Errorf("hit: 1 is the first", []any{&f.Hit}, "either the hit of this number acts, or every one")
	}
	if f.Peer != "" && !slices.Contains(nodes, f.Peer) {
		d.Errorf(hintFor(f.Peer, nodes, nodes), []any{&f.Peer}, "%q is none of the %d nodes", f.Peer, len(nodes))
	}
}

// FromWithin says that it acts through Control.
func (f *Failpoint) FromWithin() {}

// Aim chooses the nodes.
func (f *Failpoint) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, f.At)
	if err != nil {
		return nil, err
	}
	return &trapNodes{spec: f, nodes: nodes, targets: pick.Targets()}, nil
}

// trapNodes is the strike of Failpoint.
type trapNodes struct {
	spec    *Failpoint
	nodes   []string
	targets map[string][]string
	mark    int // on the board, when it was armed
}

// Latent: it acts when something passes.
func (t *trapNodes) Latent() {}

func (t *trapNodes) Describe() history.Fault {
	what := fmt.Sprintf("%s at %s: %s", t.spec.Name, strings.Join(t.nodes, " "), t.spec.Action)
	return history.Fault{Nodes: t.nodes, Targets: t.targets, What: what}
}

// Before wants the place free: another trap there would be taken for this one.
func (t *trapNodes) Before(ctx context.Context, e *Env) error {
	for _, node := range t.nodes {
		if armed, err := e.Control.Armed(ctx, node, t.spec.Name); err != nil {
			return fmt.Errorf("%s: %w", node, err)
		} else if armed {
			return fmt.Errorf("%s is armed at %s already", t.spec.Name, node)
		}
	}
	return nil
}

// Apply arms the nodes. Those that it may end it owns from then on.
func (t *trapNodes) Apply(ctx context.Context, e *Env) error {
	t.mark = e.Board.mark()
	trap := Trap{
		Name: t.spec.Name, Action: t.spec.Action, For: t.spec.For, Hit: t.spec.Hit, Every: t.spec.Every,
		Peer: t.spec.Peer, Key: t.spec.Key,
	}
	if t.spec.Action == ActionCrash {
		_ = e.down.change(t.nodes, +1, func(_, _ []string) error { return nil })
	}
	return together(t.nodes, func(node string) error {
		own := trap
		if t.spec.UpTo != "" {
			index, err := e.indexOf(ctx, node, t.spec.UpTo)
			if err != nil {
				return err
			}
			own.Index = &index
		}
		return t.arm(ctx, e, node, own)
	})
}

// announceBound is how long the announcement of a node may take that ended before it had answered.
const announceBound = 2 * time.Second

// arm hands a trap to a node. On a busy path it may end the node before the answer is out: then its announcement
// is the answer.
func (t *trapNodes) arm(ctx context.Context, e *Env, node string, trap Trap) error {
	err := e.Control.Arm(ctx, node, trap)
	if err == nil || trap.Action != ActionCrash {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, announceBound)
	defer cancel()
	for !t.announced(e, node) {
		if sleep(ctx, startPoll); ctx.Err() != nil {
			return err
		}
	}
	return nil
}

func (t *trapNodes) announced(e *Env, node string) bool {
	return len(e.Board.since(t.mark, func(a history.Announcement) bool {
		return a.Node == node && a.Failpoint == t.spec.Name
	})) > 0
}

// Bites wants an announcement of each node.
func (t *trapNodes) Bites(_ context.Context, e *Env) (bool, string, error) {
	fired := make(map[string]int)
	for _, a := range e.Board.since(t.mark, func(a history.Announcement) bool { return a.Failpoint == t.spec.Name }) {
		fired[a.Node]++
	}
	var words []string
	for _, node := range t.nodes {
		if fired[node] == 0 {
			return false, fmt.Sprintf("%s was not passed at %s", t.spec.Name, node), nil
		}
		words = append(words, fmt.Sprintf("%s announced %s", node, numberOf(fired[node])))
	}
	return true, strings.Join(words, ", "), nil
}

func numberOf(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Undo disarms the nodes that live and starts those that it has ended.
func (t *trapNodes) Undo(ctx context.Context, e *Env) error {
	disarm := func(node string) error {
		_, err := e.reach(ctx, node, func() error { return e.Control.Disarm(ctx, node, t.spec.Name) })
		return err
	}
	if t.spec.Action != ActionCrash {
		return together(t.nodes, disarm)
	}
	return errors.Join(together(t.nodes, disarm), e.down.change(t.nodes, -1, func(_, changed []string) error {
		return together(changed, func(node string) error { return t.revive(ctx, e, node) })
	}))
}

// revive sees to it that a node lives. One that has announced its end may still be about to die, and one
// that died be about to be noticed.
func (t *trapNodes) revive(ctx context.Context, e *Env, node string) error {
	ended := t.announced(e, node)
	for {
		up, err := e.Processes.Running(ctx, node)
		switch {
		case err != nil:
			return err
		case up && !ended:
			return nil
		case !up:
			if err = e.start(ctx, node); err == nil {
				return nil
			}
		}
		if sleep(ctx, startPoll); ctx.Err() != nil {
			return errors.Join(err, fmt.Errorf("%s announced its end, and neither ended nor could be started", node))
		}
	}
}

// Gone wants the living nodes disarmed, and all living that no other fault keeps down.
func (t *trapNodes) Gone(ctx context.Context, e *Env) (bool, string, error) {
	for _, node := range e.due(t.nodes) {
		if up, err := e.Processes.Running(ctx, node); err != nil || !up {
			return false, node + " is not running", err
		}
		armed, err := e.Control.Armed(ctx, node, t.spec.Name)
		if err != nil {
			return false, "", fmt.Errorf("%s does not say whether it is disarmed: %w", node, err)
		}
		if armed {
			return false, node + " is still armed", nil
		}
	}
	return true, fmt.Sprintf("%s disarmed", strings.Join(t.nodes, ", ")), nil
}
