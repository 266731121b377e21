package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"schism/cluster"
)

// processState reads the state letter of proc(5): the field after the program's name, which is in
// brackets and may itself hold brackets and blanks.
func processState(pid int) (cluster.State, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return cluster.Stopped, nil
	}
	if err != nil {
		return "", err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) == 0 {
		return "", fmt.Errorf("/proc/%d/stat is not as proc(5) says: %q", pid, stat)
	}
	return stateOf(fields[0][0]), nil
}
