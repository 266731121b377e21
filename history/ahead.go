package history

import (
	"io"
	"iter"
	"runtime"
)

// batch is a block of lines and what they were decoded to.
type batch struct {
	lines  lines
	events []Event
	err    error         // behind the events
	ready  chan struct{} // gets one value when the above can be used
}

// ahead is all events of r in their order, and the error that ends them unless it is io.EOF. Blocks of lines
// are decoded ahead, each by one processor. Events are valid until the next one is asked for.
//
// At most twice as many blocks as there are processors are in memory: reading ahead has an end.
func (r *Reader) ahead() iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		workers := runtime.GOMAXPROCS(0)
		depth := 2 * workers
		spare := make(chan *batch, depth)   // to be filled
		work := make(chan *batch, depth)    // to be decoded, in any order
		ordered := make(chan *batch, depth) // the same ones, in the order of the file
		for range depth {
			spare <- &batch{ready: make(chan struct{}, 1)}
		}
		defer close(spare) // ends the one that fills, who ends the others
		go r.fill(spare, work, ordered)
		for range workers {
			go decodeAll(work)
		}
		for b := range ordered {
			<-b.ready
			for i := range b.events {
				if !yield(&b.events[i], nil) {
					return
				}
			}
			if b.err == io.EOF {
				return
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
			spare <- b
		}
	}
}

// fill reads blocks until the file, or the wish for more, ends.
func (r *Reader) fill(spare <-chan *batch, work, ordered chan<- *batch) {
	defer close(ordered)
	defer close(work)
	first := r.lines // what came together with the header
	for b := range spare {
		if b.err = nil; first.left != nil {
			b.lines, first.left = first, nil
		} else {
			b.lines, b.err = r.in.block(b.lines.all)
		}
		end := b.err != nil
		work <- b
		ordered <- b
		if end {
			return
		}
	}
}

func decodeAll(work <-chan *batch) {
	d := newDecoder()
	for b := range work {
		b.events = b.events[:0]
		for b.err == nil {
			line, ok := b.lines.next()
			if !ok {
				break
			}
			b.events = append(b.events, Event{})
			last := len(b.events) - 1
			if b.err = b.lines.decode(d, line, &b.events[last]); b.err != nil {
				b.events = b.events[:last]
			}
		}
		b.ready <- struct{}{}
	}
}
