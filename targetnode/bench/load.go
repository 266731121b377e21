package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

const (
	valueBytes = 256
	keys       = 1000
	warmUp     = 300 * time.Millisecond
)

// figure is what was measured with one number of clients.
type figure struct {
	perSecond float64
	perSync   float64 // operations a sync of the leader's log; 0: there was none
}

type row struct {
	system, op string
	figures    []figure
}

// measure starts a system and puts each load on it in turn, at the leader.
func measure(s system, clients []int, span time.Duration) ([]row, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	c, err := start(s, dir)
	defer c.stop()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, op := range s.ops {
		r := row{system: s.name, op: op}
		for _, n := range clients {
			f, err := c.load(op, n, span)
			if err != nil {
				return nil, fmt.Errorf("%s with %d clients: %w", op, n, err)
			}
			r.figures = append(r.figures, f)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (c *cluster) load(op string, clients int, span time.Duration) (figure, error) {
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var over atomic.Bool
	var running sync.WaitGroup
	for i := range clients {
		conn, err := c.system.dial(c.leader)
		if err != nil {
			return figure{}, err
		}
		running.Go(func() {
			defer conn.close()
			if err := drive(conn, op, i, &done, &over); err != nil {
				failed.Store(&err)
			}
		})
	}
	time.Sleep(warmUp)
	syncs, err := c.system.fsyncs(c.leader)
	first, began := done.Load(), time.Now()
	time.Sleep(span)
	count, took := done.Load()-first, time.Since(began)
	after, afterErr := c.system.fsyncs(c.leader)
	over.Store(true)
	running.Wait()
	switch {
	case failed.Load() != nil:
		return figure{}, *failed.Load()
	case err != nil:
		return figure{}, err
	case afterErr != nil:
		return figure{}, afterErr
	}
	f := figure{perSecond: float64(count) / took.Seconds()}
	if after > syncs {
		f.perSync = float64(count) / (after - syncs)
	}
	return f, nil
}

// drive is one client: it asks again as soon as it has an answer.
func drive(conn client, op string, seed int, done *atomic.Int64, over *atomic.Bool) error {
	value := strings.Repeat("v", valueBytes)
	for i := seed; !over.Load(); i++ {
		key := fmt.Sprintf("k%d", i*7919%keys)
		var err error
		if op == "put" {
			err = conn.put(key, value)
		} else {
			err = conn.get(key)
		}
		if err != nil {
			return err
		}
		done.Add(1)
	}
	return nil
}

// print writes one table: operations a second, the ratio to etcd, and for writes how many shared a sync.
func print(w io.Writer, clients []int, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer t.Flush()
	fmt.Fprint(t, "ops/s\t\t")
	for _, n := range clients {
		fmt.Fprintf(t, "%d\tto etcd\tops/fsync\t", n)
	}
	fmt.Fprintln(t)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t", r.system, r.op)
		for i, f := range r.figures {
			fmt.Fprintf(t, "%.0f\t%s\t%s\t", f.perSecond, ratio(rows, r.op, i, f), ofSync(f))
		}
		fmt.Fprintln(t)
	}
}

func ratio(rows []row, op string, level int, f figure) string {
	for _, r := range rows {
		if r.system == "etcd" && r.op == op {
			return fmt.Sprintf("%.2f", f.perSecond/r.figures[level].perSecond)
		}
	}
	return "-"
}

func ofSync(f figure) string {
	if f.perSync == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", f.perSync)
}
