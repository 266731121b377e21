package report

import (
	"fmt"
	"strings"
	"testing"
)

// textBoxes are the texts of all drawings that are shown, with where they stand and whether that is
// inside of their drawing.
const textBoxes = `(() => {
  const shown = [...document.querySelectorAll('svg.fig, svg.matrix')].filter((s) => s.getBoundingClientRect().width > 0);
  return shown.flatMap((svg) => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].map((e) => {
      const r = e.getBoundingClientRect();
      return { text: e.textContent, svg: svg.getAttribute('class'), size: r.height,
        font: parseFloat(getComputedStyle(e).fontSize) * frame.width / svg.viewBox.baseVal.width,
        x: r.x, y: r.y + r.height * .14, w: r.width, h: r.height * .7,
        out: Math.max(frame.left - r.left, r.right - frame.right, frame.top - r.top - 3, r.bottom - frame.bottom - 3) };
    });
  });
})()`

type textBox struct {
	Text, SVG        string
	Font, X, Y, W, H float64
	Out              float64
}

func TestNoTextOverlapsOrIsCut(t *testing.T) {
	fonts := []string{"", "DejaVu Sans", "Liberation Sans"}
	for name, in := range gallery(t) {
		t.Run(name, func(t *testing.T) {
			p := open(t, in, desk())
			for _, v := range []view{desk(), {width: 900, height: 900, dark: true}, {width: 700, height: 900}, phone(), {width: 390, height: 844, dark: true}} {
				p.emulate(v)
				for _, font := range fonts {
					eval[any](p, fmt.Sprintf("document.documentElement.style.setProperty('--sans', %q)", cmpFont(font)))
					checkTexts(t, font, eval[[]textBox](p, textBoxes), v)
					if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > int(v.width) {
						t.Errorf("at %d, in %s, the page is %d wide: it scrolls sideways", v.width, font, wide)
					}
				}
			}
		})
	}
}

func cmpFont(font string) string {
	if font == "" {
		return "sans-serif"
	}
	return `"` + font + `", sans-serif`
}

func checkTexts(t *testing.T, font string, boxes []textBox, v view) {
	t.Helper()
	for i, a := range boxes {
		if a.Out > 1 {
			t.Errorf("at %d, in %s: %q is cut off by %.1f pixels in %s", v.width, font, a.Text, a.Out, a.SVG)
		}
		if v.width == 390 && a.Font < 9.9 {
			t.Errorf("%q is %.1f pixels high on a phone", a.Text, a.Font)
		}
		for _, b := range boxes[i+1:] {
			if a.X+1 < b.X+b.W && b.X+1 < a.X+a.W && a.Y+1 < b.Y+b.H && b.Y+1 < a.Y+a.H {
				t.Errorf("at %d, in %s: %q and %q overlap in %s", v.width, font, a.Text, b.Text, a.SVG)
			}
		}
	}
}

// contrasts measures every text against the grounds that can lie behind it, and every mark that
// means something against the ground of the drawing.
const contrasts = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (c) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(rgb(a)), light(rgb(b))].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] > 0) return c; } return 'white'; };
  const probe = (name) => { const d = document.createElement('div'); document.body.append(d); d.style.color = 'var(--' + name + ')'; const c = getComputedStyle(d).color; d.remove(); return c; };
  const shown = (e) => e.getClientRects().length > 0;
  const worst = new Map();
  const note = (what, r) => { if (!(worst.get(what) <= r)) worst.set(what, r); };
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg, script, style, .quiet') || !shown(e)) continue;
    if ([...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) note('text ' + (e.className || e.tagName), ratio(getComputedStyle(e).color, ground(e)));
  }
  const [paper, band, leader, candidate, solid] = ['paper', 'band', 'leader', 'candidate', 'bad-solid'].map(probe);
  for (const e of document.querySelectorAll('svg.fig text, svg.fig tspan, svg.matrix text')) {
    if (!shown(e)) continue;
    const c = e.closest('text').getAttribute('class');
    const grounds = /role leader/.test(c) ? [leader] : /role candidate|role pre/.test(c) ? [candidate] : e.closest('.marker.focus') ? [solid] : [paper, band];
    for (const g of grounds) note('text ' + c + (e.tagName === 'tspan' ? ' rest' : ''), ratio(getComputedStyle(e).fill, g));
  }
  const marks = { '.op.ok .bar': 'fill', '.op.fail .bar': 'fill', '.op.info .bar': 'stroke', '.op.focus .bar': 'fill', '.arrow.clock': 'stroke', '.arrow.value': 'stroke', '.drop': 'stroke', 'rect.leader': 'fill', 'rect.candidate': 'stroke',
    '.follower': 'stroke', '.dot.focus': 'fill', '.dot.rival': 'fill', '.rate.ok': 'stroke', '.rate.info': 'fill', '.rate.fail': 'fill', '.quantile': 'stroke', '.anomaly': 'stroke', '.link.cut path': 'stroke' };
  for (const [selector, property] of Object.entries(marks)) for (const e of document.querySelectorAll(selector)) for (const g of [paper, band]) note('mark ' + selector, ratio(getComputedStyle(e)[property], g));
  return [...worst].map(([what, ratio]) => ({ what, ratio }));
})()`

func TestContrast(t *testing.T) {
	runs := gallery(t)
	for _, name := range []string{"stale", "lost", "oneway", "dirty", "valid", "unknown", "vacuous"} {
		t.Run(name, func(t *testing.T) {
			p := open(t, runs[name], desk())
			for _, dark := range []bool{false, true} {
				p.emulate(view{width: 1440, height: 900, dark: dark})
				measured := eval[[]struct {
					What  string
					Ratio float64
				}](p, contrasts)
				if len(measured) < 15 {
					t.Fatalf("only %d things were measured", len(measured))
				}
				for _, m := range measured {
					want := 3.0
					if strings.HasPrefix(m.What, "text") {
						want = 4.5
					}
					if m.Ratio < want {
						t.Errorf("dark=%v: %s: %.2f, want %.1f", dark, m.What, m.Ratio, want)
					}
				}
			}
		})
	}
}

func TestPrintIsWhite(t *testing.T) {
	p := open(t, staleRead(t), view{width: 760, height: 1000, dark: true, print: true})
	if got := eval[string](p, "getComputedStyle(document.body).backgroundColor"); got != "rgb(255, 255, 255)" {
		t.Errorf("printed from a dark screen, the ground is %s", got)
	}
	if got := eval[string](p, "getComputedStyle(document.querySelector('h1')).color"); got != "rgb(22, 25, 29)" {
		t.Errorf("printed from a dark screen, the ink is %s", got)
	}
	for selector, want := range map[string]string{".topbar": "none", ".copy": "none", "#story1 svg.wide": "block", "#story1 svg.slim": "none"} {
		if got := eval[string](p, fmt.Sprintf("getComputedStyle(document.querySelector(%q)).display", selector)); got != want {
			t.Errorf("in print, %s has display %s, want %s", selector, got, want)
		}
	}
	bottom := eval[float64](p, "document.querySelector('#story1 svg.wide').getBoundingClientRect().bottom")
	if bottom > 1040 { // what a sheet of A4 holds at this width
		t.Errorf("the verdict and the story end at %.0f: not on the first page", bottom)
	}
}
