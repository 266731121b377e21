package report

import (
	"bytes"
	"testing"
)

func render(tb testing.TB, in Input) []byte {
	tb.Helper()
	var b bytes.Buffer
	must(tb, Write(&b, in))
	return b.Bytes()
}

func TestSameInputSameBytes(t *testing.T) {
	in := staleRead(t)
	if a, b := render(t, in), render(t, in); !bytes.Equal(a, b) {
		t.Fatalf("two reports of one run differ: %d and %d bytes", len(a), len(b))
	}
}

func TestNoReportWithoutResult(t *testing.T) {
	if err := Write(new(bytes.Buffer), Input{}); err == nil {
		t.Fatal("a report of nothing was written")
	}
}
