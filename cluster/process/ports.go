package process

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
)

// The first port tried for nodes. Below it live well-known services.
const lowestPort = 10000

// reservation keeps a port of 127.0.0.1 for a node while the node does not listen on it: another run
// that looks for ports at that time must not be given it. The port is bound but does not listen, so
// that who dials it is refused, as at any dead node.
type reservation struct {
	port int
	fd   int // -1: released
}

// reservePorts finds n free ports. They lie below those that the system gives to outgoing connections:
// one of these could else take the port of a node that is down.
func reservePorts(n int) ([]*reservation, error) {
	limit := firstEphemeral()
	if limit < lowestPort+1000 {
		return nil, fmt.Errorf("no room for the nodes' ports: the system gives those from %d on to outgoing "+
			"connections (net.ipv4.ip_local_port_range); %d to %d must be left for listeners", limit, lowestPort, lowestPort+1000)
	}
	var found []*reservation
	// Anywhere in the range, and not from a scenario's seed: two runs of the same must not meet.
	start := rand.IntN(limit - lowestPort)
	for i := 0; i < limit-lowestPort && len(found) < n; i++ {
		r := &reservation{port: lowestPort + (start+i)%(limit-lowestPort), fd: -1}
		if err := r.hold(false); err == nil {
			found = append(found, r)
		}
	}
	if len(found) < n {
		releaseAll(found)
		return nil, fmt.Errorf("only %d of %d ports are free between %d and %d on 127.0.0.1", len(found), n, lowestPort, limit)
	}
	return found, nil
}

// firstEphemeral is where the ports of outgoing connections begin.
func firstEphemeral() int {
	var first int
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 32768 // not Linux: others begin there or above
	}
	if _, err := fmt.Sscan(string(text), &first); err != nil {
		return 32768
	}
	return first
}

// hold binds the port. With again, connections of the node that just ended may linger on it: then it
// keeps off other runs, which ask for a port that nobody has at all, but not every program.
func (r *reservation) hold(again bool) error {
	if r.fd >= 0 {
		return nil
	}
	// Nothing forks between the socket's birth and its mark: a child would keep the port.
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if again {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: r.port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		return errors.Join(os.NewSyscallError("bind", err), syscall.Close(fd))
	}
	r.fd = fd
	return nil
}

func (r *reservation) release() {
	if r.fd >= 0 {
		_ = syscall.Close(r.fd) // it has nothing to flush
		r.fd = -1
	}
}

func releaseAll(rs []*reservation) {
	for _, r := range rs {
		r.release()
	}
}

func (r *reservation) address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port))
}
