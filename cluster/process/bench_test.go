package process

import (
	"io"
	"net"
	"testing"

	"schism/cluster"
)

// BenchmarkRoundTrip shows what the proxies cost a request and its answer of 100 bytes.
func BenchmarkRoundTrip(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go echo(l)
	n, err := newNetwork([]string{"a", "b"}, port, func(string, string) string { return l.Addr().String() })
	if err != nil {
		b.Fatal(err)
	}
	defer n.close()
	b.Run("direct", func(b *testing.B) { roundTrips(b, l.Addr().String()) })
	b.Run("proxy", func(b *testing.B) { roundTrips(b, n.address(ab, "peer")) })
}

func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
		}()
	}
}

func roundTrips(b *testing.B, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 100)
	for b.Loop() {
		if _, err := conn.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSetCuts cuts five nodes into two and three, and heals.
func BenchmarkSetCuts(b *testing.B) {
	nodes := cluster.Names(5)
	n, err := newNetwork(nodes, port, func(string, string) string { return "127.0.0.1:1" })
	if err != nil {
		b.Fatal(err)
	}
	defer n.close()
	var cut []cluster.Link
	for _, one := range nodes[:2] {
		for _, other := range nodes[2:] {
			cut = append(cut, cluster.Link{From: one, To: other}, cluster.Link{From: other, To: one})
		}
	}
	for b.Loop() {
		if err := n.setCuts(cut); err != nil {
			b.Fatal(err)
		}
		if err := n.setCuts(nil); err != nil {
			b.Fatal(err)
		}
	}
}
