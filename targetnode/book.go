package targetnode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"schism/targetnode/raft"
)

// book names the nodes of a cluster: the one at i has the number i+1. First come those that it began with,
// as every node was told; the others joined later, and the log tells of them with the membership. Who was
// removed keeps its place: neither a number, by which votes on disk go, nor a name is given twice.
type book []Peer

func (b book) idOf(name string) raft.NodeID {
	return raft.NodeID(1 + slices.IndexFunc(b, func(p Peer) bool { return p.Name == name }))
}

func (b book) names() string {
	names := make([]string, len(b))
	for i, p := range b {
		names[i] = p.Name
	}
	return strings.Join(names, ",")
}

// joined encodes the lines behind the first ones: each name and each address with its length before it.
func (b book) joined(first int) []byte {
	var buf []byte
	for _, p := range b[first:] {
		buf = appendText(appendText(buf, p.Name), p.Addr)
	}
	return buf
}

// with adds the lines that joined encoded.
func (b book) with(encoded []byte) (book, error) {
	d := fields{rest: encoded}
	all := slices.Clone(b)
	for len(d.rest) > 0 && d.err == nil {
		all = append(all, Peer{Name: d.text(), Addr: d.text()})
	}
	if d.err != nil {
		return nil, errors.New("a book of nodes that this version cannot read")
	}
	return all, nil
}

func appendText(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

// nameOf is for people: "" is nobody. It may be called by several goroutines.
func (n *node) nameOf(id raft.NodeID) string {
	all := *n.book.Load()
	switch {
	case id == 0:
		return ""
	case id == n.self():
		return n.cfg.Name
	case id <= raft.NodeID(len(all)):
		return all[id-1].Name
	}
	return fmt.Sprintf("node %d", id) // a newcomer whom this node's log does not name yet
}

func (n *node) self() raft.NodeID { return n.cfg.id() }
