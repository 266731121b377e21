package process

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"schism/cluster/clustertest"
)

// While a node is down no other run is given its ports, and who dials them is refused at once.
func TestPortsOfDeadNodeAreKept(t *testing.T) {
	started, err := Runtime{Temp: t.TempDir()}.Start(t.Context(), clustertest.Spec(t, clustertest.Program(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer started.Close(t.Context())
	clustertest.At(started, "n1").AwaitUp(t) // leaves closed connections on the client port
	if err := started.KillNode(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	for name, mine := range started.(*running).ports["n1"] {
		other := &reservation{port: mine.port, fd: -1}
		if err := other.hold(false); err == nil {
			other.release()
			t.Errorf("another run got the %s port of the dead n1", name)
		}
		if conn, err := net.Dial("tcp", mine.address()); !errors.Is(err, syscall.ECONNREFUSED) {
			if err == nil {
				conn.Close()
			}
			t.Errorf("dial of the %s port of the dead n1: %v, want a refusal", name, err)
		}
	}
}

func TestReservedPortsDiffer(t *testing.T) {
	first, err := reservePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	defer releaseAll(first)
	second, err := reservePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	defer releaseAll(second)
	seen := map[int]bool{}
	for _, r := range append(first, second...) {
		if seen[r.port] || r.port < lowestPort || r.port >= firstEphemeral() {
			t.Errorf("port %d was given twice or is outside of %d to %d", r.port, lowestPort, firstEphemeral())
		}
		seen[r.port] = true
	}
}
