package importers

import (
	"bytes"
	"fmt"
	"testing"
)

func BenchmarkReadJepsenEDN(b *testing.B) {
	const operations = 100_000
	var text bytes.Buffer
	for n := range operations {
		value, answer, f := fmt.Sprintf("[%d nil]", n%100), fmt.Sprintf("[%d %d]", n%100, n), "read"
		if n%2 == 1 {
			value, f = answer, "write"
		}
		const line = "{:type :%s, :f :%s, :value %s, :process %d, :time %d, :index %d}\n"
		fmt.Fprintf(&text, line, "invoke", f, value, n%10, 2*n*1000, 2*n)
		fmt.Fprintf(&text, line, "ok", f, answer, n%10, (2*n+1)*1000, 2*n+1)
	}
	m := model(b, "register")
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		got, err := Read(bytes.NewReader(text.Bytes()), "", m)
		if err != nil || len(got.History.Operations) != operations {
			b.Fatal(err)
		}
	}
}
