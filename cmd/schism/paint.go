package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"schism/checker"
)

// paint colours words for a terminal. The zero value leaves them as they are: every word says without
// its colour what it says with it.
type paint struct{ on bool }

// paintFor colours what goes to a terminal, unless NO_COLOR asks for none.
func paintFor(w io.Writer) paint {
	file, ok := w.(*os.File)
	return paint{ok && term.IsTerminal(int(file.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p paint) with(code, text string) string {
	if !p.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) bold(text string) string { return p.with("1", text) }
func (p paint) warn(text string) string { return p.with("33", text) }
func (p paint) bad(text string) string  { return p.with("31", text) }
func (p paint) good(text string) string { return p.with("32", text) }

// head colours the words of a verdict in a text that begins with them.
func (p paint) head(text string, v checker.Verdict) string {
	colour := p.warn
	switch v {
	case checker.Valid:
		colour = p.good
	case checker.Invalid:
		colour = p.bad
	}
	return strings.Replace(text, heads[v], colour(heads[v]), 1)
}
