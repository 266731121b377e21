package report

import (
	"bytes"
	_ "embed" // for the page's template
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"

	"schism/checker"
)

// Index is many runs on one page.
type Index struct {
	Title   string
	Began   time.Time
	Version string
	Longest string // which runs took longest, in words; may be empty
	Rows    []IndexRow
}

// IndexRow is one run.
type IndexRow struct {
	Name, About string
	Page        string          // where its report is, from where the index stands
	Result      *checker.Result // nil: it has none
	Err         error           // why
	Took        time.Duration
}

//go:embed index.html
var indexHTML string

// WriteIndex writes the page. Like a report it needs no network and no other file.
func WriteIndex(w io.Writer, in Index) error {
	t, err := template.New("index").Parse(indexHTML)
	if err != nil {
		return fmt.Errorf("the index page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newIndexPage(in)); err != nil {
		return fmt.Errorf("the index page: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("the index page: %w", err)
	}
	return nil
}

type indexPage struct {
	Policy, Title, Run, Heading, Lede, Version string
	Style                                      template.CSS
	Icon                                       template.URL
	Class                                      string
	Glyph                                      template.HTML
	Facts                                      []fact
	Rows                                       []indexLine
	Longest                                    string
}

// indexLine is one run in words.
type indexLine struct {
	Name, About, Class, Verdict, Expected, Found, Took, Why string
	Href                                                    template.URL
	Good                                                    bool
}

func newIndexPage(in Index) *indexPage {
	p := &indexPage{Policy: policy(), Style: template.CSS(styleCSS), Version: in.Version, Run: ellipsis(plain(in.Title), 120)}
	var took time.Duration
	expected, worst := 0, checker.Valid
	for _, r := range in.Rows {
		line := newIndexLine(r)
		if line.Good {
			expected++
		} else {
			worst = checker.Compose(worst, verdictOf(r))
		}
		took += r.Took
		p.Rows = append(p.Rows, line)
	}
	p.Class, p.Glyph, p.Icon = worst.String(), glyph(worst), icon(worst)
	p.Heading = fmt.Sprintf("%d of %d as expected", expected, len(in.Rows))
	p.Lede = indexLede(expected, len(in.Rows))
	p.Title = mark(worst) + " " + p.Heading + " · schism suite"
	p.Facts = []fact{{"Started", []string{in.Began.UTC().Format("2 Jan 2006, 15:04 UTC")}}, {"Scenarios", []string{fmt.Sprint(len(in.Rows))}}, {"All runs together", []string{span(took)}}}
	p.Longest = plain(in.Longest)
	return p
}

// verdictOf is how bad a run that is not as expected looks: one that was wrongly found valid is as bad as
// one that was wrongly found invalid.
func verdictOf(r IndexRow) checker.Verdict {
	if r.Result == nil {
		return checker.Unknown
	}
	if v := r.Result.Verdict; v == checker.Unknown || v == checker.Vacuous {
		return v
	}
	return checker.Invalid
}

func indexLede(expected, all int) string {
	if expected == all {
		return "Every scenario showed what it was meant to show: those with a defect found it, and their controls found nothing."
	}
	return count(all-expected, "scenario", "scenarios") + " did not show what was expected. Each row leads to its report."
}

func newIndexLine(r IndexRow) indexLine {
	line := indexLine{Name: ellipsis(plain(r.Name), 60), About: ellipsis(plain(r.About), 300), Took: fmt.Sprintf("%.1f s", r.Took.Seconds())}
	switch {
	case r.Err != nil:
		line.Class, line.Verdict, line.Expected, line.Why = "fail", "no verdict", "no", ellipsis(plain(r.Err.Error()), 300)
		return line
	case r.Result == nil:
		line.Class, line.Verdict, line.Expected, line.Took = "vacuous", "not run", "", ""
		return line
	}
	line.Class, line.Verdict, line.Good, line.Expected = r.Result.Verdict.String(), r.Result.Verdict.String(), r.Result.AsExpected, "yes"
	if !line.Good {
		line.Expected = "no"
		if len(r.Result.Why) > 0 {
			line.Why = ellipsis(plain(r.Result.Why[0]), 300)
		}
	}
	var found []string
	seen := make(map[string]bool)
	for _, a := range r.Result.Anomalies {
		if !seen[a.Name] {
			seen[a.Name] = true
			found = append(found, kindWords(a.Name))
		}
	}
	line.Found = strings.Join(found, ", ")
	line.Href = template.URL((&url.URL{Path: r.Page}).String())
	return line
}
