package netagent

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// tick is the grain in which silence is counted. It is counted in ticks seen, not by the clock: an
// agent that was itself starved of CPU for three seconds, with six heartbeats waiting in the pipe,
// must read them before it judges.
const tick = 100 * time.Millisecond

const ticksOfSilence = int(Silence / tick)

// firewall drops packets by their source.
type firewall interface {
	// block makes the addresses the only ones whose packets are dropped.
	block([]netip.Addr) error
	// impair makes the addresses the only ones whose packets are dropped in part.
	impair(map[netip.Addr]Impairment) error
	// dropped counts the packets dropped so far, by source.
	dropped() (map[netip.Addr]uint64, error)
}

// processes are those of the node, which share the agent's process namespace.
type processes interface {
	stop() error
	resume() error
	look() (Processes, error)
	// reap collects the orphans that the kernel handed to the agent as the namespace's first process.
	reap()
}

// prober sends and receives probes.
type prober interface {
	port() uint16
	send(Probe) error
	arrivals() <-chan arrival
	// tally counts the datagrams of a tallied probe, by sender.
	tally(nonce string) map[string]int
}

// arrival is a probe that came in.
type arrival struct {
	Nonce string `json:"nonce"`
	From  string `json:"from"`
	Tally bool   `json:"tally,omitempty"`
	Fill  string `json:"fill,omitempty"`
}

// agent is the state of one run of the loop. Only the loop's goroutine touches it.
type agent struct {
	firewall  firewall
	processes processes
	prober    prober
	out       *json.Encoder
	stderr    io.Writer

	ticks    <-chan time.Time
	orphaned <-chan struct{} // a child ended

	blocked  []netip.Addr
	impaired int // addresses
	stopped  bool
	silent   int  // ticks since the last line
	eof      bool // the controller's end is closed: it never comes back
	healed   bool // the dead man's heal of this silence is done
	failed   bool // a heal was tried in vain, and that was said
}

// loop serves until ctx ends. One goroutine does everything, so that no reaping steals the exit
// status of a running iptables, and no heal overtakes the request that it must undo.
func (a *agent) loop(ctx context.Context, stdin io.Reader) error {
	a.say(Message{Event: Ready, Port: a.prober.port()})
	lines := make(chan []byte)
	go readLines(ctx, stdin, lines)
	for {
		select {
		case line, ok := <-lines:
			if ok {
				a.heard(line)
			} else {
				lines, a.eof = nil, true
				a.heal()
			}
		case <-a.ticks:
			a.silent++
			if a.silent >= ticksOfSilence || a.eof {
				a.heal()
			}
		case got := <-a.prober.arrivals():
			a.say(Message{Event: Arrived, Nonce: got.Nonce, From: got.From})
		case <-a.orphaned:
			a.processes.reap()
		case <-ctx.Done():
			a.heal()
			return nil
		}
	}
}

// readLines closes lines at the end of stdin.
func readLines(ctx context.Context, stdin io.Reader, lines chan<- []byte) {
	defer close(lines)
	in := bufio.NewScanner(stdin)
	for in.Scan() {
		select {
		case lines <- append([]byte(nil), in.Bytes()...):
		case <-ctx.Done():
			return
		}
	}
}

// heard takes a line, which also proves that the controller lives.
func (a *agent) heard(line []byte) {
	a.silent = 0
	if a.healed {
		a.healed = false
		a.say(Message{Event: Back})
	}
	var req Request
	if err := json.Unmarshal(line, &req); err != nil {
		a.say(Message{Error: fmt.Sprintf("not a request: %v: %.80q", err, line)})
		return
	}
	if req.Do == Alive {
		return
	}
	answer, err := a.do(req)
	answer.ID = req.ID
	if err != nil {
		answer.Error = err.Error()
	}
	a.say(answer)
}

func (a *agent) do(req Request) (answer Message, err error) {
	switch req.Do {
	case Block:
		// Noted before it is tried: if it fails half-way, the dead man still has something to undo.
		a.blocked = req.Block
		err = a.firewall.block(req.Block)
	case Impair:
		// More than it will be if it fails half-way: then there is something to undo all the same.
		a.impaired = max(a.impaired, len(req.Impair))
		if err = a.firewall.impair(req.Impair); err == nil {
			a.impaired = len(req.Impair)
		}
	case Count:
		answer.Dropped, err = a.firewall.dropped()
	case Send:
		if req.Probe == nil {
			return answer, fmt.Errorf("a request to send needs a probe")
		}
		err = a.prober.send(*req.Probe)
	case Tally:
		answer.Came = a.prober.tally(req.Nonce)
	case Stop:
		a.stopped = true
		err = a.processes.stop()
	case Continue:
		if err = a.processes.resume(); err == nil {
			a.stopped = false
		}
	case Look:
		var seen Processes
		seen, err = a.processes.look()
		answer.Processes = &seen
	default:
		err = fmt.Errorf("unknown action %q", req.Do)
	}
	return answer, err
}

// heal undoes every fault. What fails is tried again at the next tick: nobody else will do it.
func (a *agent) heal() {
	if a.healed {
		return
	}
	undone := Undone{Why: a.why(), Blocked: len(a.blocked), Impaired: a.impaired, Stopped: a.stopped}
	if err := a.undo(); err != nil {
		if !a.failed {
			a.failed = true
			a.say(Message{Event: DeadMan, Error: err.Error(), Undone: &undone})
		}
		return
	}
	a.healed, a.failed = true, false
	a.say(Message{Event: DeadMan, Undone: &undone})
}

func (a *agent) undo() error {
	if a.stopped {
		if err := a.processes.resume(); err != nil {
			return err
		}
		a.stopped = false
	}
	if len(a.blocked) > 0 {
		if err := a.firewall.block(nil); err != nil {
			return err
		}
		a.blocked = nil
	}
	if a.impaired > 0 {
		if err := a.firewall.impair(nil); err != nil {
			return err
		}
		a.impaired = 0
	}
	return nil
}

func (a *agent) why() string {
	if a.eof {
		return "the controller's end of the pipe closed"
	}
	if a.silent < ticksOfSilence {
		return "the agent was told to end"
	}
	return fmt.Sprintf("nothing heard from the controller for %v", time.Duration(a.silent)*tick)
}

// say writes one line. When nobody reads any more the agent goes on: it still has to undo.
func (a *agent) say(m Message) {
	if err := a.out.Encode(m); err != nil {
		fmt.Fprintf(a.stderr, "cannot write to the controller: %v\n", err)
	}
}
