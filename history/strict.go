package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// required are the fields without which a line is no event. Were one that is missing taken for zero, all
// operations would be of one process, or all writes of nil, and any history would be valid.
var required = []string{"index", "time", "process", "type", "f"}

// The names that the fields of an event and of a header have.
var (
	eventFields  = jsonNames(reflect.TypeFor[Event]())
	headerFields = jsonNames(reflect.TypeFor[Header]())
)

// strictly decodes any line that is one JSON object, each field at most once and spelled as it should be.
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
	if err := spelled(names, eventFields); err != nil {
		return err
	}
	for _, name := range required {
		if !slices.Contains(names, name) {
			return fmt.Errorf("an event without %q", name)
		}
	}
	return nil
}

// spelled says which name differs from a known one only by its case. For encoding/json the two are one field,
// so that {"value":1,"Value":2} is read as 2. Names that are like none of the known ones are left alone.
func spelled(names, known []string) error {
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		alike := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		if alike >= 0 {
			return fmt.Errorf("the field %q differs from %q only by its case", name, known[alike])
		}
	}
	return nil
}

// jsonNames are the names of a struct's fields in JSON.
func jsonNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
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
