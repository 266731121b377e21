package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// byJSON decodes a line as encoding/json does, which knows nothing of what lines mostly look like.
func byJSON(line []byte) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, err
	}
	if err := twiceOrMissing(line); err != nil {
		return Event{}, err
	}
	return e, e.check()
}

// twiceOrMissing looks for what encoding/json does not: a field that is there more than once, in another case, or
// not at all.
func twiceOrMissing(line []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return err
	}
	all := 0
	in := json.NewDecoder(bytes.NewReader(line))
	for depth, name := 0, false; ; {
		token, err := in.Token()
		if err != nil {
			break
		}
		delim, is := token.(json.Delim)
		switch {
		case is && (delim == '{' || delim == '['):
			depth++
			name = true
			continue
		case is:
			depth--
		case depth == 1 && name:
			all++
			name = false
			continue
		}
		if depth == 1 {
			name = true
		}
	}
	if all != len(fields) {
		return fmt.Errorf("%d fields, %d different ones", all, len(fields))
	}
	for name := range fields {
		for _, known := range []string{"index", "time", "process", "type", "f", "node", "key", "value", "error", "found", "attempts", "name"} {
			if name != known && strings.EqualFold(name, known) {
				return fmt.Errorf("%s for %s", name, known)
			}
		}
	}
	for _, name := range []string{"index", "time", "process", "type", "f"} {
		if _, is := fields[name]; !is {
			return fmt.Errorf("no %s", name)
		}
	}
	return nil
}

// The scan by hand takes the lines that the Recorder writes, and makes the same of them.
func TestThePlainScanTakesWhatTheRecorderWrites(t *testing.T) {
	every := Event{Process: 9, Kind: Fail, F: CAS, Node: "n1", Key: "x", Value: Pair(Nil, Int(-2)), Error: Mismatch, Found: Int(1), Attempts: 3, Name: "w1"}
	path := record(t,
		every,
		invoke(0, Write, "x", Int(1)),
		complete(0, OK, Write, "x", Int(1)),
		invoke(1, CAS, "x", Pair(Nil, Int(-2))),
		invoke(2, Read, "schlüssel", nil),
		complete(2, Info, Read, "schlüssel", Encode([]any{1, "a", nil, true, []int{2, 3}})),
		Event{Process: Observer, Kind: Info, F: RoleChange, Node: "n1"},
		Event{Process: Nemesis, Kind: Info, F: Incident, Error: "the dead man fired"},
	)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range reflect.TypeOf(every).NumField() {
		if f := reflect.ValueOf(every).Field(i); f.IsZero() && i > 1 { // index and time are the Recorder's to give
			t.Errorf("this test does not know the field %s", reflect.TypeOf(every).Field(i).Name)
		}
	}
	d := newDecoder()
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n"))[1:] {
		var e Event
		ok := d.plain(line, &e)
		want, err := byJSON(line)
		if !ok || err != nil || !reflect.DeepEqual(e, want) {
			t.Errorf("event %d, %s: scanned %v %+v; want %+v, %v", i, line, ok, e, want, err)
		}
	}
}

// FuzzDecode compares the decoder with encoding/json on any line.
func FuzzDecode(f *testing.F) {
	for _, line := range []string{
		`{"index":7,"time":1234567,"process":3,"type":"invoke","f":"write","node":"n1","key":"x","value":5}`,
		`{"index":0,"time":0,"process":"nemesis","type":"ok","f":"kill","value":{"id":1,"phase":"healed"}}`,
		`{"index":1,"time":2,"process":4,"type":"fail","f":"cas","key":"x","value":[1,2],"error":"mismatch","found":-3,"attempts":2}`,
		`{"index":1,"time":2,"process":4,"type":"ok","f":"read","key":"ü","value":["a",[null,[true,[]]]],"error":"\n"}`,
		`{"index":01,"time":2,"process":-0,"type":"ok","f":"read","value":1.5e3}`,
		`{"index":1,"time":2,"process":1,"type":"ok","f":"read","value":-}`,
		`{"index":9223372036854775808,"time":2,"process":1,"type":"ok","f":"read","value":99999999999999999999}`,
		`{"index":1,"time":2,"type":"ok","f":"read","value":1}`,
		`{"index":1,"time":2,"process":1,"type":"ok","f":"read","value":1,"value":{"a":[2,{"value":3}]}}`,
		`{"Index":1,"time":2,"process":1,"type":"ok","f":"read"}`,
		`{"index":1,"time":2,"process":1,"type":"ok","f":"read","value":1,"Value":2}`,
		`{"index":1,"time":2,"process":1,"type":"ok","f":"read","\u212aey":"y","value":1}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var got Event
		err := newDecoder().event(line, &got)
		want, wrong := byJSON(line)
		if (err == nil) != (wrong == nil) {
			t.Fatalf("error %v; encoding/json: %v", err, wrong)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("got %#v; encoding/json: %#v", got, want)
		}
	})
}

// bigHistory is a history as a run of so many operations leaves it: on 100 keys, by 20 clients.
func bigHistory(tb testing.TB, operations int) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "history.jsonl")
	file, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	const clients = 20
	text := bytes.NewBufferString(`{"schism":1,"scenario":"big","model":"cas-register"}` + "\n")
	line := func(index, client int, kind, f string, n int, value string) {
		fmt.Fprintf(text, `{"index":%d,"time":%d,"process":%d,"type":"%s","f":"%s","node":"n%d","key":"k%02d","value":%s}`+"\n",
			index, index*50_000, client, kind, f, 1+n%5, n%100, value)
	}
	index := 0
	for n := 0; n < operations; n += clients {
		for half, kind := range []string{"invoke", "ok"} {
			for c := range clients {
				f, value := "write", fmt.Sprint(n+c)
				if c%2 == 0 {
					f, value = "read", []string{"null", value}[half]
				}
				line(index, c, kind, f, n+c, value)
				index++
			}
		}
		if _, err := text.WriteTo(file); err != nil {
			tb.Fatal(err)
		}
	}
	return path
}

func BenchmarkLoad(b *testing.B) {
	for _, operations := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(operations), func(b *testing.B) {
			path := bigHistory(b, operations)
			b.ReportAllocs()
			for b.Loop() {
				h, err := Load(path)
				if err != nil || len(h.Operations) != operations {
					b.Fatal(err, len(h.Operations))
				}
				b.StopTimer()
				b.ReportMetric(float64(heldBy(h))/float64(operations), "held-B/op")
				b.StartTimer()
			}
		})
	}
}

// heldBy is how much memory h keeps, in bytes.
func heldBy(h *History) uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	runtime.KeepAlive(h)
	return m.HeapAlloc
}
