package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// httpClient speaks the bundled store's language, over one connection.
type httpClient struct {
	url  string
	http *http.Client
}

func dialHTTP(addr string) (client, error) {
	return &httpClient{"http://" + addr + "/v1/op", &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext}}}, nil
}

func (c *httpClient) close() { c.http.CloseIdleConnections() }

func (c *httpClient) put(key, value string) error {
	return c.do(`{"op":"put","key":"` + key + `","value":"` + value[:len(value)-2] + `"}`) // as JSON it has the full length
}

func (c *httpClient) get(key string) error { return c.do(`{"op":"get","key":"` + key + `"}`) }

func (c *httpClient) do(body string) error {
	resp, err := c.http.Post(c.url, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var reply struct{ OK bool }
	if err := json.Unmarshal(text, &reply); err != nil || !reply.OK {
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}

func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// metric reads one number from a page of Prometheus's.
func metric(url, name string) (float64, error) {
	text, err := fetch(url)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(name+" ")); ok {
			return strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", url, name)
}

// request is what an operation's body says, and answer what comes back.
type request struct {
	Op    string          `json:"op"`
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

type answer struct {
	OK    bool            `json:"ok"`
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

// serveKV serves operations in the bundled store's language, without more ado.
func serveKV(addr string, pages map[string]func() any, do func(request) (json.RawMessage, error)) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/op", func(w http.ResponseWriter, r *http.Request) {
		var req request
		err := json.NewDecoder(r.Body).Decode(&req)
		var a answer
		if err == nil {
			a.Value, err = do(req)
		}
		if a.OK = err == nil; err != nil {
			a.Error = err.Error()
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a)
	})
	for path, page := range pages {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { json.NewEncoder(w).Encode(page()) })
	}
	return http.ListenAndServe(addr, mux)
}
