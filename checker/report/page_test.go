package report

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"schism/checker"
	"schism/history"
)

func TestPageAsksNobodyAndComplainsOfNothing(t *testing.T) {
	for name, in := range gallery(t) {
		t.Run(name, func(t *testing.T) {
			p := open(t, in, desk())
			p.press("t", 1)
			p.press("n", 2)
			p.press("?", 2)
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.requests) == 0 {
				t.Error("the page itself was not seen to be asked for: the listener is deaf")
			}
			for _, r := range p.requests {
				if !strings.HasPrefix(r, "file:") && !strings.HasPrefix(r, "data:") {
					t.Errorf("the page asked for %s", r)
				}
			}
			for _, e := range p.errors {
				t.Errorf("the page complained: %s", e)
			}
		})
	}
}

func TestVerdictsAgree(t *testing.T) {
	runs := gallery(t)
	for _, c := range []struct{ run, title, heading, shape string }{
		{"stale", "✕", "Not linearizable", "invalid"},
		{"lost", "✕", "A write was lost", "invalid"},
		{"valid", "✓", "No violation found", "valid"},
		{"unknown", "?", "Undecided", "unknown"},
		{"vacuous", "–", "Nothing was tested", "vacuous"},
	} {
		t.Run(c.run, func(t *testing.T) {
			p := open(t, runs[c.run], desk())
			if v := runs[c.run].Result.Verdict.String(); v != c.shape {
				t.Fatalf("the fixture's verdict is %s", v)
			}
			if got := p.text("h1"); got != c.heading {
				t.Errorf("h1 is %q, want %q", got, c.heading)
			}
			if got := p.text("title"); !strings.HasPrefix(got, c.title+" "+c.heading) {
				t.Errorf("title is %q", got)
			}
			if got := eval[string](p, "document.querySelector('h1 svg').getAttribute('class')"); got != "glyph "+c.shape {
				t.Errorf("the glyph is %q", got)
			}
		})
	}
}

func TestPageTellsTheAnomaly(t *testing.T) {
	in := staleRead(t)
	p := open(t, in, desk())
	if got, want := p.text("#lede"), "Stale read: "+in.Result.Anomalies[0].Message+"."; got != want {
		t.Errorf("the page says\n%s\nthe result says\n%s", got, want)
	}
	if got := p.text("#lede .old") + ", " + p.text("#lede .new"); got != "x = 12, x = 19" {
		t.Errorf("the values that contradict each other are marked as %q", got)
	}
	if got := p.text(".steps li.focus p"); !strings.Contains(got, "Client 7 reads x = 12 from n1, 1.88 s after 19 was acknowledged") {
		t.Errorf("the last step is %q", got)
	}
}

func TestPageIsWholeWithoutScript(t *testing.T) {
	p := open(t, staleRead(t), view{width: 1440, height: 900, noScript: true})
	visible := func(selector string) bool {
		return eval[bool](p, fmt.Sprintf("(() => { const r = document.querySelector(%q)?.getBoundingClientRect(); return !!r && r.width > 0 && r.height > 0 })()", selector))
	}
	for _, s := range []string{"h1", "#lede", ".steps li:last-child", "#story1 svg.wide", "#run svg.wide", ".matrix", "#again pre"} {
		if !visible(s) {
			t.Errorf("%s is not to be seen without script", s)
		}
	}
	if n := eval[int](p, "document.querySelectorAll('button, dialog').length"); n != 0 {
		t.Errorf("%d buttons do nothing without script", n)
	}
}

func TestKeysReachEveryStep(t *testing.T) {
	in := staleRead(t)
	p := open(t, in, desk())
	steps := eval[int](p, "document.querySelectorAll('.steps li').length")
	if steps < 5 {
		t.Fatalf("only %d steps", steps)
	}
	for k := 1; k <= steps; k++ {
		p.press("n", 1)
		here := eval[int](p, "[...document.querySelectorAll('.steps li')].findIndex((li) => li.classList.contains('here')) + 1")
		if here != k {
			t.Fatalf("after %d times n the page is at step %d", k, here)
		}
		if said := p.text("#live"); !strings.HasPrefix(said, fmt.Sprintf("Step %d,", k)) {
			t.Errorf("at step %d the live region says %q", k, said)
		}
		at := time.Duration(eval[float64](p, "Number(document.querySelector('.steps li.here').dataset.t)"))
		if got, want := cutCells(p), cutsAt(in.History, at); got != want {
			t.Errorf("step %d, at %v: the matrix cuts %s, the faults %s", k, at, got, want)
		}
	}
	p.press("p", 1)
	if here := p.text(".steps li.here .at"); here != "19.205 s" {
		t.Errorf("p leads to the step at %s", here)
	}
	p.press(kb.Escape, 1)
	if n := eval[int](p, "document.querySelectorAll('.here').length"); n != 0 {
		t.Errorf("%d marks are left after Escape", n)
	}
}

