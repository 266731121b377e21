package history

import "unicode/utf8"

// decoder makes events of lines. Nearly all lines are as the Recorder writes them: their fields in one
// order, no white space, nothing escaped. Those are scanned by hand, several times as fast as by
// encoding/json, which decodes all others. The fuzz test compares the two.
//
// The few texts that a history repeats (operations, nodes, keys) are kept once, and values lie side by
// side in blocks: an event costs no allocation of its own.
type decoder struct {
	texts [1 << 12]string // the last one of each hash
	block []byte
}

const blockSize = 64 << 10 // bytes

func newDecoder() *decoder { return new(decoder) }

// event decodes a line, of which it keeps nothing.
func (d *decoder) event(line []byte, e *Event) error {
	if !d.plain(line, e) {
		*e = Event{}
		if err := strictly(line, e); err != nil {
			return err
		}
	}
	return e.check()
}

// plain scans a line that is as the Recorder writes it. It is false for every other one, be it good or bad.
func (d *decoder) plain(line []byte, e *Event) bool {
	s := scan{line: line, ok: true}
	s.want(`{"index":`)
	e.Index = s.whole()
	s.want(`,"time":`)
	e.Time = s.whole()
	s.want(`,"process":`)
	e.Process = s.process()
	s.want(`,"type":`)
	e.Kind = Kind(d.text(s.text()))
	s.want(`,"f":`)
	e.F = d.text(s.text())
	if s.may(`,"node":`) {
		e.Node = d.text(s.text())
	}
	if s.may(`,"key":`) {
		e.Key = d.text(s.text())
	}
	s.want(`,"value":`)
	e.Value = d.value(s.value())
	if s.may(`,"error":`) {
		e.Error = d.text(s.text())
	}
	if s.may(`,"found":`) {
		e.Found = d.value(s.value())
	}
	if s.may(`,"attempts":`) {
		e.Attempts = int(s.whole())
	}
	if s.may(`,"name":`) {
		e.Name = d.text(s.text())
	}
	s.want(`}`)
	return s.ok && s.pos == len(line)
}

func (d *decoder) text(b []byte) string {
	hash := uint32(len(b))
	for _, c := range b {
		hash = 31*hash + uint32(c)
	}
	known := &d.texts[hash%uint32(len(d.texts))]
	if *known != string(b) {
		*known = string(b)
	}
	return *known
}

func (d *decoder) value(b []byte) Value {
	if string(b) == "null" {
		return Nil
	}
	if len(b) > blockSize/8 {
		return append(Value(nil), b...)
	}
	if len(b) > cap(d.block)-len(d.block) {
		d.block = make([]byte, 0, blockSize)
	}
	at := len(d.block)
	d.block = append(d.block, b...)
	return Value(d.block[at:len(d.block):len(d.block)])
}

// scan goes through one line. Once ok is false, what it returns means nothing.
type scan struct {
	line []byte
	pos  int
	ok   bool
}

// may steps over a text if it comes next.
func (s *scan) may(text string) bool {
	end := s.pos + len(text)
	if end > len(s.line) || string(s.line[s.pos:end]) != text {
		return false
	}
	s.pos = end
	return true
}

func (s *scan) want(text string) { s.ok = s.may(text) && s.ok }

// whole takes a number from 0 on, of so few digits that it cannot overflow.
func (s *scan) whole() int64 {
	const most = 18
	digits, n := s.line[s.pos:], int64(0)
	i := 0
	for i < len(digits) && i < most && digits[i]-'0' < 10 {
		n = 10*n + int64(digits[i]-'0')
		i++
	}
	s.pos += i
	s.ok = s.ok && i > 0 && (digits[0] != '0' || i == 1)
	return n
}

func (s *scan) process() Process {
	switch {
	case s.may(`"nemesis"`):
		return Nemesis
	case s.may(`"observer"`):
		return Observer
	}
	return Process(s.whole())
}

// text takes a string in which nothing is escaped, and returns what stands between its quotes.
func (s *scan) text() []byte {
	s.want(`"`)
	text := s.line[s.pos:]
	end, ascii := 0, true
	for ; end < len(text) && text[end] != '"'; end++ {
		if c := text[end]; c < ' ' || c == '\\' {
			s.ok = false
			return nil
		} else if c >= utf8.RuneSelf {
			ascii = false
		}
	}
	text = text[:end]
	s.pos += end
	s.want(`"`)
	s.ok = s.ok && (ascii || utf8.Valid(text))
	return text
}

// value takes null, a boolean, a whole number, a plain string, or a list of them.
func (s *scan) value() []byte {
	const deepest = 4
	from := s.pos
	s.item(deepest)
	return s.line[from:s.pos]
}

func (s *scan) item(depth int) {
	switch {
	case s.pos == len(s.line) || depth == 0:
		s.ok = false
	case s.line[s.pos] == '"':
		s.text()
	case s.line[s.pos] == '[':
		s.list(depth - 1)
	case s.may("null"), s.may("true"), s.may("false"):
	default:
		s.may("-")
		s.whole() // what makes it a fraction, or longer, is nothing that may follow a value
	}
}

func (s *scan) list(depth int) {
	s.want("[")
	if s.may("]") {
		return
	}
	for s.item(depth); s.ok && s.may(","); {
		s.item(depth)
	}
	s.want("]")
}
