package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"schism/cluster"
	"schism/docker/netagent"
)

// settleTime is how long Start watches a node that it started: a program that cannot run says so at
// once, and a set-up error is worth more than a run without that node.
const settleTime = 50 * time.Millisecond

// logTime bounds the wait for the end of an ended node's output.
const logTime = 5 * time.Second

// node is one node: its holder, its container, its volume and its log. What is empty was not made.
type node struct {
	cluster   *Cluster
	name      string
	holder    string // container id
	container string // container id
	volume    string
	agent     *agentConn
	probePort uint16
	ip        netip.Addr
	log       *os.File

	mu      sync.Mutex // one start or kill at a time
	current *life      // the last start; nil before the first
}

// life is one time that the node's container runs.
type life struct {
	ordered atomic.Bool   // its end was ordered
	done    chan struct{} // closed when it ended and its output is in the log
	status  string        // how it ended; set before done is closed
}

func (l *life) over() bool {
	if l == nil {
		return true
	}
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// start starts the container. Its output is attached first, so that not a byte is missed. Once it is begun a start
// is not given up: the engine would carry it out all the same, and nobody know of it.
func (n *node) start(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.current.over() {
		return errors.New("cannot start it: it runs")
	}
	engine := n.cluster.runtime.engine
	output, err := engine.ContainerAttach(ctx, n.container, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return fmt.Errorf("cannot attach to it: %w", err)
	}
	if err := n.cluster.startContainer(ctx, n.container); err != nil {
		output.Close()
		return errors.Join(fmt.Errorf("cannot start it: %w", err), n.unstart(ctx))
	}
	n.current = &life{done: make(chan struct{})}
	copied := make(chan error, 1)
	go func() {
		_, err := stdcopy.StdCopy(n.log, n.log, output.Reader)
		output.Close()
		copied <- err
	}()
	go n.watch(n.current, copied)
	return nil
}

// unstart sees to it that a start that failed is none: the engine may have given up the answer, and not the start.
func (n *node) unstart(ctx context.Context) error {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	err := n.cluster.runtime.engine.ContainerKill(ctx, n.container, "SIGKILL")
	if err != nil && !errdefs.IsConflict(err) { // a conflict: it does not run
		return fmt.Errorf("nor make sure that it does not run: %w", err)
	}
	return nil
}

// watch waits for the end of one life, and reports it if nobody ordered it.
func (n *node) watch(l *life, copied <-chan error) {
	l.status = n.awaitExit()
	select {
	case err := <-copied:
		if err != nil && !errors.Is(err, io.EOF) {
			n.cluster.spec.Log("%s: its log is not whole: %v", n.name, err)
		}
	case <-time.After(logTime):
		n.cluster.spec.Log("%s: the engine still holds output that its log lacks", n.name)
	}
	ordered := l.ordered.Load() || n.cluster.closing.Load()
	close(l.done)
	if !ordered {
		n.cluster.spec.Report(cluster.Incident{Node: n.name, Kind: cluster.Exited, What: n.lastWords(l)})
	}
}

func (n *node) awaitExit() (status string) {
	exits, errs := n.cluster.runtime.engine.ContainerWait(n.cluster.life, n.container, container.WaitConditionNotRunning)
	select {
	case exit := <-exits:
		if exit.Error != nil {
			return exit.Error.Message
		}
		return fmt.Sprintf("exit status %d", exit.StatusCode)
	case err := <-errs:
		return fmt.Sprintf("unknown, as the engine no longer tells: %v", err)
	}
}

// lastWords says how a life ended and what it said last: usually the cause.
func (n *node) lastWords(l *life) string {
	what := "it ended by itself, " + l.status
	if line := lastLine(n.log); line != "" {
		what += fmt.Sprintf("; its last line: %q", line)
	}
	return what
}

func lastLine(f *os.File) string {
	const enough = 1024
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	end := make([]byte, min(enough, info.Size()))
	if _, err := f.ReadAt(end, info.Size()-int64(len(end))); err != nil {
		return ""
	}
	end = bytes.TrimSpace(end)
	return string(end[bytes.LastIndexByte(end, '\n')+1:])
}

// stays fails if the node ends as soon as it was started.
func (n *node) stays(ctx context.Context) error {
	select {
	case <-n.current.done:
	case <-time.After(settleTime):
		// The agent sees that the process is gone before the engine does.
		if state, err := n.state(ctx); err != nil || state != cluster.Stopped {
			return err
		}
		select {
		case <-n.current.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New(n.lastWords(n.current))
}

// kill returns when the container has ended and its log is whole.
func (n *node) kill(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.current.over() {
		return nil
	}
	n.current.ordered.Store(true)
	err := n.cluster.runtime.engine.ContainerKill(ctx, n.container, "SIGKILL")
	// A conflict means that it ended just before.
	if err != nil && !errdefs.IsConflict(err) {
		return fmt.Errorf("cannot kill it: %w", err)
	}
	select {
	case <-n.current.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("it was sent SIGKILL, but did not end: %w", ctx.Err())
	}
}

func (n *node) state(ctx context.Context) (cluster.State, error) {
	seen, err := n.cluster.runtime.engine.ContainerInspect(ctx, n.container)
	if err != nil {
		return "", fmt.Errorf("cannot inspect it: %w", err)
	}
	switch {
	case !seen.State.Running:
		return cluster.Stopped, nil
	case seen.State.Paused:
		return cluster.Paused, nil
	}
	answer, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Look})
	if err != nil {
		return "", err
	}
	switch found := answer.Processes; {
	case found.Running > 0:
		return cluster.Running, nil
	case found.Stopped > 0:
		return cluster.Paused, nil
	}
	return cluster.Stopped, nil
}

// remove removes what was made for the node, its log excepted. What succeeds is forgotten, so that a
// second call tries only what is left.
func (n *node) remove(ctx context.Context) error {
	// First: the log is whole only if the container ends before it is removed.
	err := n.kill(ctx)
	err = errors.Join(err, together(
		func() error { return n.removeContainer(ctx, &n.container) },
		func() error { return n.removeContainer(ctx, &n.holder) },
	))
	if n.volume != "" && n.container == "" {
		removeErr := n.cluster.runtime.engine.VolumeRemove(ctx, n.volume, false)
		if removeErr != nil && !errdefs.IsNotFound(removeErr) {
			err = errors.Join(err, fmt.Errorf("cannot remove volume %s: %w", n.volume, removeErr))
		} else {
			n.volume = ""
		}
	}
	if n.agent != nil {
		n.agent.close()
	}
	if n.log != nil {
		n.log.Close()
	}
	return err
}

func (n *node) removeContainer(ctx context.Context, id *string) error {
	if *id == "" {
		return nil
	}
	err := n.cluster.runtime.engine.ContainerRemove(ctx, *id, removal)
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("cannot remove container %.12s: %w", *id, err)
	}
	*id = ""
	return nil
}
