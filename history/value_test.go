package history

import (
	"encoding/json"
	"testing"
)

// TestSplitPair compares the short way with JSON, over everything that a few characters make.
func TestSplitPair(t *testing.T) {
	const alphabet = `[],01-"n `
	pairs := 0
	var try func(text string, left int)
	try = func(text string, left int) {
		var parts []json.RawMessage
		want := json.Unmarshal([]byte(text), &parts) == nil && len(parts) == 2
		from, to, err := SplitPair(Value(text))
		if want != (err == nil) || want && (string(from) != string(parts[0]) || string(to) != string(parts[1])) {
			t.Fatalf("%s: %s and %s, %v; want %s", text, from, to, err, parts)
		}
		if want {
			pairs++
		}
		if left > 0 {
			for _, c := range alphabet {
				try(text+string(c), left-1)
			}
		}
	}
	try("[", 5)
	for _, text := range []string{"[null,0]", "[null,null]", "[10,20]", "[nul,1]", "[nnnn,1]", "[1,null", "1,2]", "[-1,2]", "[1,2,3]", "null"} {
		try(text, 0)
	}
	if pairs < 20 {
		t.Errorf("only %d pairs", pairs)
	}
}
