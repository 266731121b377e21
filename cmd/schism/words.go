package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// columns is the width of plain words.
const columns = 80

var heads = map[checker.Verdict]string{
	checker.Valid:   "✓ No violation found",
	checker.Invalid: "✕ A promise was broken",
	checker.Unknown: "? Undecided",
	checker.Vacuous: "– Nothing was tested",
}

// words tells the result of a run to a person.
func words(r *checker.Result, dir history.RunDir) string {
	return conclusion(r) + fmt.Sprintf("  report   %s\n  again    schism run %s\n",
		filepath.Clean(dir.Report()), filepath.Clean(dir.Scenario()))
}

// conclusion is what there is to say about any history.
func conclusion(r *checker.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s, %d operations checked in %.1f s\n", heads[r.Verdict], r.Stats.Operations, r.Stats.CheckedIn)
	for _, name := range kinds(r.Anomalies) {
		b.WriteString(kindInWords(name, r.Anomalies))
	}
	for _, why := range r.Why {
		b.WriteString(wrap(why, "  - "))
	}
	expected := "as expected"
	if !r.AsExpected {
		expected = "not as expected, which is " + r.Expected
	}
	fmt.Fprintf(&b, "\n  verdict  %s (%s)\n", r.Verdict, expected)
	return b.String()
}

// kinds are the names of the anomalies, in their order, once each.
func kinds(anomalies []checker.Anomaly) []string {
	var names []string
	for _, a := range anomalies {
		if !slices.Contains(names, a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

// kindInWords tells the first anomaly of a kind and proves it; of the others it says where they are.
func kindInWords(name string, anomalies []checker.Anomaly) string {
	var b strings.Builder
	var others []string
	for _, a := range anomalies {
		switch {
		case a.Name != name:
		case b.Len() == 0:
			b.WriteString(wrap(a.Message, "  "))
			if len(a.Faults) > 0 {
				b.WriteString(wrap("Meanwhile: "+strings.Join(a.Faults, "; ")+".", "    "))
			}
			b.WriteString(wrap(strings.Join(append([]string{"Proven: " + a.Reason()}, a.Shown...), "\n"), "    "))
		default:
			others = append(others, a.Key)
		}
	}
	switch len(others) {
	case 0:
	case 1:
		b.WriteString(wrap("The same on key "+others[0]+".", "    "))
	default:
		b.WriteString(wrap("The same on keys "+strings.Join(others, ", ")+".", "    "))
	}
	return b.String()
}

// wrap breaks text at columns; the lines after the first stand under its text. Line ends in the text
// are kept.
func wrap(text, indent string) string {
	var b strings.Builder
	hang := strings.Repeat(" ", len(indent))
	for i, line := range strings.Split(text, "\n") {
		lead := hang
		if i == 0 {
			lead = indent
		}
		width := 0
		b.WriteString(lead)
		for k, word := range strings.Fields(line) {
			n := len([]rune(word))
			switch {
			case k > 0 && len(hang)+width+1+n > columns:
				b.WriteString("\n" + hang)
				width = 0
			case k > 0:
				b.WriteString(" ")
				width++
			}
			b.WriteString(word)
			width += n
		}
		b.WriteString("\n")
	}
	return b.String()
}
