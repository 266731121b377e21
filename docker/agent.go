package docker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"

	"schism/docker/netagent"
)

// readyTime bounds the agent's set-up, which takes some 20 ms on an idle machine.
const readyTime = 20 * time.Second

// writeTime bounds one line to the agent. A line is shorter than any pipe; only an engine that hangs
// takes longer.
const writeTime = 5 * time.Second

// agentConn is the controller's end of the pipe to one node's net agent.
type agentConn struct {
	conn    net.Conn
	onEvent func(netagent.Message)

	writing sync.Mutex // one line at a time

	mu      sync.Mutex
	lastID  int
	waiting map[int]chan netagent.Message

	ready chan netagent.Message // the first message
	gone  chan struct{}         // closed when nothing more will come
	cause error                 // why; set before gone is closed
}

// attachAgent takes over a stream that was attached before the holder started.
func attachAgent(stream types.HijackedResponse, onEvent func(netagent.Message)) *agentConn {
	a := &agentConn{
		conn:    stream.Conn,
		onEvent: onEvent,
		waiting: make(map[int]chan netagent.Message),
		ready:   make(chan netagent.Message, 1),
		gone:    make(chan struct{}),
	}
	lines, split := io.Pipe()
	var complaints tail
	go func() {
		// stdcopy takes the engine's frames apart into standard output and error.
		_, err := stdcopy.StdCopy(split, &complaints, stream.Reader)
		if err == nil {
			err = io.EOF
		}
		split.CloseWithError(err)
	}()
	go func() {
		err := a.read(lines)
		if said := complaints.String(); said != "" {
			err = fmt.Errorf("%w; it said: %s", err, said)
		}
		a.cause = err
		close(a.gone)
	}()
	go a.beat()
	return a
}

// read hands out messages until the stream ends.
func (a *agentConn) read(from io.Reader) error {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		var m netagent.Message
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return fmt.Errorf("the net agent sent %.80q: %w", lines.Text(), err)
		}
		switch {
		case m.Event == netagent.Ready:
			a.ready <- m
		case m.Event != "":
			a.onEvent(m)
		default:
			a.mu.Lock()
			answer := a.waiting[m.ID]
			delete(a.waiting, m.ID)
			a.mu.Unlock()
			if answer != nil {
				answer <- m
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the connection to the net agent broke: %w", err)
	}
	return errors.New("the net agent ended")
}

// awaitReady returns the port at which the agent listens for probes.
func (a *agentConn) awaitReady(ctx context.Context) (port uint16, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	select {
	case m := <-a.ready:
		if m.Error != "" {
			return 0, fmt.Errorf("the net agent could not set up its firewall: %s", m.Error)
		}
		return m.Port, nil
	case <-a.gone:
		return 0, a.cause
	case <-ctx.Done():
		return 0, fmt.Errorf("the net agent was not ready within %v: %w", readyTime, ctx.Err())
	}
}

// beat tells the agent that the controller lives. It is a goroutine of its own: a controller that is
// busy is not dead. One that is stopped for two seconds cannot be told from a dead one.
func (a *agentConn) beat() {
	ticker := time.NewTicker(netagent.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if a.write(netagent.Request{Do: netagent.Alive}) != nil {
				return // the reader learns of a broken connection too
			}
		case <-a.gone:
			return
		}
	}
}

func (a *agentConn) write(req netagent.Request) error {
	line, err := json.Marshal(req)
	if err != nil {
		return err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if err := a.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err = a.conn.Write(append(line, '\n'))
	return err
}

// ask sends a request and waits for its answer.
func (a *agentConn) ask(ctx context.Context, req netagent.Request) (netagent.Message, error) {
	answer := make(chan netagent.Message, 1)
	a.mu.Lock()
	a.lastID++
	req.ID = a.lastID
	a.waiting[req.ID] = answer
	a.mu.Unlock()
	if err := a.write(req); err != nil {
		return netagent.Message{}, fmt.Errorf("cannot reach the net agent: %w", err)
	}
	select {
	case m := <-answer:
		if m.Error != "" {
			return m, fmt.Errorf("net agent, asked to %s: %s", req.Do, m.Error)
		}
		return m, nil
	case <-a.gone:
		return netagent.Message{}, a.cause
	case <-ctx.Done():
		return netagent.Message{}, fmt.Errorf("the net agent, asked to %s, did not answer: %w", req.Do, ctx.Err())
	}
}

func (a *agentConn) close() error { return a.conn.Close() }

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 2048
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	t.end = t.end[max(0, len(t.end)-keep):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
