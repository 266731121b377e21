package api

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"schism/targetnode/kv"
)

// BenchmarkHandler is what the interface itself costs, without a network and a node.
func BenchmarkHandler(b *testing.B) {
	h := Handler(&quickNode{}, time.Second)
	for name, body := range map[string]string{
		"get": `{"op":"get","key":"k100"}`,
		"put": `{"op":"put","key":"k100","value":"` + strings.Repeat("v", 254) + `"}`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("POST", "/v1/op", strings.NewReader(body)))
				if w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// quickNode answers at once.
type quickNode struct{ fakeNode }

func (q *quickNode) Alone(*kv.Command) (kv.Result, bool) { return kv.Result{}, true }
