package schism

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"schism/history"
	"schism/workload"
)

// What a client makes of an answer decides every verdict: a write that may have happened and is
// called fail makes a wrong invalid, or hides a dirty read.
func TestRaftKVClientOutcomes(t *testing.T) {
	read := workload.Op{F: history.Read, Key: "x"}
	write := workload.Op{F: history.Write, Key: "x", Value: history.Int(5)}
	cas := workload.Op{F: history.CAS, Key: "x", Value: history.Pair(history.Int(1), history.Int(2))}
	push := workload.Op{F: history.Append, Key: "x", Value: history.Int(5), Client: 7, Seq: 3}
	reply := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server notices that the client is gone only after the body
		<-r.Context().Done()
	}
	reset := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		op      workload.Op
		kind    history.Kind
		value   string
		found   string
	}{
		"read":                      {reply(200, `{"ok":true,"value":7,"applied":3}`), read, history.OK, "7", ""},
		"read of nothing":           {reply(200, `{"ok":true,"value":null}`), read, history.OK, "null", ""},
		"write":                     {reply(200, `{"ok":true}`), write, history.OK, "5", ""},
		"cas":                       {reply(200, `{"ok":true}`), cas, history.OK, "[1,2]", ""},
		"cas that did not match":    {reply(200, `{"ok":false,"error":"mismatch","found":9}`), cas, history.Fail, "", "9"},
		"cas of nothing":            {reply(200, `{"ok":false,"error":"mismatch","found":null}`), cas, history.Fail, "", "null"},
		"append":                    {reply(200, `{"ok":true,"applied":9}`), push, history.OK, "5", ""},
		"append in no session":      {reply(200, `{"ok":false,"error":"no session","applied":9}`), push, history.Fail, "", ""},
		"append to no list":         {reply(200, `{"ok":false,"error":"not a list","found":9,"applied":9}`), push, history.Fail, "", ""},
		"append without an outcome": {reply(504, `{"error":"unknown"}`), push, history.Info, "", ""},
		"refused write":             {reply(421, `{"error":"not the leader","leader":"n3"}`), write, history.Fail, "", ""},
		"write that made no sense":  {reply(400, `{"error":"bad"}`), write, history.Fail, "", ""},
		"write without an outcome":  {reply(504, `{"error":"unknown"}`), write, history.Info, "", ""},
		"read without an outcome":   {reply(503, `{"error":"not ready"}`), read, history.Fail, "", ""},
		"write, and a broken node":  {reply(500, `oops`), write, history.Info, "", ""},
		"write, half an answer":     {reply(200, `{"ok":tr`), write, history.Info, "", ""},
		"read, half an answer":      {reply(200, `{"ok":tr`), read, history.Fail, "", ""},
		"write, a redirect":         {reply(307, `{}`), write, history.Info, "", ""},
		"write, 200 that is not ok": {reply(200, `{"ok":false,"error":"who knows"}`), write, history.Info, "", ""},
		"write, no answer":          {hang, write, history.Info, "", ""},
		"read, no answer":           {hang, read, history.Fail, "", ""},
		"write, reset":              {reset, write, history.Info, "", ""},
		"read, reset":               {reset, read, history.Fail, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				c.handler(w, r)
			}))
			defer server.Close()
			client := NewRaftKV().Dial(strings.TrimPrefix(server.URL, "http://"))
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			a := client.Do(ctx, c.op)
			if a.Kind != c.kind {
				t.Errorf("%s %s, want %s", a.Kind, a.Error, c.kind)
			}
			if c.kind == history.OK && string(a.Value) != c.value {
				t.Errorf("value %s, want %s", a.Value, c.value)
			}
			if string(a.Found) != c.found {
				t.Errorf("found %q, want %q", a.Found, c.found)
			}
			if c.kind != history.OK && a.Error == "" {
				t.Error("no reason is given")
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("the node was asked %d times", n)
			}
		})
	}
}

// No connection, no byte: that is the one error of the network which proves that nothing happened.
func TestRaftKVRefusedConnectionIsFail(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	client := NewRaftKV().Dial(addr)
	defer client.Close()
	a := client.Do(t.Context(), workload.Op{F: history.Write, Key: "x", Value: history.Int(1)})
	if a.Kind != history.Fail || !strings.Contains(a.Error, "not sent") {
		t.Errorf("%s: %s", a.Kind, a.Error)
	}
}

// A server that closes an idle connection makes Go's transport send a request a second time; ours must
// not: one operation is one attempt.
func TestRaftKVNeverSendsTwice(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			_, _ = io.WriteString(w, `{"ok":true}`)
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close() // with the request read and no answer given
		}
	}))
	defer server.Close()
	client := NewRaftKV().Dial(strings.TrimPrefix(server.URL, "http://"))
	defer client.Close()
	op := workload.Op{F: history.Write, Key: "x", Value: history.Int(1)}
	if a := client.Do(t.Context(), op); a.Kind != history.OK {
		t.Fatalf("the first write: %+v", a)
	}
	if a := client.Do(t.Context(), op); a.Kind != history.Info {
		t.Errorf("the second write: %+v, want info", a)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("the node was asked %d times for two writes", n)
	}
}

func TestRaftKVSpeaksTheNodesLanguage(t *testing.T) {
	for want, op := range map[string]workload.Op{
		`{"op":"get","key":"x"}`:                    {F: history.Read, Key: "x"},
		`{"op":"put","key":"x","value":5}`:          {F: history.Write, Key: "x", Value: history.Int(5)},
		`{"op":"cas","key":"x","from":null,"to":5}`: {F: history.CAS, Key: "x", Value: history.Pair(nil, history.Int(5))},
		`{"op":"append","key":"x","value":5}`:       {F: history.Append, Key: "x", Value: history.Int(5)},
		`{"op":"append","key":"x","value":5,"client":18446744073709551615,"seq":3}`: {
			F: history.Append, Key: "x", Value: history.Int(5), Client: 1<<64 - 1, Seq: 3,
		},
		`{"op":"txn","ops":[{"op":"append","key":"x","value":5},{"op":"get","key":"x"},{"op":"put","key":"y","value":6}]}`: {
			F: history.Txn, Value: history.Value(`[["append","x",5],["r","x",null],["w","y",6]]`),
		},
	} {
		got, err := encodeOp(op)
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s (%v)", want, got, err)
		}
		if !json.Valid(got) {
			t.Errorf("%s is no JSON", got)
		}
	}
	if _, err := encodeOp(workload.Op{F: "dance"}); err == nil {
		t.Error("an operation that the node does not have was encoded")
	}
}

func TestRaftKVOpensSessions(t *testing.T) {
	for body, want := range map[string]uint64{
		`{"ok":true,"value":9007199254740993,"applied":9}`: 9007199254740993,
		`{"ok":true,"value":0}`:                            0,
		`{"ok":true}`:                                      0,
		`{"ok":false,"error":"no"}`:                        0,
		`{"ok":tr`:                                         0,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		client := NewRaftKV().Dial(strings.TrimPrefix(server.URL, "http://"))
		got, err := client.(workload.Sessions).OpenSession(t.Context())
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%s: session %d, %v; want %d", body, got, err, want)
		}
		client.Close()
		server.Close()
	}
}
