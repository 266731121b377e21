package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrTorn is the end of a history whose last line is incomplete, as a SIGKILL in mid-write leaves it.
// All events before it are good.
var ErrTorn = errors.New("torn tail")

// maxLine bounds a line of a history, its end included, in bytes: a longer one is no event.
const maxLine = 16 << 20

// Reader streams a history.
type Reader struct {
	Header Header
	in     source
	decode *decoder
	lines  lines // of the block that is being read
	offset int64 // where the next line begins; Next tells it, and nobody else
}

// NewReader reads the header line.
func NewReader(in io.Reader) (*Reader, error) { return newReader(in, blockOfLines) }

func newReader(in io.Reader, block int) (*Reader, error) {
	r := &Reader{in: source{in: in, line: 1, size: block}, decode: newDecoder()}
	line, err := r.next()
	if err != nil {
		if err == io.EOF {
			err = errors.New("the file is empty")
		}
		return nil, fmt.Errorf("history: %w", err)
	}
	if err := json.Unmarshal(line, &r.Header); err != nil || r.Header.Schism == 0 {
		return nil, fmt.Errorf(`history: line 1 is not a header such as {"schism":%d}: %.60s`, Format, line)
	}
	if names, err := fieldNames(line); err != nil {
		return nil, fmt.Errorf("history: line 1: %w", err)
	} else if err := spelled(names, headerFields); err != nil {
		return nil, Short(fmt.Errorf("history: line 1: %w", err))
	}
	if r.Header.Schism > Format {
		return nil, fmt.Errorf("history: format %d is newer than this schism, which reads up to %d", r.Header.Schism, Format)
	}
	return r, nil
}

// Next returns the next event; io.EOF at the end; an error that wraps ErrTorn if the last line is
// incomplete; any other error names the line.
func (r *Reader) Next() (e Event, err error) {
	line, err := r.next()
	if err == nil {
		err = r.lines.decode(r.decode, line, &e)
	}
	return e, err
}

// next returns one line without its end, valid until the next call.
func (r *Reader) next() ([]byte, error) {
	for {
		if line, ok := r.lines.next(); ok {
			r.offset += int64(len(line)) + 1
			return line, nil
		}
		var err error
		if r.lines, err = r.in.block(r.lines.all); err != nil {
			return nil, err
		}
	}
}

// events is about how many events a file of size bytes holds, if all lines are as long as the first.
func (r *Reader) events(size int64) int64 {
	const shortest = 64 // bytes: of a line that is an event
	if len(r.lines.left) == 0 {
		return 0
	}
	first := int64(bytes.Count(r.lines.left, []byte("\n")))
	return min(size*first/int64(len(r.lines.left)), size/shortest)
}

// source cuts a file into blocks of whole lines.
type source struct {
	in   io.Reader
	rest []byte // what was read of the line that the next block begins with
	line int    // the number of that line, from 1 on
	size int    // of a block, unless one line is longer
	err  error  // of in
}

const blockOfLines = 256 << 10 // bytes

// block reads the next lines into a buffer, or into a larger one.
func (s *source) block(buf []byte) (lines, error) {
	if cap(buf) < s.size {
		buf = make([]byte, 0, s.size)
	}
	buf = append(buf[:0], s.rest...)
	s.rest = s.rest[:0]
	for s.err == nil {
		if len(buf) == cap(buf) {
			if bytes.IndexByte(buf, '\n') >= 0 {
				break
			}
			if len(buf) >= maxLine {
				return lines{}, tooLong(s.line)
			}
			buf = append(buf, 0)[:len(buf)] // one line, longer than the buffer
		}
		var n int
		n, s.err = s.in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
	}
	end := bytes.LastIndexByte(buf, '\n') + 1
	if end == 0 {
		s.rest = append(s.rest, buf...) // a file that is still being written goes on here
		return lines{}, s.end(len(buf))
	}
	s.rest = append(s.rest, buf[end:]...)
	first := s.line
	s.line += bytes.Count(buf[:end], []byte("\n"))
	return lines{all: buf, left: buf[:end], number: first - 1}, nil
}

// end is how the file ends after its last whole line.
func (s *source) end(left int) error {
	switch {
	case s.err != io.EOF:
		return fmt.Errorf("history: line %d: %w", s.line, s.err)
	case left >= maxLine:
		return tooLong(s.line)
	case left > 0:
		return fmt.Errorf("history: line %d: %w: %d bytes without an end of line", s.line, ErrTorn, left)
	}
	return io.EOF
}

func tooLong(line int) error {
	return fmt.Errorf("history: line %d is longer than %d bytes", line, maxLine)
}

// lines are whole lines of a file.
type lines struct {
	all    []byte // the buffer that they are in, to be used again
	left   []byte
	number int // of the line that was taken last
}

func (l *lines) next() (line []byte, ok bool) {
	if len(l.left) == 0 {
		return nil, false
	}
	end := bytes.IndexByte(l.left, '\n')
	line, l.left = l.left[:end], l.left[end+1:]
	l.number++
	return line, true
}

// decode makes e of the line that was taken last.
func (l *lines) decode(d *decoder, line []byte, e *Event) error {
	if len(line) >= maxLine {
		return tooLong(l.number)
	}
	if err := d.event(line, e); err != nil {
		return Short(fmt.Errorf("history: line %d: %w", l.number, err))
	}
	return nil
}

func (e *Event) check() error {
	switch e.Kind {
	case Invoke, OK, Fail, Info:
	default:
		return fmt.Errorf("type %q: want invoke, ok, fail or info", e.Kind)
	}
	if e.F == "" {
		return errors.New(`"f" is missing: which operation is it?`)
	}
	if e.Index < 0 || e.Time < 0 {
		return fmt.Errorf("index %d, time %d: neither can be negative", e.Index, e.Time)
	}
	return nil
}
