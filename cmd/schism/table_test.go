package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"schism"
	"schism/checker"
	"schism/history"
)

// One long cell does not push everything else out of sight.
func TestTableBoundsColumns(t *testing.T) {
	long := strings.Repeat("x", widestColumn+10)
	want := "a" + strings.Repeat(" ", widestColumn+1) + "b\n" + long + "  c\n"
	if got := table([][]string{{"a", "b"}, {long, "c"}}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPrintSuite(t *testing.T) {
	ended := func(v checker.Verdict, expected bool, anomalies ...string) *schism.Outcome {
		r := &checker.Result{Verdict: v, AsExpected: expected}
		for _, name := range anomalies {
			r.Anomalies = append(r.Anomalies, checker.Anomaly{Name: name})
		}
		return &schism.Outcome{Dir: history.RunDir("store/x/"), Result: r}
	}
	named := func(name string) *schism.Scenario { return &schism.Scenario{Name: name} }
	var b strings.Builder
	printSuite(&b, []*schism.SuiteRun{
		{Scenario: named("a"), Outcome: ended(checker.Invalid, true, "stale-read", "stale-read", "lost-write"), Took: time.Second},
		{Scenario: named("long-name"), Outcome: ended(checker.Vacuous, false), Took: 12 * time.Second},
		{Scenario: named("c"), Err: errors.New("no engine\nand more")},
		{Scenario: named("d")},
	})
	want := `
   scenario   verdict  as expected  time    anomalies
✓  a          invalid  yes          1.0 s   stale-read, lost-write
✕  long-name  vacuous  no           12.0 s                          store/x
!  c          none     no           0.0 s                           no engine
   d          not run
`
	if b.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", b.String(), want)
	}
}
