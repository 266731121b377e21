package clustertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/cluster"
)

// Node talks to a test node over its client port, which no fault of the network touches.
type Node struct {
	Name    string
	cluster cluster.Cluster
	http    *http.Client
}

// At is the test node of this name in c.
func At(c cluster.Cluster, name string) *Node {
	return &Node{Name: name, cluster: c, http: &http.Client{
		Timeout: 10 * time.Second,
		// A kept connection would answer the first request after a restart with a reset.
		Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

// Reply is what came of one request from node to node.
type Reply struct {
	Answer string
	// Failure is empty, or timeout, refused, reset, eof, or what the system said.
	Failure string
	Bytes   int // received
}

// Heard is what a node received on its peer port since it was started.
type Heard struct {
	Accepted int      // connections
	Texts    []string // of requests
}

// Stream is one end's view of a long-lived connection that carries numbered lines.
type Stream struct {
	Sent     int    // lines handed to the kernel
	Received int    // the number of the last line that came
	Wrong    string // the first line that was not the one expected
	Ended    string // why it ended; empty while it stands
}

// call sends one order and decodes the answer into out.
func (n *Node) call(method, path string, query url.Values, body string, out any) error {
	u := "http://" + n.cluster.Address(n.Name, "client") + path + "?" + query.Encode()
	req, err := http.NewRequest(method, u, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := n.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s %s: %s: %s", n.Name, method, path, resp.Status, strings.TrimSpace(string(b)))
	}
	return json.Unmarshal(b, out)
}

func (n *Node) must(t *testing.T, method, path string, query url.Values, body string, out any) {
	t.Helper()
	if err := n.call(method, path, query, body, out); err != nil {
		t.Fatal(err)
	}
}

// AwaitUp waits until the node answers.
func (n *Node) AwaitUp(t *testing.T) {
	t.Helper()
	var pid int
	Eventually(t, n.Name+" answers on its client port", 10*time.Second, func() (bool, string) {
		err := n.call("GET", "/pid", nil, "", &pid)
		return err == nil, fmt.Sprint(err)
	})
}

// PID is the node's process id as it sees itself.
func (n *Node) PID(t *testing.T) int {
	t.Helper()
	var pid int
	n.must(t, "GET", "/pid", nil, "", &pid)
	return pid
}

// View is what the node was told about its cluster.
func (n *Node) View(t *testing.T) cluster.View {
	t.Helper()
	var v cluster.View
	n.must(t, "GET", "/view", nil, "", &v)
	return v
}

// Write stores a file in the node's data directory, fsynced.
func (n *Node) Write(t *testing.T, name, text string) {
	t.Helper()
	var ok string
	n.must(t, "PUT", "/data/"+name, nil, text, &ok)
}

// Read returns a file of the node's data directory.
func (n *Node) Read(t *testing.T, name string) string {
	t.Helper()
	var text string
	n.must(t, "GET", "/data/"+name, nil, "", &text)
	return text
}

// Log has the node print a line.
func (n *Node) Log(t *testing.T, text string) {
	t.Helper()
	var ok string
	n.must(t, "POST", "/log", url.Values{"text": {text}}, "", &ok)
}

// Spawn has the node start a child that appends to the file "beats" for ever, and returns its process id
// as the node sees it.
func (n *Node) Spawn(t *testing.T) int {
	t.Helper()
	var pid int
	n.must(t, "POST", "/spawn", nil, "", &pid)
	Eventually(t, "a beat of "+n.Name+"'s child", prompt, func() (bool, string) {
		var beats string
		err := n.call("GET", "/data/beats", nil, "", &beats)
		return beats != "", fmt.Sprint(err)
	})
	return pid
}

// Exit has the node end by itself with status 7; there is no answer.
func (n *Node) Exit() {
	var none string
	_ = n.call("POST", "/exit", nil, "", &none) // the connection breaks: that is the point
}

// Ask has the node send one request to another over a new connection and wait for the answer.
func (n *Node) Ask(t *testing.T, to, text string, wait time.Duration) Reply {
	t.Helper()
	var r Reply
	n.must(t, "POST", "/ask", url.Values{"to": {to}, "text": {text}, "wait": {wait.String()}}, "", &r)
	return r
}

// Heard is what the node received.
func (n *Node) Heard(t *testing.T) Heard {
	t.Helper()
	var h Heard
	n.must(t, "GET", "/heard", nil, "", &h)
	return h
}

// HasHeard says whether a request with this text came.
func (n *Node) HasHeard(t *testing.T, text string) bool {
	t.Helper()
	return slices.Contains(n.Heard(t).Texts, text)
}

// Open has the node dial another and keep the connection under this id, at both ends.
func (n *Node) Open(t *testing.T, to, id string) {
	t.Helper()
	var ok string
	n.must(t, "POST", "/streams/"+id, url.Values{"to": {to}}, "", &ok)
}

// Push has the node send count more numbered lines over its end of a stream; it does not wait.
func (n *Node) Push(t *testing.T, id string, count int) {
	t.Helper()
	var ok string
	n.must(t, "POST", "/streams/"+id+"/push", url.Values{"n": {fmt.Sprint(count)}}, "", &ok)
}

// Hang has the node close its end of a stream.
func (n *Node) Hang(t *testing.T, id string) {
	t.Helper()
	var ok string
	n.must(t, "POST", "/streams/"+id+"/close", nil, "", &ok)
}

// Stream is the node's view of a stream.
func (n *Node) Stream(t *testing.T, id string) Stream {
	t.Helper()
	var s Stream
	n.must(t, "GET", "/streams/"+id, nil, "", &s)
	return s
}
