package history

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// A history that comes in pieces, cut anywhere, is at every piece what its beginning would be read as.
func TestFollowAtEveryByte(t *testing.T) {
	text, err := os.ReadFile(record(t,
		invoke(0, Write, "x", Int(1)),
		invoke(1, Read, "x", nil),
		complete(1, OK, Read, "x", Int(1)),
		complete(0, Info, Write, "x", Int(1)),
		invoke(2, Read, "x", nil),
	))
	if err != nil {
		t.Fatal(err)
	}
	head := 0
	for text[head] != '\n' {
		head++
	}
	for _, step := range []int{1, 7, 50, 1000} {
		path := filepath.Join(t.TempDir(), "growing.jsonl")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		var f *Follower
		for at := 0; at < len(text); {
			end := min(at+step, len(text))
			if _, err := file.Write(text[at:end]); err != nil {
				t.Fatal(err)
			}
			at = end
			if at <= head {
				continue
			}
			if f == nil {
				if f, err = Follow(path); err != nil {
					t.Fatal(err)
				}
			}
			for _, err := range f.Events() {
				if err != nil {
					t.Fatalf("steps of %d, after %d bytes: %v", step, at, err)
				}
			}
			got, _, err := f.SoFar().Part(1, nil)
			if err != nil {
				t.Fatalf("steps of %d, after %d bytes: %v", step, at, err)
			}
			if err := os.WriteFile(path+".so-far", text[:at], 0o644); err != nil {
				t.Fatal(err)
			}
			want, err := Load(path + ".so-far")
			if err != nil {
				t.Fatal(err)
			}
			want.Torn = "" // a tail that is not there yet is none that is torn
			if len(got.Operations)+len(want.Operations) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("steps of %d, after %d bytes:\n%+v\nwant\n%+v", step, at, got, want)
			}
		}
		if h, whole, err := f.SoFar().Part(1, nil); err != nil || !whole || len(h.Operations) != 3 || h.Operations[0].Outcome != Info || h.Operations[2].Return != -1 {
			t.Errorf("at the end: %+v, %v", h, err)
		}
		if f.Close() != nil || file.Close() != nil {
			t.Error("close")
		}
	}
	if _, err := Follow(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was followed")
	}
}

// A part has the operations that were called in it, on the keys that are wanted, and all faults.
func TestPartOfAHistory(t *testing.T) {
	const rounds = 3 * markEvery
	events := []Event{{Process: Nemesis, Kind: Invoke, F: "kill", Value: Encode(Fault{ID: 1, Phase: FaultStart, Text: "kill: all"})}}
	for i := range int64(rounds) {
		key := []string{"x", "y"}[i%2]
		events = append(events, invoke(0, Write, key, Int(i)), invoke(1, Read, key, nil), complete(0, OK, Write, key, Int(i)), complete(1, OK, Read, key, Int(i)))
	}
	path := record(t, events...)
	f, err := Follow(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, err := range f.Events() {
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{100, markEvery - 1, markEvery, 2 * markEvery, all.Events - 1, all.Events, 10 * all.Events} {
		h, whole, err := f.SoFar().Part(n, func(key string) bool { return key == "x" })
		if err != nil || len(h.Faults) != 1 || h.Events != all.Events {
			t.Fatalf("the last %d events: %+v, %v", n, h, err)
		}
		first := h.Operations[0].Call
		if whole != (first < 4) || n < all.Events && first > all.Events-n+4 || first < all.Events-n-markEvery {
			t.Errorf("the last %d of %d events begin with %d, whole %v", n, all.Events, first, whole)
		}
		var want []Operation
		for _, o := range all.Operations {
			if o.Call >= first && o.Key == "x" {
				want = append(want, o)
			}
		}
		if !reflect.DeepEqual(h.Operations, want) {
			t.Errorf("the last %d events have %d operations on x, want %d", n, len(h.Operations), len(want))
		}
	}
}
