// Command testnode is the node program of the runtimes' conformance suite: it does over its network
// exactly what it is told over its client port, and tells what it saw.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"schism/cluster"
)

func main() {
	log.SetFlags(0)
	args := flag.String("view", "", "the cluster as this node sees it: a cluster.View as JSON")
	exit := flag.Int("exit", -1, "print a last line and exit with this status at once")
	beat := flag.String("beat", "", "append to this file for ever: a child that a node started")
	flag.Parse()
	if *beat != "" {
		log.Fatal(beatOn(*beat))
	}
	if *exit >= 0 {
		log.Print("last words of a node that cannot start")
		os.Exit(*exit)
	}
	var view cluster.View
	if err := json.Unmarshal([]byte(*args), &view); err != nil {
		log.Fatalf("testnode: -view: %v", err)
	}
	n := newNode(view)
	go func() { log.Fatal(n.servePeers()) }()
	log.Printf("%s started", view.Node)
	log.Fatal(http.ListenAndServe(view.Listen["client"], n.routes()))
}

// routes is the client port: what the suite can order, and ask.
func (n *node) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /view", func(w http.ResponseWriter, _ *http.Request) { answer(w, n.view) })
	mux.HandleFunc("GET /pid", func(w http.ResponseWriter, _ *http.Request) { answer(w, os.Getpid()) })
	mux.HandleFunc("GET /heard", func(w http.ResponseWriter, _ *http.Request) { answer(w, n.heard()) })
	mux.HandleFunc("POST /exit", func(http.ResponseWriter, *http.Request) {
		log.Printf("%s exits because it was told to", n.view.Node)
		os.Exit(7)
	})
	mux.HandleFunc("POST /log", func(w http.ResponseWriter, r *http.Request) {
		log.Print(r.FormValue("text"))
		answer(w, "ok")
	})
	mux.HandleFunc("POST /spawn", func(w http.ResponseWriter, _ *http.Request) {
		child := exec.Command(os.Args[0], "-beat", filepath.Join(n.view.Data, "beats"))
		if err := child.Start(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, child.Process.Pid)
	})
	mux.HandleFunc("PUT /data/{name}", n.put)
	mux.HandleFunc("GET /data/{name}", n.get)
	mux.HandleFunc("POST /ask", func(w http.ResponseWriter, r *http.Request) {
		wait, err := time.ParseDuration(r.FormValue("wait"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, n.ask(r.FormValue("to"), r.FormValue("text"), wait))
	})
	mux.HandleFunc("POST /streams/{id}", n.openStream)
	mux.HandleFunc("POST /streams/{id}/push", n.pushStream)
	mux.HandleFunc("POST /streams/{id}/close", n.closeStream)
	mux.HandleFunc("GET /streams/{id}", func(w http.ResponseWriter, r *http.Request) {
		s := n.stream(r.PathValue("id"))
		if s == nil {
			http.Error(w, "no such stream", http.StatusNotFound)
			return
		}
		answer(w, s.status())
	})
	return mux
}

func beatOn(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	for err == nil {
		_, err = f.WriteString(".")
		time.Sleep(5 * time.Millisecond)
	}
	return err
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Printf("answer: %v", err)
	}
}

// put writes a file and answers only after it is on disk, so that what was answered must be there
// after a kill.
func (n *node) put(w http.ResponseWriter, r *http.Request) {
	err := func() error {
		f, err := os.Create(filepath.Join(n.view.Data, r.PathValue("name")))
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := io.Copy(f, r.Body); err != nil {
			return err
		}
		return f.Sync()
	}()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, "ok")
}

func (n *node) get(w http.ResponseWriter, r *http.Request) {
	b, err := os.ReadFile(filepath.Join(n.view.Data, r.PathValue("name")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	answer(w, string(b))
}

func (n *node) openStream(w http.ResponseWriter, r *http.Request) {
	if err := n.dialStream(r.FormValue("to"), r.PathValue("id")); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	answer(w, "ok")
}

func (n *node) pushStream(w http.ResponseWriter, r *http.Request) {
	count, err := strconv.Atoi(r.FormValue("n"))
	s := n.stream(r.PathValue("id"))
	if err != nil || s == nil {
		http.Error(w, fmt.Sprintf("stream known: %t; n: %v", s != nil, err), http.StatusBadRequest)
		return
	}
	s.push(count)
	answer(w, "ok")
}

func (n *node) closeStream(w http.ResponseWriter, r *http.Request) {
	s := n.stream(r.PathValue("id"))
	if s == nil {
		http.Error(w, "no such stream", http.StatusNotFound)
		return
	}
	s.close()
	answer(w, "ok")
}
