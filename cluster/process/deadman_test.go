package process_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"schism/cluster"
	"schism/cluster/clustertest"
	"schism/cluster/process"
)

// controllerEnv makes this test binary a controller that starts a cluster, cuts and pauses, says what
// it started, and then waits to be killed.
const controllerEnv = "SCHISM_TEST_CONTROLLER"

func TestMain(m *testing.M) {
	if order := os.Getenv(controllerEnv); order != "" {
		if err := control(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// order is what the controller is to do; it answers with the process ids of its nodes.
type order struct {
	Binary, Dir, Temp string
}

func control(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	ctx := context.Background()
	c, err := process.Runtime{Temp: o.Temp}.Start(ctx, cluster.Spec{
		Run:   "dead-man",
		Nodes: cluster.Names(3),
		Program: cluster.Program{
			Binary: o.Binary,
			Ports:  []cluster.Port{{Name: "peer", Peer: true}, {Name: "client"}},
			Args: func(v cluster.View) []string {
				b, _ := json.Marshal(v)
				return []string{"-view", string(b)}
			},
		},
		Dir: o.Dir,
	})
	if err != nil {
		return err
	}
	if err := c.SetCuts(ctx, cluster.AllLinks(c.Nodes())[:2]); err != nil {
		return err
	}
	if err := c.(cluster.Pauser).PauseNode(ctx, "n2"); err != nil {
		return err
	}
	fmt.Println(c.Address("n1", "client"))
	select {}
}

// TestDeadMan kills a controller in mid-partition, one of its nodes being paused and one having a child.
func TestDeadMan(t *testing.T) {
	temp := t.TempDir()
	controller, n1 := startController(t, order{Binary: clustertest.Program(t).Binary, Dir: t.TempDir(), Temp: temp})
	nodes := childrenOf(t, controller.Process.Pid, "testnode")
	if len(nodes) != 3 {
		t.Fatalf("the controller has %d nodes, want 3", len(nodes))
	}
	stopped := 0
	for _, pid := range nodes {
		if procState(pid) == "T" {
			stopped++
		}
	}
	if stopped != 1 {
		t.Fatalf("%d nodes are stopped, want 1", stopped)
	}
	nodes = append(nodes, n1.Spawn(t))

	if remains, err := (process.Runtime{Temp: temp}).Clean(t.Context(), os.Stderr); err != nil || len(remains) > 0 {
		t.Fatalf("Clean took a living run's things: %v, %v", remains, err)
	}
	if err := controller.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_ = controller.Wait() // killed, as ordered
	clustertest.Eventually(t, "no node lives", 2*time.Second, func() (bool, string) {
		var alive []string
		for _, pid := range nodes {
			if state := procState(pid); state != "" {
				alive = append(alive, fmt.Sprintf("%d: %s", pid, state))
			}
		}
		return len(alive) == 0, strings.Join(alive, ", ")
	})
	t.Logf("the last process was gone %v after the controller", time.Since(began).Round(time.Microsecond))
	cleanOnce(t, temp)
}

// cleanOnce: the dead run's data go, once, and what only looks like a run's stays.
func cleanOnce(t *testing.T, temp string) {
	t.Helper()
	decoy := filepath.Join(temp, "schism-process-decoy.1")
	if err := os.Mkdir(decoy, 0o755); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	remains, err := process.Runtime{Temp: temp}.Clean(t.Context(), &log)
	if err != nil || len(remains) != 1 || remains[0].Run != "dead-man" {
		t.Fatalf("Clean: %+v, %v", remains, err)
	}
	if !strings.Contains(log.String(), "dead-man") {
		t.Errorf("Clean logged %q", log.String())
	}
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) != 1 || left[0] != decoy {
		t.Errorf("after Clean there is %v, %v; want the decoy alone", left, err)
	}
	if again, err := (process.Runtime{Temp: temp}).Clean(t.Context(), &log); err != nil || len(again) > 0 {
		t.Errorf("a second Clean: %v, %v", again, err)
	}
}

// elsewhere is the cluster of another process, of which only one address is known.
type elsewhere struct {
	cluster.Cluster
	address string
}

func (e elsewhere) Address(string, string) string { return e.address }

// startController returns when the controller's cluster stands.
func startController(t *testing.T, o order) (controller *exec.Cmd, n1 *clustertest.Node) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	controller = exec.Command(os.Args[0])
	controller.Env = append(os.Environ(), controllerEnv+"="+string(text))
	controller.Stderr = os.Stderr
	stdout, err := controller.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := controller.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = controller.Process.Kill() // mostly dead by now
		_ = controller.Wait()
	})
	var address string
	if _, err := fmt.Fscanln(bufio.NewReader(stdout), &address); err != nil {
		t.Fatalf("the controller did not start its cluster: %v", err)
	}
	return controller, clustertest.At(elsewhere{address: address}, "n1")
}
