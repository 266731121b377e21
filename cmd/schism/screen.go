package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"schism"
	"schism/checker"
)

// screen shows a run on a terminal: what happens scrolls by, and below it a few lines tell how the run
// goes, drawn again and again in place. It is a schism.Viewer.
type screen struct {
	out   io.Writer
	width func() int
	paint paint
	title string // before the scenario's name: "3 of 50"
	quiet bool   // what happens is not told: the run's log has it

	mu     sync.Mutex
	moment *schism.Moment // nil: nothing is shown
	drawn  int            // lines that stand there now
}

// newScreen is nil if w is no terminal that can move its cursor: then plain lines are the thing.
func newScreen(w io.Writer) *screen {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	width := func() int {
		if n, _, err := term.GetSize(int(file.Fd())); err == nil && n > 0 {
			return n
		}
		return columns
	}
	return &screen{out: file, width: width, paint: paintFor(file)}
}

// Write takes whole lines of what happened.
func (s *screen) Write(b []byte) (int, error) {
	if s.quiet {
		return len(b), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.out, s.erase()+string(b)+s.draw()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Show draws a moment in the place of the one before.
func (s *screen) Show(m schism.Moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moment = &m
	_, _ = io.WriteString(s.out, s.erase()+s.draw()) // a terminal that is gone ends no run
}

// Close takes the moment away. What scrolled by stays.
func (s *screen) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = io.WriteString(s.out, s.erase())
	s.moment = nil
}

// erase goes back to the first line that was drawn and clears the terminal from there on.
func (s *screen) erase() string {
	if s.drawn == 0 {
		return ""
	}
	n := s.drawn
	s.drawn = 0
	return fmt.Sprintf("\x1b[%dA\r\x1b[J", n)
}

// draw is the moment, a line less wide than the terminal each: a line that wraps would be two, and the
// next erase would leave one of them.
func (s *screen) draw() string {
	if s.moment == nil {
		return ""
	}
	var b strings.Builder
	for _, line := range s.lines(s.moment, min(s.width(), columns)-1) {
		b.WriteString(line + "\n")
		s.drawn++
	}
	return b.String()
}

// mostFaults bounds the lines.
const mostFaults = 3

func (s *screen) lines(m *schism.Moment, width int) []string {
	lines := []string{s.paint.bold(cut(s.head(m, width), width))}
	if m.At > 0 {
		lines = append(lines, cut(rates(m), width))
	}
	for i, f := range m.Faults {
		if i == mostFaults {
			lines = append(lines, s.paint.warn(cut(fmt.Sprintf("▌ and %d more", len(m.Faults)-i), width)))
			break
		}
		lines = append(lines, s.paint.warn(cut("▌ "+f, width)))
	}
	return lines
}

// head is "3 of 50  stale-read-local  ██████░░░░░░  14 of 60 s  running".
func (s *screen) head(m *schism.Moment, width int) string {
	left := m.Scenario + "  "
	if s.title != "" {
		left = s.title + "  " + left
	}
	at := min(m.At, m.Length)
	right := fmt.Sprintf("  %.0f of %.0f s  %s", at.Seconds(), m.Length.Seconds(), m.Phase)
	room := width - len([]rune(left)) - len([]rune(right))
	return left + bar(at, m.Length, min(max(room, 0), mostBar)) + right
}

// mostBar is the length of a bar beyond which it tells nothing more.
const mostBar = 30

func bar(at, length time.Duration, width int) string {
	full := 0
	if length > 0 {
		full = int(int64(width) * int64(at) / int64(length))
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// rates is one line of figures, those of the last second.
func rates(m *schism.Moment) string {
	r := m.Rates
	text := fmt.Sprintf("ok %d/s  fail %d/s  info %d/s  p50 %s  p99 %s",
		r.OK, r.Fail, r.Info, checker.ShowSpan(r.P50), checker.ShowSpan(r.P99))
	if m.Leaders != "" {
		text += "  leader " + m.Leaders
	}
	return text
}

// cut shortens a line to a width.
func cut(line string, width int) string {
	if r := []rune(line); len(r) > width {
		return string(r[:max(width-1, 0)]) + "…"
	}
	return line
}
