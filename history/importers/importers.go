// Package importers reads the histories of other tools, so that a run recorded elsewhere can be judged
// here. Nothing is guessed: what cannot be read is an error that names its line, and what is left out
// is counted.
package importers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"schism/history"
)

// Format is one way to write a history down.
type Format struct {
	Name  string
	About string // one line for people
	// Detect says whether a file that begins with head is in this format. No two formats claim the
	// same file.
	Detect func(head []byte) bool
	// Read reads a whole history of operations that m knows. Its errors name the line.
	Read func(in io.Reader, m Model) (*Import, error)
}

// Formats is every format there is. A new one is one file and one line here.
func Formats() []Format {
	return []Format{
		{"schism", "history.jsonl of a run directory", isSchism, readSchism},
		{"jepsen-edn", "Jepsen's history.edn", isJepsenEDN, readJepsenEDN},
		{"jepsen-log", "the lines of jepsen.util in a log of Jepsen", isJepsenLog, readJepsenLog},
		{"porcupine-kv", "the key-value logs of Porcupine's tests", isPorcupineKV, readPorcupineKV},
	}
}

// Import is a history that was read, and what became of the rest of the file.
type Import struct {
	History *history.History
	Format  string
	Model   string
	// Untimed says that the file tells no times: the events have an order, and their times are all 0.
	Untimed bool
	// Nemesis counts the events of the nemesis. They take an index each, and say nothing more: that a
	// fault had its effect is not in such a history.
	Nemesis int
	// Others counts the lines of a log that are no operations: other loggers', and what belongs to them.
	Others int

	lines []int // of each event, by index; nil if each stands in one line, after one of a header
}

// Line is the number of the line in which an event begins.
func (i *Import) Line(index int64) int {
	if i.lines == nil {
		return int(index) + 2
	}
	return i.lines[index]
}

// headSize is how much of a file Detect sees, in bytes.
const headSize = 64 << 10

// Read reads a history of operations that m knows, in the named format, or if format is empty in the
// one that its first bytes show. A Model without a name stands for the one that the file names, which
// only our own format does. The model is in the history's header.
func Read(in io.Reader, format string, m Model) (*Import, error) {
	buffered := bufio.NewReaderSize(in, headSize)
	f, err := choose(buffered, format)
	if err != nil {
		return nil, err
	}
	imported, err := f.Read(buffered, m)
	if err != nil {
		return nil, history.Short(err)
	}
	imported.Format, imported.Model = f.Name, imported.History.Header.Model
	return imported, nil
}

func choose(in *bufio.Reader, format string) (Format, error) {
	all := Formats()
	if format != "" {
		at := slices.IndexFunc(all, func(f Format) bool { return f.Name == format })
		if at < 0 {
			return Format{}, fmt.Errorf("there is no format %q: want %s", format, FormatNames())
		}
		return all[at], nil
	}
	head, err := in.Peek(headSize)
	if err != nil && err != io.EOF {
		return Format{}, err
	}
	if len(head) == 0 {
		return Format{}, errors.New("the file is empty")
	}
	at := slices.IndexFunc(all, func(f Format) bool { return f.Detect(head) })
	if at < 0 {
		return Format{}, fmt.Errorf("this is no history in a format that schism knows (%s); if it is one, name it with --format to be told what is wrong with it", FormatNames())
	}
	return all[at], nil
}

// FormatNames are the names of all formats, for people.
func FormatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// maxEvent bounds one event in a file, in bytes, as our own format bounds its lines.
const maxEvent = 16 << 20

// maxText bounds the files that are read as a whole, in bytes: everything but our own format, which is
// read line by line.
const maxText = 1 << 30

func readAll(in io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("the file is larger than %d bytes, which is as much as is read of this format", maxText)
	}
	return text, nil
}
