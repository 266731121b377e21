package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// required are the fields without which a line is no event. Were one that is missing taken for zero, all
// operations would be of one process, or all writes of nil, and any history would be valid.
var required = []string{"index", "time", "process", "type", "f"}

// strictly decodes any line that is one JSON object, each field at most once.
func strictly(line []byte, e *Event) error {
	if err := json.Unmarshal(line, e); err != nil {
		return err
	}
	names, err := fieldNames(line)
	if err != nil {
		return err
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("%q stands twice in one event", name)
		}
	}
	for _, name := range required {
		if !slices.Contains(names, name) {
			return fmt.Errorf("an event without %q", name)
		}
	}
	return nil
}

// fieldNames are those of one JSON object, which is known to be well-formed, in their order.
func fieldNames(line []byte) (names []string, err error) {
	in := json.NewDecoder(bytes.NewReader(line))
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("%.40s stands where an event should", line)
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, err
		}
		names = append(names, name.(string)) // the name of a field is a string
	}
	return names, nil
}
