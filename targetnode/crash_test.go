package targetnode

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"schism/targetnode/failpoint"
)

// nodeEnv makes this test's binary a node: a crash takes a process of its own.
const nodeEnv = "TARGETNODE_TEST_CONFIG"

func TestMain(m *testing.M) {
	if text := os.Getenv(nodeEnv); text != "" {
		cfg := DefaultConfig()
		if err := json.Unmarshal([]byte(text), &cfg); err != nil {
			panic(err)
		}
		fmt.Fprintln(os.Stderr, Run(context.Background(), cfg))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// intoProcess stops a node and runs it again as a process of its own.
func (c *cluster) intoProcess(m *member) *exec.Cmd {
	c.t.Helper()
	c.stop(m)
	cfg := m.cfg
	cfg.Log = nil
	text, err := json.Marshal(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), nodeEnv+"="+string(text))
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	m.stop = func() {}
	c.answers(m)
	c.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		m.stop = nil
	})
	return cmd
}

// lead makes a node the leader, whoever was.
func (c *cluster) lead(m *member) {
	c.t.Helper()
	await(c.t, bound, m.cfg.Name+" leads", func() string {
		l := c.leader()
		if l == m {
			return ""
		}
		c.ask(l, "POST", "/v1/transfer", `{"to":"`+m.cfg.Name+`"}`, nil)
		return l.cfg.Name + " does"
	})
}

func TestEveryPointCrashesTheProcessAndSaysSoBefore(t *testing.T) {
	for _, p := range places {
		t.Run(fmt.Sprintf("%s, at a follower %v", p.name, p.atFollower), func(t *testing.T) {
			t.Parallel() // they mostly wait
			c := newCluster(t, 3, nil)
			c.lead(c.nodes[1])
			victim, leader := c.nodes[0], c.nodes[0]
			cmd := c.intoProcess(victim)
			if p.atFollower {
				leader = c.nodes[1]
			}
			c.lead(leader)
			heard := c.listen(victim)
			c.arm(victim, p.name, `{"action":"crash","key":"e"}`)
			answered := c.appendE(leader, "e1")
			if a := c.hear(heard); a.Failpoint != p.name || a.Action != failpoint.Crash || a.Key != "e" || p.durable && !a.Durable {
				t.Errorf("announced %+v", a)
			}
			if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
				t.Errorf("the process ended with %v", err)
			}
			victim.stop = nil
			r := <-answered
			must := p.atFollower || p.name == failpoint.ReplyAfterWrite
			may := must || p.answered // two followers with faster disks are a quorum
			if r.OK && !may || !r.OK && must {
				t.Errorf("the client was answered %+v; may it succeed: %v, must it: %v", r, may, must)
			}
			if !p.atFollower {
				c.elect()
			}
			c.mustOp(c.leader(), `{"op":"put","key":"x","value":1}`)
		})
	}
}
