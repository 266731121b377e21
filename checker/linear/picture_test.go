package linear

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
)

func TestPictureShowsOnlyTheWindow(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "%d c1 n1 write x %d\n%d.1 c1 ok\n", i+1, i+1, i+1)
	}
	fmt.Fprintf(&b, "1000.2 c2 n2 write x 5000\n1000.3 c2 info\n1000.4 c3 n3 read x\n1000.5 c3 ok 1000\n")
	fmt.Fprintf(&b, "2000 c7 n2 read x\n2000.1 c7 ok 400\n")
	h := script(t, b.String())
	c := Register{}.Check(t.Context(), h)
	if len(c.Anomalies) != 1 || c.Anomalies[0].Name != checker.StaleRead {
		t.Fatalf("want one stale read: %+v", c)
	}
	var page bytes.Buffer
	if err := (Register{}).Picture(&page, h, c.Anomalies[0]); err != nil {
		t.Fatal(err)
	}
	got := page.String()
	for _, want := range []string{"read → 400", "write 400", "write 401", "x = 400", "client 7 at n2", c.Anomalies[0].Message} {
		if !strings.Contains(got, want) {
			t.Errorf("the picture does not show %q", want)
		}
	}
	if n := strings.Count(got, `"OriginalStart"`); n > pictureOps || n < pictureOps/2 {
		t.Errorf("the picture has %d operations, want about %d", n, pictureOps)
	}
	if strings.Contains(got, "write 100 ") || strings.Contains(got, `"write 100"`) {
		t.Error("the picture shows an operation that is far away")
	}
}

func TestNoPictureWithoutOperations(t *testing.T) {
	h := script(t, "1 c1 n1 write x 1\n2 c1 ok")
	err := Register{}.Picture(new(bytes.Buffer), h, checker.Anomaly{Name: checker.Fractured, Key: "x", Ops: []int64{70, 71}, Focus: 71})
	if err == nil || !strings.Contains(err.Error(), checker.Fractured) {
		t.Errorf("error %v, want one that names %s", err, checker.Fractured)
	}
	h.Operations = append(h.Operations, history.Operation{F: "append", Key: "y", Call: 3, Return: 4})
	if err := (Register{}).Picture(new(bytes.Buffer), h, checker.Anomaly{Key: "y", Ops: []int64{3}, Focus: 3}); err == nil {
		t.Error("no error for operations that are none of a register")
	}
}
