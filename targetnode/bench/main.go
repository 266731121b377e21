// Command bench puts the bundled store beside etcd and a key-value store on hashicorp/raft: three processes
// each on this machine, the same loop of load, 256-byte values, every write fsynced by its log.
//
//	go run . -for 2s -clients 1,16,64,256
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// system is one store under load. A new one is a file and a line in the table.
type system struct {
	name  string
	nodes int
	// serve runs one node; it returns when that has failed.
	serve func(member) error
	// leader says whether the node at a client address leads and is ready.
	leader func(addr string) (bool, error)
	dial   func(addr string) (client, error)
	fsyncs func(addr string) (float64, error) // done by that node so far
	ops    []string                           // what is measured
}

// client is one connection's worth of load; one goroutine uses it.
type client interface {
	put(key, value string) error
	get(key string) error
	close()
}

// member is one node's place in a cluster of one machine.
type member struct {
	index  int
	dir    string
	client []string // every node's address for clients, and for peers
	peer   []string
}

func systems() []system {
	return []system{
		etcd(),
		hashicorp(),
		target("schism", "read-index", "put", "get"),
		target("schism, lease", "lease", "get"),
		bare(),
	}
}

func named(name string) (system, error) {
	all := systems()
	i := slices.IndexFunc(all, func(s system) bool { return s.name == name })
	if i < 0 {
		return system{}, fmt.Errorf("no system is called %q", name)
	}
	return all[i], nil
}

func main() {
	if len(os.Args) == 7 && os.Args[1] == "serve" {
		fail(serve(os.Args[2:]))
	}
	span := flag.Duration("for", 2*time.Second, "how long each figure is measured")
	levels := flag.String("clients", "1,16,64,256", "numbers of clients")
	only := flag.String("only", "", "measure only systems whose names begin so")
	flag.Parse()
	var clients []int
	for text := range strings.SplitSeq(*levels, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			fail(fmt.Errorf("-clients %s: want numbers like 1,16", *levels))
		}
		clients = append(clients, n)
	}
	var rows []row
	for _, s := range systems() {
		if strings.HasPrefix(s.name, *only) {
			measured, err := measure(s, clients, *span)
			if err != nil {
				fail(fmt.Errorf("%s: %w", s.name, err))
			}
			rows = append(rows, measured...)
		}
	}
	print(os.Stdout, clients, rows)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}
