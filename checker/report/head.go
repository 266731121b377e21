package report

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// head is the verdict, in ten seconds.
type head struct {
	Verdict string // the class
	Glyph   template.HTML
	Heading string
	Lede    []run
	Label   string // "Proven:"
	Why     []string
	Command string // what to do next; may be empty
	Notes   []string
}

func newHead(in Input, c chronicle, stories []story) head {
	h := head{Verdict: in.Result.Verdict.String(), Glyph: glyph(in.Result.Verdict), Heading: heading(in.Result)}
	switch in.Result.Verdict {
	case checker.Invalid:
		h.invalid(in, stories)
	case checker.Valid:
		h.valid(in)
	case checker.Vacuous:
		h.vacuous(in)
	default:
		h.unknown(in)
	}
	h.Notes = notes(in)
	return h
}

// heading is the verdict in words. A lost write is proved by what the nodes hold at the end, which is
// no operation of a client: it does not say that the clients' operations were not linearizable.
func heading(r *checker.Result) string {
	switch r.Verdict {
	case checker.Valid:
		return "No violation found"
	case checker.Vacuous:
		return "Nothing was tested"
	case checker.Unknown:
		return "Undecided"
	}
	if len(r.Anomalies) == 0 {
		return "A promise was broken"
	}
	switch a := r.Anomalies[0]; a.Name {
	case checker.LostWrite:
		return "A write was lost"
	case checker.Fractured:
		return "The nodes disagree"
	case checker.SplitBrain:
		if len(a.Events) == 0 { // no node said anything: it is what clients were answered
			return "A lock had two holders"
		}
		return "Two leaders in one term"
	case checker.ReadYourWrites, checker.MonotonicReads, checker.MonotonicWrites, checker.WritesFollowReads:
		return "A session went back"
	case checker.Unavailable:
		return "Unavailable for too long"
	case checker.Disruption:
		return "A leader was disturbed"
	case checker.TermInflation:
		return "The term rose too far"
	}
	if level := brokenLevel(r, r.Anomalies[0]); level != "" {
		return "Not " + level
	}
	return "Not linearizable"
}

// kindWords is an anomaly's name as it stands in sentences. Adya's names keep their hyphens.
func kindWords(anomaly string) string {
	if strings.HasPrefix(anomaly, "G") {
		return plain(anomaly)
	}
	return strings.ReplaceAll(plain(anomaly), "-", " ")
}

func (h *head) invalid(in Input, stories []story) {
	h.Label = "Proven:"
	if len(in.Result.Anomalies) == 0 {
		for _, c := range in.Result.Checks {
			if c.Verdict == checker.Invalid {
				h.Lede = append(h.Lede, run{upper(sentence(c.Message)) + " ", ""})
			}
		}
		h.Label = ""
		return
	}
	a := in.Result.Anomalies[0]
	h.Lede = lede(a, stories)
	h.Why = append(h.Why, sentence(ellipsis(plain(a.Reason()), 600)))
	if n := len(in.Result.Anomalies); n > 1 {
		h.Why = append(h.Why, fmt.Sprintf("It is one of %s.", count(n, "anomaly", "anomalies")))
	}
}

// lede is the anomaly's sentence, with its kind in bold and the two values that contradict each
// other in their colours.
func lede(a checker.Anomaly, stories []story) []run {
	kind, message := titled(a, sentence(plain(a.Message)))
	message = ellipsis(message, 600)
	out := []run{{kind + ":", "strong"}, {" ", ""}}
	if len(stories) == 0 || stories[0].anomaly.Focus != a.Focus {
		return append(out, run{message, ""})
	}
	tokens := []run{{focusOf(stories[0].ops).equation(), "code old"}}
	if r, ok := rivalIn(stories[0].ops); ok {
		tokens = append(tokens, run{r.equation(), "code new"})
		if from, to, err := history.SplitPair(r.Input); err == nil && r.F == history.CAS {
			tokens = append(tokens, run{name(r.key) + " from " + valueOf(from) + " to " + valueOf(to), "code new"})
		}
	}
	return append(out, highlight(message, tokens)...)
}

