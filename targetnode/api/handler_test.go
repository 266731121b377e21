package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// fakeNode answers every operation with the same result or error, and remembers what it was asked.
type fakeNode struct {
	result kv.Result
	err    error
	block  bool // until the context ends

	mu    sync.Mutex
	asked []kv.Command
}

func (f *fakeNode) Do(ctx context.Context, c *kv.Command) (kv.Result, error) {
	f.mu.Lock()
	f.asked = append(f.asked, *c)
	f.mu.Unlock()
	if f.block {
		<-ctx.Done()
		return kv.Result{}, &Error{Outcome: Unknown, Why: ctx.Err().Error()}
	}
	return f.result, f.err
}

func (f *fakeNode) Alone(*kv.Command) (kv.Result, bool)           { return kv.Result{}, false }
func (f *fakeNode) Metrics() http.Handler                         { return http.NotFoundHandler() }
func (f *fakeNode) Observe(string, string, time.Duration)         {}
func (f *fakeNode) Armed() bool                                   { return false }
func (f *fakeNode) Pass(failpoint.Name, string, raft.Index) error { return nil }

func (f *fakeNode) Snapshot() kv.Snapshot {
	return kv.Snapshot{Applied: 7, Term: 2, Values: map[string]json.RawMessage{"x": json.RawMessage(`"<&>"`)}}
}

func (f *fakeNode) Status() Status {
	return Status{Node: "n1", Role: "leader", Term: 2, Leader: "n1", Commit: 6, Applied: 5, AppliedTerm: 2, FirstIndex: 3, LastIndex: 7, ReadMode: "local", Voters: []string{"n1"}, Learners: []string{"n2"}, Started: time.Unix(0, 0).UTC()}
}

// call sends one request and returns the status and the body.
func call(t *testing.T, node Node, method, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(node, time.Second).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, strings.TrimSpace(string(text))
}

