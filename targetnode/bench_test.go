package targetnode

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkOps drives three nodes over HTTP, fsync on, 256-byte values; clients and nodes share the
// machine and this process. Run it with -benchtime=2s or so and read the ops/s.
func BenchmarkOps(b *testing.B) {
	put := fmt.Sprintf(`{"op":"put","key":"k%%d","value":%q}`, strings.Repeat("v", 254))
	for _, c := range []struct{ name, reads, body string }{
		{"put", "read-index", put},
		{"get read-index", "read-index", `{"op":"get","key":"k%d"}`},
		{"get lease", "lease", `{"op":"get","key":"k%d"}`},
	} {
		for _, clients := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d clients", c.name, clients), func(b *testing.B) {
				cl := newCluster(b, 3, func(cfg *Config) { cfg.Reads = c.reads })
				l := cl.leader()
				var running sync.WaitGroup
				b.ResetTimer()
				began := time.Now()
				for i := range clients {
					body := fmt.Sprintf(c.body, i%16)
					share := (b.N + i) / clients
					running.Go(func() {
						for range share {
							if r, err := cl.op(l, body); err != nil || !r.OK {
								b.Errorf("%s: %+v, %v", body, r, err)
								return
							}
						}
					})
				}
				running.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "ops/s")
				for _, m := range cl.nodes {
					cl.stop(m)
				}
			})
		}
	}
}