func TestCursorFollowsThePointer(t *testing.T) {
	p := open(t, staleRead(t), desk())
	before := p.text("#story1 .when")
	eval[any](p, `(() => { const r = document.querySelector('#story1 svg.wide .op .bar').getBoundingClientRect();
		document.querySelector('#story1 svg.wide').dispatchEvent(new PointerEvent('pointermove', { clientX: r.x + 1, clientY: r.y })) })()`)
	if at := p.text("#story1 .when"); !strings.HasPrefix(at, "14.5") {
		t.Errorf("over the first write the matrix is of %s, before it was of %s", at, before)
	}
	if cut := cutCells(p); cut != "" {
		t.Errorf("before the partition the matrix cuts %s", cut)
	}
	p.press(kb.ArrowRight, 3)
	if at := p.text("#story1 .when"); !strings.HasPrefix(at, "14.8") {
		t.Errorf("three steps of 0.1 s later the matrix is of %s", at)
	}
	p.press(kb.Escape, 1)
	if at := p.text("#story1 .when"); at != before {
		t.Errorf("after Escape the matrix is of %s, not of %s", at, before)
	}
}

func TestKeysTurnTheme(t *testing.T) {
	p := open(t, staleRead(t), desk())
	ground := func() string { return eval[string](p, "getComputedStyle(document.body).backgroundColor") }
	light := ground()
	p.press("t", 1)
	if dark := ground(); dark == light {
		t.Errorf("the ground stays %s after t", dark)
	}
	p.press("t", 1)
	if back := ground(); back != light {
		t.Errorf("the ground is %s after t twice, was %s", back, light)
	}
	p.press("?", 1)
	if !eval[bool](p, "document.querySelector('dialog').open") {
		t.Error("? opens no help")
	}
}

// cutCells are the links that the matrix shows as cut, by name.
func cutCells(p *tab) string {
	return eval[string](p, "[...document.querySelectorAll('#story1 .link.cut title')].map((e) => e.textContent).sort().join(', ')")
}

// cutsAt are the links that the history's faults had cut, worked out without the report's own code.
func cutsAt(h *history.History, at time.Duration) string {
	var cut []string
	for _, a := range h.Header.Nodes {
		for _, b := range h.Header.Nodes {
			for _, f := range h.Faults {
				if at < f.Active || at > f.End {
					continue
				}
				for _, l := range f.Resolved().Cut {
					if l == [2]string{a, b} {
						cut = append(cut, a+" to "+b)
					}
				}
			}
		}
	}
	return strings.Join(cut, ", ")
}

// TestBarsStandAtTheirTimes works out each bar's place from the axis that is in the page.
func TestBarsStandAtTheirTimes(t *testing.T) {
	runs := gallery(t)
	for _, name := range []string{"stale", "lost", "tight", "crowded"} {
		t.Run(name, func(t *testing.T) {
			in := runs[name]
			p := open(t, in, desk())
			var data []storyData
			must(t, json.Unmarshal([]byte(p.text("#data")), &data))
			ops := proof(in.History, in.Result.Anomalies[0])
			for _, drawing := range []struct {
				class string
				axis  [][]float64
			}{{"wide", data[0].Wide}, {"slim", data[0].Slim}} {
				bars := eval[[][3]float64](p, fmt.Sprintf("[...document.querySelectorAll('#story1 svg.%s .op')].map((g) => { const r = g.querySelector('.bar'); return [Number(g.dataset.op), Number(r.getAttribute('x')), Number(r.getAttribute('width'))] })", drawing.class))
				if len(bars) != len(ops) {
					t.Fatalf("%d bars for %d operations", len(bars), len(ops))
				}
				for _, b := range bars {
					checkBar(t, in.History, drawing.axis, b)
				}
			}
		})
	}
}

