package nemesis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Fault is what a scenario asks for, before anybody knows whom it will strike.
type Fault interface {
	// Kind is its name in the table of kinds and in the history.
	Kind() string
	// String is the YAML that reads as this fault: "partition: [[leader, one], rest]".
	String() string
	// Check reports what cannot be with these nodes.
	Check(nodes []string, d *strictyaml.Document)
	// Aim chooses the victims. It is called when the fault strikes.
	Aim(ctx context.Context, p *Picker) (Strike, error)

	yaml.Marshaler
}

// Demanding is a fault that not every runtime can bring about.
type Demanding interface {
	Fault
	// Supported tells what is missing.
	Supported(e *Env) error
}

// FromWithin is a fault that acts through Env.Control: the target must let it.
type FromWithin interface {
	Fault
	FromWithin()
}

// FromWithin says whether the step needs Env.Control.
func (s *Step) FromWithin() bool {
	_, fault := s.Fault.(FromWithin)
	return fault || s.Until.FromWithin()
}

// supported is nil for a fault that every runtime can bring about.
func supported(f Fault, e *Env) error {
	switch f := f.(type) {
	case FromWithin:
		return controlled(e)
	case Demanding:
		return f.Supported(e)
	}
	return nil
}

// Supported says which faults of the schedule this cluster cannot bring about.
func (s Schedule) Supported(e *Env) error {
	var errs []error
	s.Each(func(step *Step) {
		if step.Fault == nil {
			return
		}
		if err := supported(step.Fault, e); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.Fault, err))
		}
	})
	return errors.Join(errs...)
}

// Strike is a fault that knows its victims. Its methods are called in this order, each once, Bites
// twice: right after Apply, and again just before Undo.
type Strike interface {
	// Describe gives the fields of history.Fault that say whom it strikes, and how.
	Describe() history.Fault
	// Before measures that what Bites will measure is not so already. The reason is in the error.
	Before(ctx context.Context, e *Env) error
	Apply(ctx context.Context, e *Env) error
	// Bites measures whether the fault has its effect, and tells in words what was seen.
	Bites(ctx context.Context, e *Env) (bool, string, error)
	Undo(ctx context.Context, e *Env) error
	// Gone measures whether the effect has ended. It is asked again until it has, under a bound.
	Gone(ctx context.Context, e *Env) (bool, string, error)
}

// Course is a strike that goes on after it was applied, from node to node for example. It is measured
// again when Go returns.
type Course interface {
	Strike
	// Go does the rest. It ends early with ctx, and spreads itself over span if it needs less.
	Go(ctx context.Context, e *Env, span time.Duration) error
}

// Latent is a strike that has its effect some time after it was applied, like a trap: it is measured
// just before Undo only.
type Latent interface {
	Strike
	Latent()
}

// Kind is one fault that a scenario can name.
type Kind struct {
	Name   string
	About  string // one line for people
	Decode func(n *yaml.Node, d *strictyaml.Document) Fault
}

// Kinds is every fault there is, by name. A new one is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{"campaign-in-vain", "make nodes ask for votes, one after the other, that must not get them", decodeCampaignInVain},
		{"clock", "let monotonic clocks run slower or faster: {at: leader, rate: 0.1}", decodeClock},
		{"corrupt-tail", "damage the last record in the logs of nodes that are stopped; it stays damaged", decodeCorruptTail},
		{"cut", "silence single links, one way or both: [n1->n2, leader<->n3]", decodeCut},
		{"elect", "make a node ask for votes until it leads", decodeElect},
		{"failpoint", "crash, hold, delay or fail a named step inside nodes: {name: append.after-fsync, at: leader, action: crash}", decodeFailpoint},
		{"hold-elections", "stop the election timers of nodes: none of them campaigns by itself", decodeHoldElections},
		{"kill", "end nodes with SIGKILL; they start again with their data when it is over", decodeKill},
		{"loss", "make links lose a share of the packets: {of: 30%, links: leader<->rest}", decodeLoss},
		{"one-way", "silence what some nodes send to others, and not the answers' way", decodeOneWay},
		{"partition", "split the nodes into groups that cannot reach each other, or into a shape: halves, ring, bridge", decodePartition},
		{"pause", "freeze nodes as SIGSTOP does; they go on where they were when it is over", decodePause},
		{"rate-limit", "let links carry no more than so much: {to: 16KB/s, links: leader<->rest}", decodeRateLimit},
		{"restart", "end nodes with SIGKILL and start them again at once", decodeRestart},
		{"rolling-restart", "restart nodes one after the other, each back before the next", decodeRolling},
		{"transfer", "make the leader hand its leadership to a node", decodeTransfer},
		{"wall-clock", "set wall clocks forward or back: {at: leader, back: 20s}", decodeWallClock},
	}
}

func kindNames() []string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return names
}
