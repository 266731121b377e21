package targetnode

import (
	"io"
	"regexp"
	"testing"
)

func TestMetricsTellWhatTheNodeDid(t *testing.T) {
	c := newCluster(t, 3, nil)
	l := c.leader()
	c.mustOp(l, `{"op":"put","key":"x","value":1}`)
	c.mustOp(l, `{"op":"get","key":"x"}`)
	if r, err := c.op(l, `{"op":"cas","key":"x","from":2,"to":3}`); err != nil || r.Error != "mismatch" {
		t.Fatalf("%+v, %v", r, err)
	}
	if r, err := c.op(c.followers(l)[0], `{"op":"get","key":"x"}`); err != nil || r.Error != "not the leader" {
		t.Fatalf("%+v, %v", r, err)
	}
	expect := func(m *member, patterns ...string) {
		t.Helper()
		resp, err := c.http.Get("http://" + m.client + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range patterns {
			if !regexp.MustCompile("(?m)^schism_node_" + p + "$").Match(text) {
				t.Errorf("%s: no %s in\n%s", m.cfg.Name, p, text)
			}
		}
	}
	expect(l, `commits_total 3`, `applies_total 3`, `fsyncs_total [1-9].*`, `elections_won_total 1`, `term [1-9]`,
		`role{role="leader"} 1`, `role{role="follower"} 0`, `commit_index 3`, `applied_index 3`,
		`request_seconds_count{op="put",outcome="ok"} 1`, `request_seconds_count{op="get",outcome="ok"} 1`,
		`request_seconds_count{op="cas",outcome="refused"} 1`)
	expect(c.followers(l)[0], `role{role="follower"} 1`, `request_seconds_count{op="get",outcome="not-leader"} 1`, `elections_won_total 0`)
}
