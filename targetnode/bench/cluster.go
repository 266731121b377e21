package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cluster is a system's nodes, each a process.
type cluster struct {
	system    system
	processes []*exec.Cmd
	member    member // of the first node
	leader    string // client address
}

func start(s system, dir string) (*cluster, error) {
	c := &cluster{system: s, member: member{dir: dir}}
	for range s.nodes {
		c.member.client = append(c.member.client, freeAddress())
		c.member.peer = append(c.member.peer, freeAddress())
	}
	for i := range s.nodes {
		cmd := exec.Command(os.Args[0], "serve", s.name, strconv.Itoa(i), filepath.Join(dir, strconv.Itoa(i)),
			strings.Join(c.member.client, ","), strings.Join(c.member.peer, ","))
		log, err := os.Create(filepath.Join(dir, strconv.Itoa(i)+".log"))
		if err != nil {
			return c, err
		}
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			return c, err
		}
		c.processes = append(c.processes, cmd)
	}
	return c, c.awaitLeader(20 * time.Second)
}

func freeAddress() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func (c *cluster) awaitLeader(bound time.Duration) error {
	for deadline := time.Now().Add(bound); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, addr := range c.member.client {
			if leads, err := c.system.leader(addr); err == nil && leads {
				c.leader = addr
				return nil
			}
		}
	}
	log, _ := os.ReadFile(filepath.Join(c.member.dir, "0.log"))
	return fmt.Errorf("no leader within %v; the first node says:\n%s", bound, log)
}

func (c *cluster) stop() {
	for _, p := range c.processes {
		p.Process.Kill()
		p.Wait()
	}
}

// serve runs one node, in a process that start has started.
func serve(args []string) error {
	s, err := named(args[0])
	if err != nil {
		return err
	}
	index, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return s.serve(member{index: index, dir: args[2], client: strings.Split(args[3], ","), peer: strings.Split(args[4], ",")})
}