func checkBar(t *testing.T, h *history.History, axis [][]float64, bar [3]float64) {
	t.Helper()
	o, ok := operationAt(h, int64(bar[0]))
	if !ok {
		t.Fatalf("no operation %v", bar[0])
	}
	x0, x1 := placeOn(axis, o.CallTime), placeOn(axis, o.ReturnTime)
	if x1-x0 < minBar {
		middle := (x0 + x1) / 2
		x0, x1 = middle-minBar/2, middle+minBar/2
	}
	if math.Abs(bar[1]-x0) > 0.5 || math.Abs(bar[1]+bar[2]-x1) > 0.5 {
		t.Errorf("operation %v stands from %.1f to %.1f, its times from %.1f to %.1f", bar[0], bar[1], bar[1]+bar[2], x0, x1)
	}
}

func operationAt(h *history.History, call int64) (history.Operation, bool) {
	if o, ok := find(h.Operations, call); ok {
		return o, true
	}
	return find(h.FinalReads, call)
}

func placeOn(axis [][]float64, t time.Duration) float64 {
	for _, p := range axis {
		if float64(t) <= p[1] {
			return p[2] + (p[3]-p[2])*(float64(t)-p[0])/(p[1]-p[0])
		}
	}
	return axis[len(axis)-1][3]
}

// TestEveryNumberIsEvidence: what the head and the steps say in numbers is in the proof's operations,
// is the difference of two of their times, or is recorded of a fault or a role.
func TestEveryNumberIsEvidence(t *testing.T) {
	number := regexp.MustCompile(`\d+(\.\d+)?( (s|ms|µs))?`)
	thousands := regexp.MustCompile(`(\d),(\d{3})\b`) // 3,120
	runs := gallery(t)
	for _, name := range []string{"stale", "lost", "tight", "oneway", "dirty"} {
		t.Run(name, func(t *testing.T) {
			in := runs[name]
			p := open(t, in, desk())
			said := p.text("#lede") + " " + eval[string](p, "[...document.querySelectorAll('.steps li')].map((li) => li.textContent).join(' ')")
			known := evidence(in)
			for _, n := range number.FindAllString(thousands.ReplaceAllString(said, "$1$2"), -1) {
				if !known[n] && !known[strings.Fields(n)[0]] {
					t.Errorf("the page says %q, which is nowhere in the proof", n)
				}
			}
		})
	}
}

// evidence are all numbers that the page may say.
func evidence(in Input) map[string]bool {
	known := make(map[string]bool)
	digits := regexp.MustCompile(`\d+`)
	add := func(s string) {
		for _, d := range digits.FindAllString(s, -1) {
			known[d] = true
		}
	}
	var times []time.Duration
	for _, o := range proof(in.History, in.Result.Anomalies[0]) {
		times = append(times, o.CallTime, o.ReturnTime)
		add(o.Process.String())
		add(o.Node)
		add(string(o.Input))
		add(string(o.Output))
	}
	for _, a := range times {
		for _, b := range times {
			d := (a - b).Abs()
			known[span(d)], known[significant(d.Seconds())+" s"] = true, true
		}
	}
	for _, f := range in.History.Faults {
		times = append(times, f.Start, f.Healed)
	}
	for _, e := range in.History.Roles {
		times = append(times, e.At())
		add(e.Node)
		add(string(e.Value))
	}
	for _, a := range times {
		known[strconv.FormatFloat(a.Seconds(), 'f', 3, 64)+" s"] = true
	}
	return known
}

func TestHostileValuesRunNothing(t *testing.T) {
	for _, v := range []view{desk(), phone()} {
		p := open(t, hostileRun(t), v)
		if eval[bool](p, "'hacked' in window") {
			t.Fatal("a value of the history ran as script")
		}
		if n := eval[int](p, "document.querySelectorAll('img, main script').length"); n != 0 {
			t.Errorf("%d elements came out of values", n)
		}
		if got := p.text("title"); !strings.Contains(got, "</script><img") {
			t.Errorf("the title lost the name: %q", got)
		}
		if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > int(v.width) {
			t.Errorf("at %d pixels the page is %d wide", v.width, wide)
		}
	}
}

func TestAnomalyWithoutOperationsIsStillTold(t *testing.T) {
	in := staleRead(t)
	in.Result.Anomalies = []checker.Anomaly{{Name: "duplicate-apply", Key: "q", Message: "client 1's write was applied twice", Ops: []int64{1 << 40}}}
	p := open(t, in, desk())
	if got := p.text("#lede"); got != "Duplicate apply: client 1's write was applied twice." {
		t.Errorf("an anomaly without operations is told as %q", got)
	}
}