// messageOf is the anomaly's sentence without its kind before it.
func messageOf(a checker.Anomaly) string {
	_, message := titled(a, sentence(plain(a.Message)))
	return message
}

// highlight cuts text at the tokens; the longest that starts at a place wins, and a token ends where
// its word ends ("x = 1" is not in "x = 12").
func highlight(text string, tokens []run) []run {
	var out []run
	for text != "" {
		at, best := len(text), run{}
		for _, t := range tokens {
			i := indexWord(text, t.Text)
			if i >= 0 && (i < at || i == at && len(t.Text) > len(best.Text)) {
				at, best = i, t
			}
		}
		if at > 0 {
			out = append(out, run{text[:at], ""})
		}
		if best.Text != "" {
			out = append(out, best)
		}
		text = text[at+len(best.Text):]
	}
	return out
}

func indexWord(text, word string) int {
	for from := 0; word != ""; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return -1
		}
		end := from + i + len(word)
		if end == len(text) || !letterOrDigit(text[end]) {
			return from + i
		}
		from = end
	}
	return -1
}

func letterOrDigit(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

func (h *head) valid(in Input) {
	r := in.Result
	h.Lede = []run{{fmt.Sprintf("All %s%s fit what was promised, across %s.", count(r.Stats.Operations, "operation", "operations"), keyWords(r), faultCounts(in.History)), ""}}
	h.Label = "This run, not every run:"
	if seen := strongest(r.Worth); len(seen) > 0 {
		h.Why = append(h.Why, sentence(strings.Join(seen, "; ")))
	}
	h.Why = append(h.Why, "A longer or different run may still find something.")
}

// strongest are the last few conditions that held: the general ones come first in a result (something
// succeeded), those that the scenario itself asked for last.
func strongest(worth []checker.Worth) []string {
	const few = 3
	var seen []string
	for _, w := range slices.Backward(worth) {
		if w.Holds && w.Seen != "" && len(seen) < few {
			seen = append(seen, fmt.Sprintf("%s (%s)", plain(w.What), plain(w.Seen)))
		}
	}
	slices.Reverse(seen)
	return seen
}

func (h *head) unknown(in Input) {
	h.Lede = []run{{"The checks could neither prove nor refute what was promised.", ""}}
	if reasons := whyNot(in.Result); len(reasons) > 0 {
		h.Lede = []run{{sentence(upper(ellipsis(plain(reasons[0]), 600))), ""}}
	}
	h.Label = "Known so far:"
	h.Why = append(h.Why, known(in.Result), "With more keys or a shorter run the search is smaller.")
	h.Command = "schism check " + shellQuote(in.Dir)
}

// known says which keys are decided.
func known(r *checker.Result) string {
	var holds, open []string
	for _, c := range r.Checks {
		for _, k := range c.Keys {
			switch k.Verdict {
			case checker.Valid:
				holds = append(holds, name(k.Key))
			case checker.Unknown:
				open = append(open, name(k.Key))
			}
		}
	}
	slices.Sort(holds)
	slices.Sort(open)
	holds, open = slices.Compact(holds), slices.Compact(open)
	if len(holds)+len(open) == 0 {
		return "Nothing was decided."
	}
	if len(holds) == 0 {
		return "No key is decided."
	}
	text := count(len(holds), "key holds", "keys hold") + " (" + list(shorten(holds, 8)) + ")"
	if len(open) > 0 {
		text += ", undecided: " + list(shorten(open, 8))
	}
	return text + "."
}

func shorten(names []string, n int) []string {
	if len(names) <= n {
		return names
	}
	return append(slices.Clone(names[:n]), count(len(names)-n, "more", "more"))
}

func (h *head) vacuous(in Input) {
	h.Lede = []run{{"No violation was seen, but the run is no evidence that there is none.", ""}}
	var missing []string
	for _, w := range in.Result.Worth {
		if !w.Holds {
			missing = append(missing, sentence(upper(fmt.Sprintf("%s: seen %s", plain(w.What), orNothing(plain(w.Seen))))))
		}
	}
	h.Label = "Fix first:"
	if len(missing) == 0 {
		missing = append(missing, whyNot(in.Result)...)
	}
	h.Why = shorten(missing, 4)
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func whyNot(r *checker.Result) []string {
	var out []string
	for _, w := range r.Why {
		out = append(out, plain(w))
	}
	return out
}

// notes are what a reader must know before believing the page.
func notes(in Input) []string {
	var out []string
	if t := in.History.Torn; t != "" {
		out = append(out, "The history ends early: "+ellipsis(plain(t), 300)+". What was open there counts as not answered.")
	}
	for _, i := range in.History.Incidents {
		out = append(out, sentence("Nobody ordered this: "+ellipsis(plain(i), 300)))
	}
	if !in.Result.AsExpected {
		text := "Not as expected."
		if e := in.Result.Expected; e != "" {
			text += " Expected: " + plain(e) + "."
		}
		out = append(out, text)
	}
	return out
}

// sentence ends s with a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

func keyWords(r *checker.Result) string {
	keys := make(map[string]bool)
	for _, c := range r.Checks {
		for _, k := range c.Keys {
			keys[k.Key] = true
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return " on " + count(len(keys), "key", "keys")
}

// faultCounts is "1 partition and 2 kills".
func faultCounts(h *history.History) string {
	n := make(map[string]int)
	var kinds []string
	for _, f := range h.Struck() {
		kind := name(f.F)
		if n[kind] == 0 {
			kinds = append(kinds, kind)
		}
		n[kind]++
	}
	if len(kinds) == 0 {
		return "no fault"
	}
	var out []string
	for _, k := range kinds {
		out = append(out, count(n[k], k, k+"s"))
	}
	return list(out)
}

// mark is the verdict as one character.
func mark(v checker.Verdict) string {
	switch v {
	case checker.Invalid:
		return "✕"
	case checker.Valid:
		return "✓"
	case checker.Vacuous:
		return "–"
	}
	return "?"
}

// glyph is the verdict as a picture; its shape differs, not only its colour.
func glyph(v checker.Verdict) template.HTML { return template.HTML(glyphSVG(v, "")) }

func icon(v checker.Verdict) template.URL {
	svg := glyphSVG(v, `<style>.solid{fill:#BC4E00}.valid .solid{fill:#007A5A}.cut{stroke:#fff;fill:none}.edge{fill:none;stroke:#8A5A00}.vacuous .edge{stroke:#6B7480}.point{fill:#8A5A00}</style>`)
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg)))
}

func glyphSVG(v checker.Verdict, style string) string {
	shape := map[checker.Verdict]string{
		checker.Invalid: `<path class="solid" d="M10.4 1h13.2L33 10.4v13.2L23.6 33H10.4L1 23.6V10.4z"/><path class="cut" d="M11.6 11.6l10.8 10.8m0-10.8L11.6 22.4"/>`,
		checker.Valid:   `<circle class="solid" cx="17" cy="17" r="16"/><path class="cut" d="M9.8 17.6l5 5 9.6-10.8"/>`,
		checker.Unknown: `<path class="edge" d="M17 1.6L32.4 17 17 32.4 1.6 17z"/><path class="edge" d="M13.1 13.8a3.9 3.9 0 1 1 5.7 3.5c-1.3.7-1.8 1.4-1.8 2.6"/><circle class="point" cx="17" cy="24" r="1.7"/>`,
		checker.Vacuous: `<circle class="edge dashed" cx="17" cy="17" r="15" stroke-dasharray="5.2 4.224"/><path class="edge" d="M11 17h12"/>`,
	}[v]
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 34" class="glyph ` + v.String() + `" stroke-width="2.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">` + style + shape + `</svg>`
}
