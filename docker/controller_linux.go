package docker

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// thisController identifies the running process. What cannot be read stays empty, and then nothing is
// ever proved.
func thisController() controllerID {
	id := controllerID{pid: os.Getpid()}
	id.start, _ = processStart(id.pid)
	if boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		id.boot = strings.TrimSpace(string(boot))
	}
	if namespace, err := os.Readlink("/proc/self/ns/pid"); err == nil {
		id.namespace = namespace
	}
	// The machine's id is meant to stay on it: only a digest of it goes into labels.
	if machine, err := os.ReadFile("/etc/machine-id"); err == nil && len(bytes.TrimSpace(machine)) > 0 {
		id.machine = fmt.Sprintf("%.8x", sha256.Sum256(append([]byte("schism\n"), machine...)))
	}
	return id
}

// processStart returns when a process started; "" if it lives but does not show it. A zombie is not
// alive: it does nothing any more.
func processStart(pid int) (start string, alive bool) {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return "", false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", true
	}
	// "12 (a name) S 1 …": the name may hold anything, so fields count from the last bracket. The
	// state is the 3rd field, the start the 22nd.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return "", true
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return fields[19], true
}
