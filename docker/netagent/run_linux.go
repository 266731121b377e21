package netagent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Run is the agent's whole life: it sets up the firewall of the network namespace that it finds itself
// in, says Ready on stdout, and serves the requests on stdin until ctx ends. After the end of stdin it
// undoes all faults and stays, idle, so that the namespaces can still be looked at. The error, if there
// is one, is a failed set-up.
func Run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	log := json.NewEncoder(stdout)
	a, err := open()
	if err != nil {
		log.Encode(Message{Event: Ready, Error: err.Error()})
		return err
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	a.out, a.stderr, a.ticks = log, stderr, ticker.C
	orphaned, stop := childEnds()
	defer stop()
	a.orphaned = orphaned
	return a.loop(ctx, stdin)
}

func open() (*agent, error) {
	processes, err := openProcesses("/proc")
	if err != nil {
		return nil, err
	}
	prober, err := listenProbes()
	if err != nil {
		return nil, err
	}
	if err := widen(prober.socket); err != nil {
		return nil, err
	}
	firewall, err := openFirewall(runCommand)
	if err != nil {
		return nil, err
	}
	return &agent{firewall: firewall, processes: processes, prober: prober}, nil
}

// probeBuffer holds what comes while the agent waits for the CPU. With the usual 200 kB a loaded
// machine drops datagrams by itself, and a transfer over a whole link looks lossy.
const probeBuffer = 4 << 20

// widen goes beyond what the machine allows to others: the agent may, with NET_ADMIN.
func widen(socket *net.UDPConn) error {
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, probeBuffer)
	})
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("cannot widen the buffer for probes: %w", err)
	}
	return nil
}

// childEnds only matters to the first process of a namespace: there, orphans become its children and
// stay zombies until it asks for their status.
func childEnds() (<-chan struct{}, func()) {
	if os.Getpid() != 1 {
		return nil, func() {}
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	ended := make(chan struct{})
	go func() {
		for range signals {
			ended <- struct{}{}
		}
	}()
	return ended, func() { signal.Stop(signals) }
}
