package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"path"
	"strings"

	"schism/history"
)

// command is something to type, and what it does.
type command struct{ About, Line string }

func again(in Input) []command {
	return []command{
		{"Repeat the run. The seed fixes the operations and the faults, not the timing inside the system, so it may take more than one try.", "schism run " + shellQuote(path.Join(in.Dir, "scenario.yaml"))},
		{"Judge this very history again, without a cluster.", "schism check " + shellQuote(orHere(in.Dir))},
	}
}

func orHere(dir string) string {
	if dir == "" {
		return "."
	}
	return dir
}

// shellQuote makes s one word of a shell.
func shellQuote(s string) string {
	s = plain(s)
	safe := func(r rune) bool {
		return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("_-./=:,+@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// file is something to open: beside the page, or inside it.
type file struct {
	Name, About string
	Href        template.URL
	Inside      bool
}

// maxInside bounds a file that the page carries in itself.
const maxInside = 256 << 10

func files(in Input, stories []story) []file {
	var all []file
	if in.Picture != "" {
		all = append(all, file{Name: plain(in.Picture), About: "the proof’s window, drawn by Porcupine", Href: beside(in.Picture)})
	}
	if p := proofLines(stories); len(p) > 0 && len(p) < maxInside {
		all = append(all, inside("proof.jsonl", "the operations of the proof", p))
	}
	if y := in.Scenario.YAML; y != "" && len(y) < maxInside {
		all = append(all, inside("scenario.yaml", "what was run, with the seed", []byte(y)))
	}
	for _, f := range [][2]string{{"history.jsonl", "every operation, fault and role"}, {"result.json", "the verdict for scripts"}, {"schism.log", "what the controller did"}, {"nodes/", "each node’s log"}} {
		all = append(all, file{Name: f[0], About: f[1], Href: beside(f[0])})
	}
	return all
}

// beside is a link to a file in the same directory.
func beside(name string) template.URL {
	return template.URL("./" + strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", " ", "%20", `"`, "%22", "<", "%3C", ">", "%3E", "'", "%27").Replace(name))
}

func inside(name, about string, data []byte) file {
	return file{name, about, template.URL("data:text/plain;charset=utf-8;base64," + base64.StdEncoding.EncodeToString(data)), true}
}

// proofLines are the events of the proofs as the history has them, one a line.
func proofLines(stories []story) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, s := range stories {
		for _, o := range s.ops {
			for _, e := range eventsOf(o.Operation) {
				if enc.Encode(e) != nil {
					return nil
				}
			}
		}
	}
	return b.Bytes()
}

func eventsOf(o history.Operation) []history.Event {
	call := history.Event{Index: o.Call, Time: int64(o.CallTime), Process: o.Process, Kind: history.Invoke, F: o.F, Node: o.Node, Key: o.Key, Value: orNil(o.Input)}
	if o.Return < 0 {
		return []history.Event{call}
	}
	done := call
	done.Index, done.Time, done.Kind, done.Error, done.Found = o.Return, int64(o.ReturnTime), o.Outcome, o.Error, o.Found()
	if o.Outcome == history.OK {
		done.Value = orNil(o.Output)
	}
	return []history.Event{call, done}
}

func orNil(v history.Value) history.Value {
	if len(v) == 0 {
		return history.Nil
	}
	return v
}