func TestAnswers(t *testing.T) {
	get := `{"op":"get","key":"x"}`
	for _, c := range []struct {
		name   string
		result kv.Result
		err    error
		status int
		body   string
	}{
		{"get", kv.Result{Value: json.RawMessage(`"<&>"`), Applied: 4}, nil, 200, `{"ok":true,"value":"<&>","applied":4}`},
		{"put", kv.Result{Applied: 5}, nil, 200, `{"ok":true,"applied":5}`},
		{"open-session", kv.Result{Value: json.RawMessage("5"), Applied: 5}, nil, 200, `{"ok":true,"value":5,"applied":5}`},
		{"no session", kv.Result{Refused: kv.NoSession, Applied: 6}, nil, 200, `{"ok":false,"error":"no session","applied":6}`},
		{"mismatch", kv.Result{Refused: kv.Mismatch, Value: json.RawMessage("null"), Applied: 6}, nil, 200, `{"ok":false,"error":"mismatch","found":null,"applied":6}`},
		{"not leader", kv.Result{}, &Error{Outcome: NotLeader, Leader: "n3"}, 421, `{"error":"not the leader","leader":"n3"}`},
		{"no hint", kv.Result{}, &Error{Outcome: NotLeader}, 421, `{"error":"not the leader","leader":""}`},
		{"busy", kv.Result{}, &Error{Outcome: Busy, Why: "full"}, 429, `{"error":"full"}`},
		{"not served", kv.Result{}, &Error{Outcome: NotServed, Why: "late"}, 503, `{"error":"late"}`},
		{"unknown", kv.Result{}, &Error{Outcome: Unknown, Why: "late"}, 504, `{"error":"unknown: late"}`},
		{"unexpected", kv.Result{}, errors.New("broken"), 504, `{"error":"unknown: broken"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body := call(t, &fakeNode{result: c.result, err: c.err}, "POST", "/v1/op", get)
			if status != c.status || body != c.body {
				t.Errorf("%d %s, want %d %s", status, body, c.status, c.body)
			}
		})
	}
}

func TestStateAndStatus(t *testing.T) {
	if status, body := call(t, &fakeNode{}, "GET", "/v1/state", ""); status != 200 || body != `{"applied":7,"term":2,"state":{"x":"<&>"}}` {
		t.Errorf("state: %d %s", status, body)
	}
	want := `{"node":"n1","role":"leader","term":2,"leader":"n1","commit":6,"applied":5,"applied_term":2,"first_index":3,"last_index":7,"read_mode":"local","started":"1970-01-01T00:00:00Z","voters":["n1"],"learners":["n2"]}`
	if status, body := call(t, &fakeNode{}, "GET", "/status", ""); status != 200 || body != want {
		t.Errorf("status: %d %s, want %s", status, body, want)
	}
}

func TestCommandsReachTheNodeInCompactForm(t *testing.T) {
	node := &fakeNode{}
	for _, body := range []string{
		`{"op":"get","key":"x"}`,
		` { "key" : "ü" , "value" : [ 1, {"a": "b c"} ] , "op" : "put" } `,
		`{"op":"cas","key":"x","from":null,"to":"2"}`,
		`{"op":"append","key":"x","value":1,"client":18446744073709551615,"seq":1}`,
		`{"op":"open-session"}`,
		`{"op":"add","key":"x","value": -9223372036854775808 }`,
		`{"op":"delete","key":"x","client":3,"seq":9}`,
		`{"client":3,"seq":9,"ops":[{"op":"get","key":"x"},{"key":"y","value": [ 1 ],"op":"put"}],"op":"txn"}`,
	} {
		if status, answer := call(t, node, "POST", "/v1/op", body); status != 200 {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	want := []kv.Command{
		{Op: "get", Key: "x"},
		{Op: "put", Key: "ü", Value: json.RawMessage(`[1,{"a":"b c"}]`)},
		{Op: "cas", Key: "x", From: json.RawMessage("null"), To: json.RawMessage(`"2"`)},
		{Op: "append", Key: "x", Value: json.RawMessage("1"), Client: 1<<64 - 1, Seq: 1},
		{Op: "open-session"},
		{Op: "add", Key: "x", Value: json.RawMessage("-9223372036854775808")},
		{Op: "delete", Key: "x", Client: 3, Seq: 9},
		{Op: "txn", Client: 3, Seq: 9, Ops: []kv.Command{{Op: "get", Key: "x"}, {Op: "put", Key: "y", Value: json.RawMessage("[1]")}}},
	}
	if !reflect.DeepEqual(node.asked, want) {
		t.Errorf("the node was asked %+v, want %+v", node.asked, want)
	}
}

func TestNonsenseIsRefusedBeforeItReachesTheNode(t *testing.T) {
	for _, c := range []struct{ body, says string }{
		{``, "not a JSON object"},
		{`[]`, "not a JSON object"},
		{`"get"`, "not a JSON object"},
		{`{`, "cut short"},
		{`{"op":"get","key":"x"`, "cut short"},
		{`{"op":"put","key":"x","value":`, "cut short"},
		{`{"op":"put","key":"x","value":01}`, "not JSON"},
		{`{"op":"get","key":"x"}{}`, "follows"},
		{`{"op":"get","key":"x"} x`, "follows"},
		{`{"op":"get","key":"x","keys":"y"}`, `unknown field`},
		{`{"op":"get","KEY":"x"}`, `unknown field`},
		{`{"op":"get","key":"x","key":"y"}`, "key is given twice"},
		{`{"op":"put","key":"x","value":1,"value":2}`, "value is given twice"},
		{`{"op":"get","key":1}`, "key is not a string"},
		{`{"op":"get","key":null}`, "key is not a string"},
		{`{"op":["get"],"key":"x"}`, "op is not a string"},
		{`{"op":"get","key":""}`, "key is empty"},
		{`{"op":"get"}`, "key is missing"},
		{`{"key":"x"}`, "unknown op"},
		{`{"op":"get","key":"x","value":1}`, "get takes no value"},
		{`{"op":"put","key":"x","value":null}`, "never written"},
		{`{"op":"put","key":"x","value":1,"client":7}`, "one of them is missing"},
		{`{"op":"put","key":"x","value":1,"client":7,"client":7,"seq":1}`, "client is given twice"},
		{`{"op":"put","key":"x","value":1,"client":"7","seq":1}`, "client is no whole number"},
		{`{"op":"put","key":"x","value":1,"client":7,"seq":0}`, "seq is no whole number"},
		{`{"op":"put","key":"x","value":1,"client":7,"seq":1.0}`, "seq is no whole number"},
		{`{"op":"put","key":"x","value":1,"client":18446744073709551616,"seq":1}`, "client is no whole number"},
		{`{"op":"put","key":"x","value":1,"client":7,"seq":`, "cut short"},
		{`{"op":"get","key":"x","client":7,"seq":1}`, "get takes no client and seq"},
		{`{"op":"open-session","key":"x"}`, "takes no key"},
		{`{"op":"add","key":"x","value":1.5}`, "no whole number"},
		{`{"op":"delete","key":"x","value":1}`, "delete takes no value"},
		{`{"op":"txn"}`, "ops are missing"},
		{`{"op":"txn","ops":[]}`, "ops are missing"},
		{`{"op":"txn","ops":{}}`, "ops is not an array"},
		{`{"op":"txn","ops":null}`, "ops is not an array"},
		{`{"op":"txn","ops":["get"]}`, "not an object"},
		{`{"op":"txn","ops":[{"op":"get","key":"x"}`, "cut short"},
		{`{"op":"txn","ops":[{"op":"get","key":"x"`, "cut short"},
		{`{"op":"txn","ops":[{"op":"get","key":"x"}],"ops":[]}`, "ops is given twice"},
		{`{"op":"txn","ops":[{"op":"get","key":"x","key":"y"}]}`, "op 1: key is given twice"},
		{`{"op":"txn","ops":[{"op":"get","key":"x"},{"op":"txn","ops":[]}]}`, `op 2: unknown field`},
		{`{"op":"txn","ops":[{"op":"put","key":"x","value":1,"client":7,"seq":1}]}`, "as a whole"},
		{`{"op":"get","key":"x","ops":[{"op":"get","key":"x"}]}`, "get takes no ops"},
		{"{\"op\":\"get\",\"key\":\"\xff\"}", "not UTF-8"},
		{`{"op":"get","key":"` + strings.Repeat("k", kv.MaxKeyBytes+1) + `"}`, "the limit is"},
	} {
		node := &fakeNode{}
		status, body := call(t, node, "POST", "/v1/op", c.body)
		var answer struct{ Error string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if status != http.StatusBadRequest || !strings.Contains(answer.Error, c.says) || len(node.asked) > 0 {
			t.Errorf("%.60s: %d %s (node asked: %d), want 400 %q", c.body, status, body, len(node.asked), c.says)
		}
	}
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	node := &fakeNode{}
	status, body := call(t, node, "POST", "/v1/op", `{"op":"put","key":"x","value":"`+strings.Repeat("v", maxBody)+`"}`)
	if status != http.StatusRequestEntityTooLarge || len(node.asked) > 0 {
		t.Errorf("%d %.80s", status, body)
	}
}

func TestOtherPathsAndMethodsAreRefused(t *testing.T) {
	for path, want := range map[string]int{"/v1/op": 405, "/": 404, "/v1": 404} {
		if status, _ := call(t, &fakeNode{}, "GET", path, ""); status != want {
			t.Errorf("GET %s: %d, want %d", path, status, want)
		}
	}
}

func TestAnOperationIsGivenUpAfterTheTimeout(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/v1/op", strings.NewReader(`{"op":"put","key":"x","value":1}`))
	Handler(&fakeNode{block: true}, 10*time.Millisecond).ServeHTTP(w, r)
	if w.Code != http.StatusGatewayTimeout {
		t.Errorf("%d %s, want 504", w.Code, w.Body)
	}
}
