package report

import (
	"html/template"
	"slices"
	"strings"

	"schism/checker"
)

// page is what the template shows.
type page struct {
	Policy  string
	Style   template.CSS
	Script  template.JS
	Icon    template.URL
	Title   string
	Run     string // one line about the run, for the bar
	Head    head
	Facts   []fact
	Parts   []part
	Stories []storyView
	Rest    []anomalyRow // anomalies that have no story of their own
	More    int          // and how many more
	Broken  []brokenRow  // what made the run vacuous
	Whole   wholeView
	Checks  []checkRow
	Periods []periodRow // how clients were served, part by part
	Worth   []worthRow
	Table   opTable
	Picture template.URL // of the proof's window, by Porcupine; may be empty
	Again   []command
	Files   []file
	About   string // the scenario's own description
	YAML    string
	Version string
	Data    []storyData
}

// fact is a line beside the head.
type fact struct {
	Name   string
	Values []string
}

// part is a section of the page.
type part struct{ ID, Title string }

// maxRows bounds the tables that grow with the history.
const maxRows = 50

func newPage(in Input) *page {
	nodes := nodesOf(in)
	c := newChronicle(in.History, nodes)
	p := &page{
		Policy: policy(), Style: template.CSS(styleCSS), Script: template.JS(scriptJS),
		Run: runLine(in), Version: in.Result.Versions.Schism,
		Facts: facts(in), YAML: in.Scenario.YAML, About: ellipsis(plain(in.Scenario.Description), 1000),
	}
	var stories []story
	stories, p.Rest = c.stories(in.Result.Anomalies)
	if len(p.Rest) > maxRows {
		p.More, p.Rest = len(p.Rest)-maxRows, p.Rest[:maxRows]
	}
	p.Head = newHead(in, c, stories)
	p.Title = mark(in.Result.Verdict) + " " + p.Head.Heading + ": " + plain(in.Scenario.Name) + " · schism report"
	p.Icon = icon(in.Result.Verdict)
	for i, s := range stories {
		v, d := c.view(s, i)
		p.Stories, p.Data = append(p.Stories, v), append(p.Data, d)
	}
	p.Whole = c.whole(stories)
	p.Checks, p.Worth, p.Periods = checkRows(in.Result), worthRows(in.Result), periodRows(in.Result)
	if in.Result.Verdict == checker.Vacuous {
		p.Broken = c.broken(in.Result)
	}
	p.Table = c.table(in.Result, stories)
	p.Again, p.Files = again(in), files(in, stories)
	if in.Picture != "" {
		p.Picture = beside(in.Picture)
	}
	p.Parts = parts(in.Result.Verdict, p)
	return p
}

// parts are the sections in the order that suits the verdict: first what its reader asks first.
func parts(v checker.Verdict, p *page) []part {
	story, run, checks := part{"story", "What happened"}, part{"run", "Whole run"}, part{"checks", "Checks"}
	all := []part{story, run, checks}
	switch {
	case v == checker.Vacuous:
		all = []part{{"broken", "What did not happen"}, checks, run}
	case len(p.Stories)+len(p.Rest) == 0 && v == checker.Valid:
		all = []part{checks, run}
	case len(p.Stories)+len(p.Rest) == 0:
		all = []part{run, checks}
	}
	if len(p.Table.Rows) > 0 {
		all = append(all, part{"operations", "Operations"})
	}
	return append(all, part{"again", "Run it again"})
}

func nodesOf(in Input) []string {
	nodes := in.Scenario.Nodes
	if len(nodes) == 0 {
		nodes = in.History.Header.Nodes
	}
	if len(nodes) > 0 {
		return nodes
	}
	seen := make(map[string]bool)
	for _, o := range in.History.Operations {
		if o.Node != "" && !seen[o.Node] {
			seen[o.Node] = true
			nodes = append(nodes, o.Node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// stories tells the worst anomaly of each kind, and tabulates the others.
func (c chronicle) stories(anomalies []checker.Anomaly) (told []story, rest []anomalyRow) {
	kinds := make(map[string]bool)
	for _, a := range anomalies {
		if !kinds[a.Name] {
			if s, ok := c.tell(a); ok {
				kinds[a.Name] = true
				told = append(told, s)
				continue
			}
		}
		rest = append(rest, anomalyRow{upper(kindWords(a.Name)), name(a.Key), c.capital(ellipsis(messageOf(a), 400))})
	}
	return told, rest
}

// capital begins a sentence with a capital, unless it begins with a node's name.
func (c chronicle) capital(s string) string {
	if first, _, _ := strings.Cut(s, " "); slices.Contains(c.net.nodes, first) {
		return s
	}
	return upper(s)
}

// anomalyRow is an anomaly in one line.
type anomalyRow struct{ Kind, Key, Message string }
