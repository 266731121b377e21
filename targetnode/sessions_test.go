package targetnode

import (
	"fmt"
	"testing"
)

// A retry under the same identity has one effect and gets the first answer, whoever leads by then, and
// after a restart of every node.
func TestARetryHasOneEffectAtTheNextLeader(t *testing.T) {
	for _, c := range []struct {
		defect, want string
	}{{"", "[1,2]"}, {"no-dedup", "[1,2,1,1]"}, {"dedup-in-memory", "[1,2,1]"}} {
		t.Run("defect "+c.defect, func(t *testing.T) {
			cl := newCluster(t, 3, func(cfg *Config) {
				if c.defect != "" {
					cfg.Defects = []string{c.defect}
				}
			})
			l := cl.leader()
			id := cl.mustOp(l, `{"op":"open-session"}`).Value
			retried := fmt.Sprintf(`{"op":"append","key":"x","value":1,"client":%s,"seq":1}`, id)
			first := cl.mustOp(l, retried)
			cl.mustOp(l, `{"op":"append","key":"x","value":2}`)
			for range 2 {
				for _, m := range cl.nodes {
					cl.stop(m)
				}
				for _, m := range cl.nodes {
					cl.restart(m)
				}
				again := cl.mustOp(cl.elect(), retried)
				if c.defect == "" && again.Applied != first.Applied {
					t.Errorf("the retry was answered %+v, the first attempt %+v", again, first)
				}
			}
			if r := cl.mustOp(cl.leader(), `{"op":"get","key":"x"}`); string(r.Value) != c.want {
				t.Errorf("x is %s, want %s", r.Value, c.want)
			}
			r, err := cl.op(cl.leader(), `{"op":"append","key":"x","value":3,"client":77777,"seq":1}`)
			if err != nil || r.OK || r.Error != "no session" {
				t.Errorf("a write in no session: %+v, %v; want a refusal", r, err)
			}
		})
	}
}
