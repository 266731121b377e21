package linear

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestTighten(t *testing.T) {
	for _, tc := range []struct {
		name, history string
		want          string // of each unknown operation its call and, if it has one, its return
	}{
		{
			name:    "seen by a read: it returns when the read did",
			history: "1 c1 n write x 1\n2 c1 info\n3 c2 n read x\n4 c2 ok 1\n5 c2 n read x\n6 c2 ok 1",
			want:    "0-3",
		},
		{
			name:    "seen by nobody: it is left out",
			history: "1 c1 n write x 1\n2 c1 info\n3 c2 n read x\n4 c2 ok null",
			want:    "",
		},
		{
			name:    "seen only through an unknown cas that was seen",
			history: "1 c1 n cas x null 1\n2 c1 info\n3 c2 n cas x 1 2\n4 c2 info\n5 c3 n read x\n6 c3 ok 2",
			want:    "0-5 2-5",
		},
		{
			name:    "seen only by an unknown cas that was not seen: both are left out",
			history: "1 c1 n cas x null 1\n2 c1 info\n3 c2 n cas x 1 2\n4 c2 info\n5 c3 n read x\n6 c3 ok null",
			want:    "",
		},
		{
			name:    "perhaps it was the other write of the value that was seen",
			history: "1 c1 n write x 1\n2 c1 info\n3 c2 n write x 1\n4 c2 ok\n5 c3 n read x\n6 c3 ok 1",
			want:    "0-",
		},
		{
			name:    "nil was there from the start",
			history: "1 c1 n write x null\n2 c1 info\n3 c3 n read x\n4 c3 ok null",
			want:    "0-",
		},
		{
			name:    "a cas that does not tell what it found may have seen it",
			history: "1 c1 n write x 1\n2 c1 ok\n3 c1 n write x 2\n4 c1 info\n5 c3 n cas x 1 3\n6 c3 mismatch",
			want:    "2-",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := split(script(t, tc.history))[0]
			before := slices.Clone(k.ops)
			var got []string
			for _, o := range k.tighten() {
				was := before[slices.IndexFunc(before, func(b op) bool { return b.call == o.call })]
				switch {
				case !was.unknown():
				case o.unknown():
					got = append(got, fmt.Sprintf("%d-", o.call))
				default:
					got = append(got, fmt.Sprintf("%d-%d", o.call, o.ret))
				}
			}
			if text := strings.Join(got, " "); text != tc.want {
				t.Errorf("got %q, want %q", text, tc.want)
			}
			if !slices.Equal(k.ops, before) {
				t.Error("the key itself was changed")
			}
		})
	}
}
