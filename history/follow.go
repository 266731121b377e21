package history

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sort"
)

// Follower reads a history that is still being written, a piece at a time. It keeps what is no client's, and
// where to find the rest.
type Follower struct {
	file  *os.File
	r     *Reader
	rest  *collector // of what is no client's
	marks []mark
}

// mark is where an event begins in the file.
type mark struct{ index, offset int64 }

// markEvery bounds what must be read to come to an event, and what is kept to find it.
const markEvery = 4096

// Follow begins with the history at path, whose header must be there.
func Follow(path string) (*Follower, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Follower{file: file, r: r, rest: newCollector(r.Header)}, nil
}

// Events are those that have come since the last call. Each is valid until the next one.
func (f *Follower) Events() iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		f.r.in.err = nil // the end that was met may be no end any more
		for {
			begin := f.r.offset
			e, err := f.r.Next()
			if err == io.EOF || errors.Is(err, ErrTorn) {
				f.r.lines = lines{all: f.r.lines.all}
				return
			}
			if err == nil {
				err = f.note(e, begin)
			}
			if !yield(&e, err) || err != nil {
				return
			}
		}
	}
}

// note keeps what is no client's, and where the event begins.
func (f *Follower) note(e Event, begin int64) error {
	if e.Index%markEvery == 0 {
		f.marks = append(f.marks, mark{e.Index, begin})
	}
	if e.Process.IsClient() {
		e.Process = nobody
	}
	if err := f.rest.add(&e); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Close ends it.
func (f *Follower) Close() error { return f.file.Close() }

// SoFar is what a Follower has read, to be read again in part. It may be used while that goes on.
type SoFar struct {
	Events int64
	file   *os.File
	rest   History
	marks  []mark
	end    int64
}

// SoFar is all that was read until now.
func (f *Follower) SoFar() *SoFar {
	s := &SoFar{Events: f.rest.h.Events, file: f.file, rest: *f.rest.h, marks: f.marks, end: f.r.offset}
	s.rest.Faults = slices.Clone(s.rest.Faults) // which go on
	return s
}

// Part is the history of the last events, of so many or a few thousand more: of clients the operations that were
// called in it, on the keys that are wanted; of the others all that there was before too. Operations that
// are open have the outcome Info, as they would if the history ended there. Whole tells that it is all of the history.
func (s *SoFar) Part(events int64, want func(key string) bool) (h *History, whole bool, err error) {
	if len(s.marks) == 0 {
		return &s.rest, true, nil
	}
	at := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].index > s.Events-events })
	begin := s.marks[max(at-1, 0)]
	length := s.end - begin.offset
	r := &Reader{decode: newDecoder(), in: source{
		in:   io.NewSectionReader(s.file, begin.offset, length),
		line: int(begin.index) + 2, // behind the header, from 1 on
		size: int(min(blockOfLines, length)),
	}}
	pair := NewPairer()
	pair.last, pair.part, pair.want = begin.index-1, begin.index > 0, want
	if want == nil {
		pair.expect(s.Events - begin.index)
	}
	for e, err := range r.ahead() {
		if err == nil {
			_, err = pair.add(e)
		}
		if err != nil {
			return nil, false, fmt.Errorf("history: %w", err)
		}
	}
	part := s.rest
	part.Operations = pair.Operations()
	return &part, begin.index == 0, nil
}
