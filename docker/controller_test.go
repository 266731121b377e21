//go:build linux

package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"schism/cluster"
)

// envController makes the test binary a controller that starts a cluster, strikes it with faults and
// then only lives, until it is killed or its standard input ends. Its value is a controllerOrder.
const envController = "SCHISM_DOCKER_TEST_CONTROLLER"

type controllerOrder struct {
	Run, Dir, Agent, Program, Machine string
	Cut                               []cluster.Link
	Lossy                             []cluster.Link
	Pause                             string // a node
}

// everyFault has each kind of fault that must not outlive the controller: n1 is cut off, n2 hears only
// half of n3, and n3 is paused.
var everyFault = controllerOrder{
	Cut:   []cluster.Link{{From: "n1", To: "n2"}, {From: "n2", To: "n1"}, {From: "n1", To: "n3"}, {From: "n3", To: "n1"}},
	Lossy: []cluster.Link{{From: "n3", To: "n2"}},
	Pause: "n3",
}

// told is a line that such a controller prints.
type told struct {
	Addresses map[string]string // client port of each node: the cluster stands, the faults are in force
	Incident  *cluster.Incident
	Log       string
	Error     string
}

func control(order string) {
	out := json.NewEncoder(os.Stdout)
	if err := controlOrFail(order, func(t told) { out.Encode(t) }); err != nil {
		out.Encode(told{Error: err.Error()})
		os.Exit(1)
	}
}

func controlOrFail(text string, tell func(told)) error {
	var order controllerOrder
	if err := json.Unmarshal([]byte(text), &order); err != nil {
		return err
	}
	r, err := New(Options{AgentBinary: order.Agent, AgentArgs: []string{}})
	if err != nil {
		return err
	}
	r.self.boot, r.self.machine = order.Machine, order.Machine
	ctx := context.Background()
	c, err := r.Start(ctx, cluster.Spec{
		Run: order.Run, Nodes: cluster.Names(3), Dir: order.Dir,
		Program: testProgram(order.Program),
		Report:  func(i cluster.Incident) { tell(told{Incident: &i}) },
		Log:     func(format string, args ...any) { tell(told{Log: fmt.Sprintf(format, args...)}) },
	})
	if err != nil {
		return err
	}
	if err := c.SetCuts(ctx, order.Cut); err != nil {
		return err
	}
	lossy := make(map[cluster.Link]cluster.Impairment)
	for _, link := range order.Lossy {
		lossy[link] = cluster.Impairment{Loss: 0.5}
	}
	if err := c.(cluster.Impairer).Impair(ctx, lossy); err != nil {
		return err
	}
	if order.Pause != "" {
		if err := c.(cluster.Pauser).PauseNode(ctx, order.Pause); err != nil {
			return err
		}
	}
	addresses := make(map[string]string)
	for _, n := range c.Nodes() {
		addresses[n] = c.Address(n, "client")
	}
	tell(told{Addresses: addresses})
	io.Copy(io.Discard, os.Stdin) // until the test is over
	return c.Close(ctx)
}

// controller is such a process, seen from the test.
type controller struct {
	t     *testing.T
	r     *Runtime
	run   string
	cmd   *exec.Cmd
	input io.Closer
	lines chan told
	told  []told
}

// startController does not wait for the cluster: await it. The order's faults are what counts of it.
func startController(t *testing.T, r *Runtime, faults controllerOrder) *controller {
	t.Helper()
	spec, _ := testSpec(t, 3)
	order, err := json.Marshal(controllerOrder{Run: spec.Run, Dir: spec.Dir,
		Agent: r.options.AgentBinary, Program: spec.Program.Binary, Machine: r.self.machine,
		Cut: faults.Cut, Lossy: faults.Lossy, Pause: faults.Pause})
	if err != nil {
		t.Fatal(err)
	}
	k := &controller{t: t, r: r, run: spec.Run, cmd: exec.Command(os.Args[0]), lines: make(chan told, 100)}
	k.cmd.Env = append(os.Environ(), envController+"="+string(order))
	k.cmd.Stderr = os.Stderr
	if k.input, err = k.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := k.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(k.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			var line told
			if json.Unmarshal(in.Bytes(), &line) == nil {
				k.lines <- line
			}
		}
	}()
	t.Cleanup(func() {
		k.kill()
		k.clean()
	})
	return k
}

func (k *controller) kill() {
	k.cmd.Process.Kill()
	k.cmd.Wait()
}

// end lets it close its cluster, and wants it to exit as one whose run went well.
func (k *controller) end(within time.Duration) {
	k.t.Helper()
	if err := k.input.Close(); err != nil {
		k.t.Fatal(err)
	}
	timeout := time.After(within)
	for {
		select {
		case line, open := <-k.lines:
			if !open { // all of its output is read: Wait may close the pipe
				if err := k.cmd.Wait(); err != nil {
					k.t.Errorf("the controller of %s ended with %v; it told %+v", k.run, err, k.told)
				}
				return
			}
			k.told = append(k.told, line)
		case <-timeout:
			k.t.Fatalf("waited %v in vain for the controller of %s to end; it told %+v", within, k.run, k.told)
		}
	}
}

// clean returns what was removed of this controller's run.
func (k *controller) clean() []string {
	k.t.Helper()
	var log bytes.Buffer
	removed, err := k.r.Clean(context.Background(), &log)
	if err != nil {
		k.t.Error(err)
	}
	for _, remains := range removed {
		if remains.Run == k.run {
			return remains.What
		}
	}
	return nil
}

// await returns the first line that is wanted.
func (k *controller) await(what string, within time.Duration, wanted func(told) bool) told {
	k.t.Helper()
	timeout := time.After(within)
	for {
		select {
		case line, open := <-k.lines:
			if !open || line.Error != "" {
				k.t.Fatalf("waited for %s; the controller ended: %q", what, line.Error)
			}
			k.told = append(k.told, line)
			if wanted(line) {
				return line
			}
		case <-timeout:
			k.t.Fatalf("waited %v in vain for %s; the controller told %+v", within, what, k.told)
		}
	}
}
