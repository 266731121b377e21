package txn

import (
	"slices"
	"strings"
	"testing"

	"schism/checker"
)

func TestParseIsolation(t *testing.T) {
	for _, name := range IsolationNames() {
		if i, err := ParseIsolation(name); err != nil || string(i) != name || i.Level().Isolation != i {
			t.Errorf("ParseIsolation(%q) = %q, %v; its level is %q", name, i, err, i.Level().Isolation)
		}
	}
	if i, err := ParseIsolation(""); err != nil || i != StrictSerializable {
		t.Errorf("without a name: %q, %v", i, err)
	}
	if _, err := ParseIsolation("serialisable"); err == nil || !strings.Contains(err.Error(), `"serialisable"`) || !strings.Contains(err.Error(), "strong-session-serializable") {
		t.Errorf("an unknown name: %v", err)
	}
}

// Every level forbids what a weaker one does, by Adya 1999, figure 4-5, and Elle's consistency-model.
func TestStrongerLevelsForbidMore(t *testing.T) {
	for _, pair := range [][2]Isolation{
		{ReadUncommitted, ReadCommitted}, {ReadCommitted, RepeatableRead}, {ReadCommitted, SnapshotIsolation},
		{RepeatableRead, Serializable}, {SnapshotIsolation, Serializable}, {SnapshotIsolation, StrongSessionSnapshot},
		{StrongSessionSnapshot, StrongSnapshot}, {StrongSessionSnapshot, StrongSessionSerializable},
		{StrongSessionSerializable, StrictSerializable}, {StrongSnapshot, StrictSerializable},
	} {
		weak, strong := pair[0].Level(), pair[1].Level()
		if weak.Order > strong.Order {
			t.Errorf("%s keeps an order that %s does not", weak.Isolation, strong.Isolation)
		}
		for _, name := range weak.Forbids {
			if !strong.Forbidden(name) {
				t.Errorf("%s forbids %s, %s does not", weak.Isolation, name, strong.Isolation)
			}
		}
	}
	for _, name := range []string{checker.G2Item} {
		if SnapshotIsolation.Level().Forbidden(name) {
			t.Errorf("snapshot isolation allows %s", name)
		}
	}
	for _, l := range Isolations() {
		for _, name := range l.Forbids {
			if !slices.Contains(checker.AnomalyNames(), name) {
				t.Errorf("%s forbids %q, which is no anomaly", l.Isolation, name)
			}
		}
	}
}
