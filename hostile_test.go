package schism

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a file holds, the answer is an error that says what is wrong and in which line, or a verdict.
func TestHostileHistories(t *testing.T) {
	const head = `{"schism":1,"model":"cas-register"}` + "\n"
	event := func(index, time, kind, value string) string {
		return `{"index":` + index + `,"time":` + time + `,"process":1,"type":"` + kind + `","f":"write","key":"x","value":` + value + "}\n"
	}
	invoke, ok := event("0", "5", "invoke", "1"), event("1", "6", "ok", "1")
	const edn = "{:process 1 :type :invoke :f :write :value 1 :time 5}\n"
	for name, c := range map[string]struct{ text, want string }{
		"a completion twice":             {head + invoke + ok + event("2", "7", "ok", "1"), "event 2: process 1 completes write (ok) that it never invoked"},
		"a completion of nothing":        {head + event("0", "5", "ok", "1"), "event 0: process 1 completes write (ok) that it never invoked"},
		"two at once":                    {head + invoke + event("1", "6", "invoke", "2"), "while its write (event 0) is still open"},
		"time goes back":                 {head + invoke + event("1", "4", "ok", "1"), "before its invocation"},
		"an event is missing":            {head + invoke + event("2", "6", "ok", "1"), "event 2 stands where event 1 belongs"},
		"no process":                     {head + strings.Replace(invoke, `"process":1,`, "", 1), `line 2: an event without "process"`},
		"no time":                        {head + strings.Replace(invoke, `"time":5,`, "", 1), `line 2: an event without "time"`},
		"no value to write":              {head + strings.Replace(invoke, `,"value":1`, "", 1) + ok, `line 2: a write is asked without "value"`},
		"a field twice":                  {head + strings.Replace(invoke, `,"value":1`, `,"value":1,"value":2`, 1), `line 2: "value" stands twice in one event`},
		"a read without an answer":       {head + strings.ReplaceAll(invoke+strings.Replace(ok, `,"value":1`, "", 1), "write", "read"), `line 2: a read is ok (event 1) without "value"`},
		"an answer to another write":     {head + invoke + event("1", "6", "ok", "2"), "line 2: process 1 was answered (event 1) that its write of 1 was one of 2"},
		"a huge index":                   {head + event("99999999999999999999", "5", "invoke", "1"), "line 2: "},
		"a number of a megabyte":         {head + event(strings.Repeat("9", 1<<20), "5", "invoke", "1"), "line 2: "},
		"a negative time":                {head + event("0", "-5", "invoke", "1"), "line 2: index 0, time -5: neither can be negative"},
		"a NUL":                          {head + invoke + "\x00\n", "line 3: invalid character"},
		"no UTF-8 where a field belongs": {head + invoke + "{\"\xff\xfe\n", "line 3: "},
		"deep":                           {head + event("0", "5", "invoke", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)), "line 2: "},
		"a cas of three":                 {head + strings.Replace(event("0", "5", "invoke", "[1,2,3]"), "write", "cas", 1), "line 2: [1,2,3] is not the value of a cas"},
		"a line of 20 MB":                {head + event("0", "5", "invoke", `"`+strings.Repeat("x", 20<<20)+`"`), "line 2 is longer than 16777216 bytes"},
		"a header from the future":       {`{"schism":99}` + "\n", "format 99 is newer than this schism"},
		"edn: a completion twice":        {edn + strings.Repeat("{:process 1 :type :ok :f :write :value 1 :time 6}\n", 2), "line 3: event 2: process 1 completes write (ok) that it never invoked"},
		"edn: time goes back":            {edn + "{:process 1 :type :ok :f :write :value 1 :time 4}\n", "line 2: "},
		"edn: deep":                      {edn + "{:process 2 :type :invoke :f :write :value " + strings.Repeat("[", 100_000), "line 2: "},
		"edn: a string of 17 MB":         {edn + "{:process 2 :type :invoke :f :write :time 6 :value \"" + strings.Repeat("x", 17<<20) + "\"}", "line 2: what begins here is longer than 16777216 bytes"},
		"edn: another answer":            {edn + "{:process 1 :type :ok :f :write :value \"" + strings.Repeat("x", 1<<20) + "\" :time 6}\n", "line 2: process 1 was answered"},
		"log: a line of 17 MB":           {"INFO  jepsen.util - 3 :invoke :read nil\nINFO  jepsen.util - 3 :ok :read " + strings.Repeat("7", 17<<20) + "\n", "line 2: the line is longer than 16777216 bytes"},
		"log: no line of one":            {"INFO  jepsen.util - 3 :invoke :read nil\n" + strings.Repeat("\x00", 1<<20) + "\n", "line 2: "},
		"kv: a completion of nothing":    {"{:process 2, :type :ok, :f :read, :key \"1\", :value nil}\n", "line 1: event 0: process 2 completes read (ok) that it never invoked"},
		"edn: no end":                    {edn + "{:process 1", "line 2: what begins here"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := CheckHistory(t.Context(), path, As{Model: "cas-register"})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+": ") || len(err.Error()) > 1000 {
				t.Errorf("%+v, error %v; want one with %q", r, err, c.want)
			}
		})
	}
	// A long line that is an event is one.
	path := filepath.Join(t.TempDir(), "long")
	long := `"` + strings.Repeat("x", 10<<20) + `"`
	if err := os.WriteFile(path, []byte(head+event("0", "5", "invoke", long)+event("1", "6", "ok", long)+
		strings.ReplaceAll(event("2", "7", "invoke", "null")+event("3", "8", "ok", long), "write", "read")), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, err := CheckHistory(t.Context(), path, As{}); err != nil || r.Verdict.String() != "valid" {
		t.Errorf("lines of 10 MB: %+v, %v", r, err)
	}
}
