package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"schism/targetnode/kv"
)

// bodies are what a client may send, sense and nonsense, to begin to look from.
var bodies = []string{
	`{"op":"get","key":"x"}`,
	` { "key" : "ü" , "value" : [ 1, {"a": "b c"} ] , "op" : "put" } `,
	`{"op":"put","key":"a\"b\\","value":"\u00fc\n"}`,
	`{"op":"put","key":"x","\u0076alue":1e5}`,
	`{"op":"cas","key":"x","from":null,"to":"2"}`,
	`{"op":"append","key":"x","value":1,"client":18446744073709551615,"seq":1}`,
	`{"client":3,"seq":9,"ops":[{"op":"get","key":"x"},{"key":"y","value": [ 1 ],"op":"put"}],"op":"txn"}`,
	`{"op":"put","key":"x","value":01}`, `{"op":"put","key":"x","value":1"2"}`, `{"op":"put","key":"x","value":nul}`,
	`{"op":"put","key":"x","value":[1}}`, `{"op":"put","key":"x","value":{]}`, `{"op":"put","key":"x","value":"\x"}`,
	`{"op":"put","key":"x","value":,}`, `{"op":"put","key":"x","value":1,}`, `{"op" "put"}`, `{,}`, `{"op":"put"`, `{"op":"put\`,
	`{"op":"add","key":"x","value":1,"client":01,"seq":1}`, `{"op":"get","key":"\ud800"}`, "{\"op\":\"get\",\"key\":\"\x01\"}", "{}\x00",
	"{\"op\":\"put\",\"key\":\"x\",\"value\":\"\x01\"}", `{"op":"put","key":"x","value":"a"b"}`, `{"op":"put","key":"x","value":"a b"}`, "{\"op\":\x00",
	`{"op":"append","key":"x","value":1,"client":7,"seq":9007199254740993}`,
	`{"op":"txn","ops":[{"op":"get","key":"x"},]}`, `{"op":"txn","ops":[{"op":"get","key":"x"}{}]}`, `{"op":"get","key":"x"},`,
}

// FuzzDecode holds the decoder to its twin, which lets encoding/json do the work: what one takes the other
// takes, for the same command.
func FuzzDecode(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeCommand(bytes.Clone(body))
		want, wantErr := twin(body)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, its twin: %v", body, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q:\ngot  %+v\nwant %+v", body, got, want)
		}
	})
}

// twin is decodeCommand by encoding/json.
func twin(body []byte) (kv.Command, error) {
	var c kv.Command
	if !utf8.Valid(body) || !json.Valid(body) {
		return c, errors.New("no JSON")
	}
	if err := twinFields(body, &c, true); err != nil {
		return c, err
	}
	return c, c.Prepare()
}

func twinFields(object json.RawMessage, c *kv.Command, whole bool) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("no object")
	}
	seen := make(map[string]bool)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if seen[name.(string)] {
			return errors.New("twice")
		}
		seen[name.(string)] = true
		if err := twinField(c, name.(string), value, whole); err != nil {
			return err
		}
	}
	return nil
}

func twinField(c *kv.Command, name string, value json.RawMessage, whole bool) (err error) {
	switch name {
	case "op":
		c.Op, err = twinWord(value)
	case "key":
		c.Key, err = twinWord(value)
	case "value":
		c.Value, err = twinValue(value)
	case "from":
		c.From, err = twinValue(value)
	case "to":
		c.To, err = twinValue(value)
	case "client":
		c.Client, err = twinCount(value)
	case "seq":
		c.Seq, err = twinCount(value)
	case "ops":
		var parts []json.RawMessage
		if err := json.Unmarshal(value, &parts); err != nil || !whole || value[0] != '[' {
			return errors.New("no ops")
		}
		c.Ops = make([]kv.Command, len(parts))
		for i, part := range parts {
			if err := twinFields(part, &c.Ops[i], false); err != nil {
				return err
			}
		}
	default:
		return errors.New("unknown")
	}
	return err
}

func twinValue(value json.RawMessage) (json.RawMessage, error) {
	var compact bytes.Buffer
	err := json.Compact(&compact, value)
	return compact.Bytes(), err
}

func twinWord(value json.RawMessage) (word string, err error) {
	if err = json.Unmarshal(value, &word); err == nil && word == "" {
		err = errors.New("no word")
	}
	return word, err
}

func twinCount(value json.RawMessage) (n uint64, err error) {
	if n, err = strconv.ParseUint(string(value), 10, 64); err == nil && n == 0 {
		err = errors.New("no count")
	}
	return n, err
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"op":"put","key":"k100","value":"` + strings.Repeat("v", 254) + `"}`)
	for name, decode := range map[string]func([]byte) (kv.Command, error){"by hand": decodeCommand, "encoding/json": twin} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
