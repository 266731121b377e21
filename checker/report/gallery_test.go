package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"schism/checker"
	"schism/history"
)

// gallery is one run for every look that the page can have.
func gallery(tb testing.TB) map[string]Input {
	all := map[string]Input{
		"stale":   staleRead(tb),
		"lost":    lostWrite(tb),
		"tight":   tightRead(tb),
		"hostile": hostileRun(tb),
		"valid":   validRun(tb),
		"unknown": unknownRun(tb),
		"vacuous": vacuousRun(tb),
		"oneway":  oneWay(tb),
		"dirty":   dirtyRead(tb),
		"crowded": crowded(tb),
	}
	if !testing.Short() {
		all["empty"] = emptyRun(tb)
		all["twokinds"] = twoKinds(tb)
		all["fractured"] = fractured(tb)
	}
	return all
}

// TestGallery writes the pages of the gallery, and pictures of them, to the directory that
// SCHISM_GALLERY names, to be looked at; those of the run directories that SCHISM_RUNS lists
// (as a pattern) too.
func TestGallery(t *testing.T) {
	dir := os.Getenv("SCHISM_GALLERY")
	if dir == "" {
		t.Skip("SCHISM_GALLERY names no directory")
	}
	all := recorded(t, os.Getenv("SCHISM_RUNS"))
	if len(all) == 0 {
		all = gallery(t)
	}
	looks := map[string]view{"light": desk(), "dark": {width: 1440, height: 900, dark: true}, "phone": phone()}
	for name, in := range all {
		html := render(t, in)
		must(t, os.WriteFile(filepath.Join(dir, name+".html"), html, 0o644))
		p := openHTML(t, html, desk())
		for look, v := range looks {
			p.emulate(v)
			png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, name+"-"+look+".png"), png, 0o644))
		}
	}
}

func recorded(t *testing.T, pattern string) map[string]Input {
	t.Helper()
	dirs, err := filepath.Glob(pattern)
	must(t, err)
	all := make(map[string]Input)
	for _, d := range dirs {
		run := history.RunDir(d)
		h, err := history.Load(run.History())
		must(t, err)
		raw, err := os.ReadFile(run.Result())
		must(t, err)
		r := new(checker.Result)
		must(t, json.Unmarshal(raw, r))
		all[filepath.Base(d)] = Input{History: h, Result: r, Dir: d, Scenario: Scenario{Name: h.Header.Scenario}}
	}
	return all
}
