package process_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// procState is the state letter of a process; empty if there is none, or only its exit status.
func procState(pid int) string {
	fields := statOf(pid)
	if len(fields) < 2 || fields[0] == "Z" {
		return ""
	}
	return fields[0]
}

// childrenOf finds the children of a process that run a program of this name.
func childrenOf(t *testing.T, parent int, name string) []int {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("reads Linux's /proc")
	}
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		program, err := os.Readlink(filepath.Join(dir, "exe"))
		fields := statOf(pid)
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(parent) && filepath.Base(program) == name {
			found = append(found, pid)
		}
	}
	return found
}

// statOf is what proc(5) says from the state on.
func statOf(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
}
