package schism

import (
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"schism/checker"
)

// The elements of JUnit's XML, as far as CI servers read them.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"` // seconds
		Stamp    string      `xml:"timestamp,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Error   *junitFailure `xml:"error,omitempty"`
		Skipped *struct{}     `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"` // the verdict
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a suite as JUnit's XML. What is not as expected is a failure, undecided runs too; a run
// without a verdict is an error, and one that was not made is skipped.
func WriteJUnit(w io.Writer, suite []*SuiteRun, began time.Time) error {
	all := junitSuite{Name: "schism", Tests: len(suite), Stamp: began.UTC().Format("2006-01-02T15:04:05")}
	var took time.Duration
	for _, r := range suite {
		c := newJUnitCase(r)
		took += r.Took
		switch {
		case c.Error != nil:
			all.Errors++
		case c.Failure != nil:
			all.Failures++
		case c.Skipped != nil:
			all.Skipped++
		}
		all.Cases = append(all.Cases, c)
	}
	all.Time = junitSeconds(took)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newJUnitCase(r *SuiteRun) junitCase {
	c := junitCase{
		Name: r.Scenario.Name, Class: strings.ReplaceAll(strings.Trim(filepath.ToSlash(filepath.Dir(r.Path)), "/"), "/", "."), File: filepath.ToSlash(r.Path), Time: junitSeconds(r.Took),
	}
	switch {
	case r.Err != nil:
		c.Error = &junitFailure{Message: firstLine(r.Err.Error()), Type: "no verdict", Text: r.Err.Error()}
	case r.Outcome == nil:
		c.Skipped = &struct{}{}
	default:
		c.Output = "verdict " + r.Outcome.Result.Verdict.String() + "\nreport " + r.Outcome.Dir.Report() + "\n"
		if !r.Outcome.Result.AsExpected {
			c.Failure = newJUnitFailure(r.Outcome.Result)
		}
	}
	return c
}

func newJUnitFailure(r *checker.Result) *junitFailure {
	text := strings.Join(r.Why, "\n")
	for _, a := range r.Anomalies {
		text += "\n" + a.Message
	}
	return &junitFailure{Message: firstLine(strings.Join(append(r.Why, "not as expected"), "\n")), Type: r.Verdict.String(), Text: text}
}

func firstLine(s string) string {
	first, _, _ := strings.Cut(s, "\n")
	return first
}

func junitSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
