package report

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	browserlog "github.com/chromedp/cdproto/log"
	cdpnetwork "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is the one Chromium of all tests: it starts with the first test that needs it.
type browser struct {
	once sync.Once
	ctx  context.Context
	stop context.CancelFunc
	err  error
}

var chromium browser

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(code)
}

func (b *browser) start() {
	path, err := findBinary("chromium", "chromium-browser", "google-chrome", "chrome")
	if err != nil {
		b.err = err
		return
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.DisableGPU)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to be root inside of its sandbox
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stopTab := chromedp.NewContext(alloc)
	b.ctx, b.stop = ctx, func() { stopTab(); stopAlloc() }
	b.err = chromedp.Do(ctx)
}

func findBinary(names ...string) (string, error) {
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium was found: looked for " + strings.Join(names, ", "))
}

// view is how a page is looked at.
type view struct {
	width, height int64
	dark          bool
	noScript      bool
	print         bool
}

// tab is an open page and what it did.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
	errors   []string
}

// open shows a report. It skips the test where there is no Chromium, unless SCHISM_REQUIRE asks for it.
func open(t *testing.T, in Input, v view) *tab {
	t.Helper()
	return openHTML(t, render(t, in), v)
}

func openHTML(t *testing.T, html []byte, v view) *tab {
	t.Helper()
	chromium.once.Do(chromium.start)
	if err := chromium.err; err != nil {
		if slices.Contains(strings.Split(os.Getenv("SCHISM_REQUIRE"), ","), "chromium") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	must(t, os.WriteFile(file, html, 0o644))
	ctx, closeTab := chromedp.NewContext(chromium.ctx)
	t.Cleanup(closeTab)
	p := &tab{t: t, ctx: ctx}
	must(t, chromedp.Do(ctx))
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	p.ctx = ctx
	must(t, chromedp.Listen(ctx, p.listen))
	call(p, cdpnetwork.Enable, cdpnetwork.EnableParams{})
	call(p, browserlog.Enable, cdp.Empty{})
	p.emulate(v)
	p.do(chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
	return p
}

func call[P, R any](p *tab, command cdp.Command[P, R], params P) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, command, params)
	must(p.t, err)
}

func (p *tab) emulate(v view) {
	p.t.Helper()
	scheme, media := "light", "screen"
	if v.dark {
		scheme = "dark"
	}
	if v.print {
		media = "print"
	}
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: v.width, Height: v.height, DeviceScaleFactor: 1})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: media, Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"}, // else a colour is measured on its way
	}})
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.noScript})
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *cdpnetwork.EventRequestWillBeSent:
		p.requests = append(p.requests, ellipsis(e.Request.URL, 100))
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.errors = append(p.errors, fmt.Sprintf("console.%s", e.Type))
	case *browserlog.EventEntryAdded:
		p.errors = append(p.errors, e.Entry.Text)
	}
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	must(p.t, chromedp.Do(p.ctx, actions...))
}

// eval is the value of a JavaScript expression in the page.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	out, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", ellipsis(expression, 200), err)
	}
	return out
}

// text is what an element says to a reader.
func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%q).textContent.replace(/\\s+/g, ' ').trim()", selector))
}

// press presses one key n times.
func (p *tab) press(key string, n int) {
	p.t.Helper()
	for range n {
		p.do(chromedp.KeyEvent(key))
	}
}

func desk() view  { return view{width: 1440, height: 900} }
func phone() view { return view{width: 390, height: 844} }
