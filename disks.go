package schism

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"schism/cluster"
	"schism/nemesis"
)

// Logged is an optional ability of a Target: it tells where the log of a node ends on its disk.
type Logged interface {
	Target
	// NewestLog is the one of a data directory's files to which the node wrote last; "" if there is none.
	NewestLog(files []string) string
	// LastRecord finds the last whole record of such a file that the node may have promised to keep. Its error
	// says that there is none.
	LastRecord(content []byte) (LogRecord, error)
}

// LogRecord is where a record stands in its file.
type LogRecord struct {
	Offset int64
	Byte   int64 // of its content: a change of it damages this record and no other
}

// disks are the nodes' as the nemesis wants them.
type disks struct {
	cluster.Disks
	run    *run
	target Logged
}

func (d disks) LastRecord(ctx context.Context, node string) (nemesis.Record, error) {
	files, err := d.ListFiles(ctx, node)
	if err != nil {
		return nemesis.Record{}, err
	}
	name := d.target.NewestLog(files)
	if name == "" {
		return nemesis.Record{}, fmt.Errorf("%s has no log", node)
	}
	content, err := d.ReadFile(ctx, node, name)
	if err != nil {
		return nemesis.Record{}, err
	}
	r, err := d.target.LastRecord(content)
	if err != nil {
		return nemesis.Record{}, fmt.Errorf("%s of %s: %w", name, node, err)
	}
	return nemesis.Record{File: name, Offset: r.Offset, Byte: r.Byte}, nil
}

// Outcome looks at the node from both sides: it serves when it answers, and has ended when the operating
// system says so.
func (d disks) Outcome(ctx context.Context, node string) (serves bool, said string, err error) {
	began := time.Now()
	for {
		state, err := d.run.cluster.State(ctx, node)
		if err != nil {
			return false, "", err
		}
		if state == cluster.Stopped {
			// Of one that is gone, a kill only waits until its log is whole.
			if err := d.run.cluster.KillNode(ctx, node); err != nil {
				return false, "", err
			}
			said, err := lastLine(d.run.dir.NodeLog(node))
			return false, said, err
		}
		if d.run.watch.answered(node, began) {
			return true, "", nil
		}
		if !pause(ctx, startPoll) {
			return false, "", fmt.Errorf("%s neither serves nor has ended: %w", node, ctx.Err())
		}
	}
}

// mostOfLine is as much of a line as anybody reads.
const mostOfLine = 4096

// lastLine is the last one of a file that is not empty.
func lastLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	about, err := f.Stat()
	if err != nil {
		return "", err
	}
	end := make([]byte, min(mostOfLine, about.Size()))
	if _, err := f.ReadAt(end, about.Size()-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	end = bytes.TrimSpace(end)
	return string(end[bytes.LastIndexByte(end, '\n')+1:]), nil
}

// refuses says whether the node ended as one should whose log the schedule has damaged.
func (r *run) refuses(i cluster.Incident) bool {
	env := r.env.Load()
	return env != nil && i.Kind == cluster.Exited && env.Refuses(i.Node, i.What)
}

// absent says whether a node has refused to start, and is waited for no more.
func (r *run) absent(node string) bool {
	env := r.env.Load()
	return env != nil && env.Refused(node)
}

// present are the nodes that take part in the end of the run.
func (r *run) present() []string {
	var nodes []string
	for _, node := range r.s.Nodes() {
		if !r.absent(node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}
