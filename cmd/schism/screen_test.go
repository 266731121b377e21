package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"schism"
)

// terminal understands as much of a terminal as a screen uses: text, new lines, and a jump upwards
// that clears everything from there on.
type terminal struct {
	width int
	lines []string // the last one is where the cursor is
}

var upAndClear = regexp.MustCompile(`^\x1b\[(\d+)A\r\x1b\[J`)
var colour = regexp.MustCompile(`\x1b\[\d+m`)

func (x *terminal) Write(b []byte) (int, error) {
	text := string(b)
	if len(x.lines) == 0 {
		x.lines = []string{""}
	}
	for text != "" {
		if m := upAndClear.FindStringSubmatch(text); m != nil {
			var n int
			fmt.Sscan(m[1], &n)
			x.lines = append(x.lines[:len(x.lines)-1-n], "")
			text = text[len(m[0]):]
			continue
		}
		if c := colour.FindString(text); c != "" && strings.HasPrefix(text, c) {
			text = text[len(c):]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		last := &x.lines[len(x.lines)-1]
		switch {
		case r == '\n':
			x.lines = append(x.lines, "")
		case r < ' ':
			return 0, fmt.Errorf("this terminal does not know %q", r)
		case utf8.RuneCountInString(*last) == x.width:
			x.lines = append(x.lines, string(r)) // it wraps
		default:
			*last += string(r)
		}
	}
	return len(b), nil
}

func (x *terminal) String() string { return strings.Join(x.lines, "\n") }

func screenOn(x *terminal) *screen {
	return &screen{out: x, width: func() int { return x.width }, paint: paint{on: true}}
}

func running(at time.Duration) schism.Moment {
	return schism.Moment{
		Scenario: "stale-read-local", Phase: schism.Running, At: at, Length: 60 * time.Second,
		Rates:   schism.Rates{OK: 104, Fail: 3, Info: 1, P50: 3100 * time.Microsecond, P99: 14 * time.Millisecond},
		Leaders: "n1 t2",
	}
}

func TestScreen(t *testing.T) {
	x := &terminal{width: 80}
	s := screenOn(x)
	s.title = "3 of 50"
	s.Show(schism.Moment{Scenario: "stale-read-local", Phase: schism.Starting, Length: 60 * time.Second})
	fmt.Fprintln(s, "n1 leads")
	s.Show(running(14 * time.Second))
	m := running(15 * time.Second)
	m.Faults = []string{"partition n1 n2 | n3 n4 n5"}
	s.Show(m)
	fmt.Fprintln(s, " 15.0 s  ▌ partition n1 n2 | n3 n4 n5")
	want := `n1 leads
 15.0 s  ▌ partition n1 n2 | n3 n4 n5
3 of 50  stale-read-local  ███████░░░░░░░░░░░░░░░░░░░░░░░  15 of 60 s  running
ok 104/s  fail 3/s  info 1/s  p50 3.1 ms  p99 14 ms  leader n1 t2
▌ partition n1 n2 | n3 n4 n5
`
	if x.String() != want {
		t.Errorf("it shows\n%s\nwant\n%s", x, want)
	}
	s.Show(running(60 * time.Second))
	if strings.Contains(x.String(), "▌ partition n1 n2 | n3 n4 n5\n▌") || strings.Count(x.String(), "partition") != 1 {
		t.Errorf("the fault is over, and it shows\n%s", x)
	}
	s.Close()
	if got := x.String(); got != "n1 leads\n 15.0 s  ▌ partition n1 n2 | n3 n4 n5\n" {
		t.Errorf("what was told is not all that stays:\n%s", got)
	}
	s.Close()
	if got := strings.Count(x.String(), "\n"); got != 2 {
		t.Errorf("closed twice it shows\n%s", x)
	}
}

// No line is ever as wide as the terminal: one that wraps would stay behind.
func TestScreenFitsEveryWidth(t *testing.T) {
	m := running(time.Hour)
	m.Scenario = strings.Repeat("a-long-name-", 5)
	m.Leaders = "n1 t2, n4 t17, n5 t18"
	m.Faults = []string{strings.Repeat("partition n1 | ", 9), "kill n1", "kill n2", "pause n3", "cut n4 ↛ n5"}
	for _, width := range []int{20, 40, 80, 200} {
		x := &terminal{width: width}
		s := screenOn(x)
		for range 3 {
			s.Show(m)
		}
		if len(x.lines) != 2+mostFaults+2 {
			t.Errorf("at a width of %d it shows\n%s", width, x)
		}
		for _, line := range x.lines {
			if n := utf8.RuneCountInString(line); n >= min(width, columns) {
				t.Errorf("at a width of %d a line has %d: %s", width, n, line)
			}
		}
	}
}

func TestAQuietScreenTellsNothing(t *testing.T) {
	x := &terminal{width: 80}
	s := screenOn(x)
	s.quiet = true
	fmt.Fprintln(s, "n1 leads")
	s.Show(running(time.Second))
	if strings.Contains(x.String(), "leads") || !strings.Contains(x.String(), "running") {
		t.Errorf("it shows\n%s", x)
	}
}

// Lines and moments come from two goroutines.
func TestScreenTakesLinesAndMomentsAtOnce(t *testing.T) {
	x := &terminal{width: 80}
	s := screenOn(x)
	var both sync.WaitGroup
	both.Go(func() {
		for i := range 100 {
			fmt.Fprintf(s, "line %d\n", i)
		}
	})
	both.Go(func() {
		for range 100 {
			s.Show(running(time.Second))
		}
	})
	both.Wait()
	s.Close()
	if n := strings.Count(x.String(), "line "); n != 100 || len(x.lines) != 101 {
		t.Errorf("%d lines stay:\n%s", n, x)
	}
}

func TestNoScreenWithoutATerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newScreen(file) != nil || newScreen(new(strings.Builder)) != nil {
		t.Error("a screen on what is no terminal")
	}
	if (paintFor(file) != paint{}) {
		t.Error("colours on what is no terminal")
	}
}

func TestPaint(t *testing.T) {
	if got := (paint{}).bold("x"); got != "x" {
		t.Errorf("without colours: %q", got)
	}
	if got := (paint{on: true}).bad("x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("with colours: %q", got)
	}
	for v, head := range heads {
		text := "\n" + head + ", 12 operations\n"
		if got := (paint{}).head(text, v); got != text {
			t.Errorf("without colours: %q", got)
		}
		if got := (paint{on: true}).head(text, v); colour.ReplaceAllString(got, "") != text || got == text {
			t.Errorf("with colours: %q", got)
		}
	}
}
