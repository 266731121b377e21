// Package report draws a run as one HTML page: what was found, how it came about, and what the test
// was worth. The page needs no network and no other file, and claims nothing that the history and the
// result do not say.
package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the page's template, style and script
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"

	"schism/checker"
	"schism/history"
)

// Input is what a report is made from, all of it out of one run directory.
type Input struct {
	History  *history.History
	Result   *checker.Result
	Scenario Scenario
	// Dir is the run directory as the reader would type it, from where `schism` was called. It is
	// shown in the commands that repeat the run; nothing is read from it.
	Dir string
	// Picture is the file beside the report that holds Porcupine's own picture of the proof's window;
	// empty if there is none.
	Picture string
}

// Scenario is what the report tells of a scenario. Every field may be empty.
type Scenario struct {
	Name        string
	Description string
	Seed        string
	Target      string   // the system under test, with its options
	Runtime     string   // process, docker
	Workload    string   // in words: "register, 10 clients, 5 keys"
	Nodes       []string // in the order in which they are drawn; else the history's header tells
	YAML        string   // scenario.yaml as it is on disk
}

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

//go:embed script.js
var scriptJS string

// Write writes the page. The same input gives the same bytes.
func Write(w io.Writer, in Input) error {
	if in.History == nil || in.Result == nil {
		return errors.New("report: it needs a history and a result; run `schism check` on the run directory first")
	}
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(in)); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// policy forbids the page everything but its own style and its own script, each by its hash: should a
// value of the history ever get past the escaping, it still could neither run nor load anything.
func policy() string {
	return fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; img-src data:; base-uri 'none'; form-action 'none'",
		digest(styleCSS), digest(scriptJS))
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}
