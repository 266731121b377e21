package netagent

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"time"
)

// udpProber sends and receives probes at one socket.
type udpProber struct {
	socket *net.UDPConn
	in     chan arrival

	mu      sync.Mutex
	tallies map[string]map[string]int // datagrams by nonce and sender
	order   []string                  // the nonces, oldest first
}

// maxTallies bounds what is remembered: a datagram may come late, when nobody asks any more.
const maxTallies = 16

// listenProbes takes any free port: those that the node uses are not ours to know.
func listenProbes() (*udpProber, error) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return nil, fmt.Errorf("cannot listen for probes: %w", err)
	}
	p := &udpProber{socket: socket, in: make(chan arrival), tallies: make(map[string]map[string]int)}
	go p.receive()
	return p, nil
}

func (p *udpProber) port() uint16 {
	return p.socket.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

func (p *udpProber) arrivals() <-chan arrival { return p.in }

// receive hands on what looks like a probe, until the socket is closed.
func (p *udpProber) receive() {
	buf := make([]byte, 2048)
	for {
		n, err := p.socket.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var got arrival
		if err != nil || json.Unmarshal(buf[:n], &got) != nil || got.Nonce == "" {
			continue
		}
		if got.Tally {
			p.count(got)
		} else {
			p.in <- got
		}
	}
}

func (p *udpProber) count(a arrival) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tallies[a.Nonce] == nil {
		p.tallies[a.Nonce] = make(map[string]int)
		if p.order = append(p.order, a.Nonce); len(p.order) > maxTallies {
			delete(p.tallies, p.order[0])
			p.order = p.order[1:]
		}
	}
	p.tallies[a.Nonce][a.From]++
}

func (p *udpProber) tally(nonce string) map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.tallies[nonce])
}

// send returns when every address was sent one datagram; the others follow by themselves.
func (p *udpProber) send(probe Probe) error {
	datagram, err := probe.datagram()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := p.round(datagram, probe); err != nil {
		return err
	}
	go func() {
		for i := range probe.Rounds - 1 {
			// Counted from the beginning: a sleep is never shorter, and often longer, than ordered.
			time.Sleep(time.Duration(i+1)*probe.Every - time.Since(began))
			// A later round only repeats the first: what fails now is seen as silence.
			if p.round(datagram, probe) != nil {
				return
			}
		}
	}()
	return nil
}

func (p Probe) datagram() ([]byte, error) {
	a := arrival{Nonce: p.Nonce, From: p.From, Tally: p.Tally}
	b, err := json.Marshal(a)
	if missing := p.Size - len(b) - len(`,"fill":""`); err == nil && missing > 0 {
		a.Fill = strings.Repeat("x", missing)
		return json.Marshal(a)
	}
	return b, err
}

func (p *udpProber) round(datagram []byte, probe Probe) error {
	for _, to := range probe.To {
		if _, err := p.socket.WriteToUDPAddrPort(datagram, to); err != nil {
			return fmt.Errorf("cannot send a probe to %v: %w", to, err)
		}
	}
	return nil
}
