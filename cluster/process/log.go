package process

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// openLog opens a node's log for appending and says how long it is.
func openLog(path string) (*os.File, int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, 0, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// tail is the last lines of a log from an offset on, indented, for an error message.
func tail(path string, from int64) string {
	const maxBytes, maxLines = 4 << 10, 8
	nothing := "\n    (its log is empty: " + path + ")"
	f, err := os.Open(path)
	if err != nil {
		return nothing
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		from = max(from, info.Size()-maxBytes)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, from, maxBytes))
	if err != nil || len(text) == 0 {
		return nothing
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	lines = lines[max(0, len(lines)-maxLines):]
	return "\n    " + strings.Join(lines, "\n    ")
}
