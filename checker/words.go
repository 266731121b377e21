package checker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"schism/history"
)

// ShowValue is a value as people are shown it: nil for what was never written, long ones cut.
func ShowValue(v history.Value) string {
	const most = 40
	if history.IsNil(v) {
		return "nil"
	}
	text := history.Text(v)
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// ShowApart is two values that differ, as people are shown them: of long ones the place where they do.
func ShowApart(a, b history.Value) (string, string) {
	const before, most = 12, 40
	first, second := history.Text(a), history.Text(b)
	at := 0
	for at < len(first) && at < len(second) && first[at] == second[at] {
		at++
	}
	from := max(0, at-before)
	if from == 0 || max(len(first), len(second)) <= most {
		return ShowValue(a), ShowValue(b)
	}
	show := func(text string) string {
		part := text[from:]
		if len(part) > most {
			part = part[:most] + "…"
		}
		return "…" + strings.ToValidUTF8(part, "")
	}
	return show(first), show(second)
}

// ShowKey is a key as people are shown it: long ones cut, the empty one in quotes.
func ShowKey(key string) string {
	const most = 40
	switch {
	case key == "":
		return `""`
	case len(key) > most:
		return strings.ToValidUTF8(key[:most], "") + "…"
	}
	return key
}

// ShowCount is "1 key" or "5 keys".
func ShowCount(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// OnKeys is where something was found, as an Anomaly's Extent: "on 1 key of 5".
func OnKeys(n, of int) string { return fmt.Sprintf("on %s of %d", ShowCount(n, "key"), of) }

// ShowTime is a time since the start of the run: "20.381 s".
func ShowTime(t time.Duration) string { return fmt.Sprintf("%.3f s", t.Seconds()) }

// ShowSpan is a length of time with three digits that matter: "1.88 s", "340 ms", "210 µs".
func ShowSpan(d time.Duration) string {
	unit, name := time.Second, "s"
	switch {
	case d < time.Millisecond:
		unit, name = time.Microsecond, "µs"
	case d < time.Second:
		unit, name = time.Millisecond, "ms"
	}
	n := float64(d) / float64(unit)
	digits := 2
	if n > 0 {
		digits = min(2, max(0, 2-int(math.Floor(math.Log10(n)))))
	}
	text := fmt.Sprintf("%.*f", digits, n)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text + " " + name
}

// ShowGap is how far apart two things are of which one came first by the order of the events: "1.88 s earlier". The
// clocks of several machines may tell it the other way round: then it is the word alone.
func ShowGap(d time.Duration, word string) string {
	if d < 0 {
		return word
	}
	return ShowSpan(d) + " " + word
}

// Clearest is the first that is at least half as wide as the widest: an early one makes a short story, a wide one a
// clear one. Where clocks contradict the order of the events, all may be less than nothing wide.
func Clearest[T any](all []T, wide func(T) time.Duration) T {
	widest := wide(slices.MaxFunc(all, func(a, b T) int { return cmp.Compare(wide(a), wide(b)) }))
	enough := min(widest, widest/2)
	return all[slices.IndexFunc(all, func(one T) bool { return wide(one) >= enough })]
}

// ShowList joins as people do: "a, b and c".
func ShowList(parts []string) string {
	parts = slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" })
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}

// ShowUndecided tells of keys of which some are undecided, and why the first of them is; others is what the rest of
// them did.
func ShowUndecided(keys []KeyCheck, others string) string {
	var unknown []string
	why := ""
	for _, k := range keys {
		if k.Verdict == Unknown {
			unknown = append(unknown, ShowKey(k.Key))
			if why == "" {
				why = k.Message
			}
		}
	}
	text := fmt.Sprintf("%d of %d keys could not be decided: %s.", len(unknown), len(keys), ShowKeys(unknown))
	if len(keys) == 1 {
		text = fmt.Sprintf("The key %s could not be decided.", unknown[0])
	}
	if why != "" && len(unknown) > 1 {
		why = "of " + unknown[0] + ", " + why
	}
	if why != "" {
		text += " Why: " + strings.TrimSuffix(why, ".") + "."
	}
	if len(unknown) < len(keys) {
		text += " " + others + "."
	}
	return text
}

// ShowWrite is what an operation asked to be written: "client 3's write x = 19".
func ShowWrite(o *history.Operation) string {
	key, value := ShowKey(o.Key), ShowValue(o.Input)
	switch o.F {
	case history.CAS:
		from, to, _ := history.SplitPair(o.Input)
		return fmt.Sprintf("client %v's cas of %s from %s to %s", o.Process, o.Key, ShowValue(from), ShowValue(to))
	case history.Append, history.Add:
		return fmt.Sprintf("client %v's %s of %s to %s", o.Process, o.F, value, key)
	case history.Read, history.Get:
		return fmt.Sprintf("client %v's %s of %s", o.Process, o.F, key)
	case history.Enqueue:
		return fmt.Sprintf("client %v's enqueue of %s on %s", o.Process, value, key)
	case history.Acquire, history.Release, history.Dequeue:
		return fmt.Sprintf("client %v's %s of %s%s", o.Process, o.F, key, as(o.Input))
	case history.Transfer:
		return fmt.Sprintf("client %v's %s", o.Process, showTransfer(o.Input))
	case history.Txn:
		return fmt.Sprintf("client %v's transaction (%s)", o.Process, showTxnOf(o))
	}
	return fmt.Sprintf("client %v's write %s = %s", o.Process, o.Key, value)
}

// ShowTxn is what a transaction asks for: "read x, write y = 2". Answered, it tells what the reads were shown.
func ShowTxn(v history.Value, answered bool) string {
	all, err := history.SplitTxn(v)
	if err != nil {
		return ShowValue(v)
	}
	words := make([]string, len(all))
	for i, a := range all {
		key, value := ShowKey(a.Register), ShowValue(a.Value)
		switch {
		case a.Kind == history.Appends:
			words[i] = fmt.Sprintf("append %s to %s", value, key)
		case a.Kind == history.Writes:
			words[i] = fmt.Sprintf("write %s = %s", key, value)
		case answered:
			words[i] = fmt.Sprintf("read %s = %s", key, showHeld(a.Value))
		default:
			words[i] = "read " + key
		}
	}
	return strings.Join(words, ", ")
}

// showHeld is ShowValue of what was read: of a long list the end, where it grows.
func showHeld(v history.Value) string {
	const most = 40
	text := history.Text(v)
	if len(text) <= most || text[0] != '[' {
		return ShowValue(v)
	}
	tail := text[len(text)-most:]
	if at := strings.IndexByte(tail, ','); at >= 0 {
		tail = tail[at:]
	}
	return "[…" + strings.ToValidUTF8(tail, "")
}

func showTxnOf(o *history.Operation) string {
	if o.Outcome == history.OK && !history.IsNil(o.Output) {
		return ShowTxn(o.Output, true)
	}
	return ShowTxn(o.Input, false)
}

// ShowAsked is what an operation asks for, as one says it: "append 5 to x".
func ShowAsked(f, key string, input history.Value) string {
	name, value := ShowKey(key), ShowValue(input)
	switch f {
	case history.Read, history.Get:
		return f + " " + name
	case history.CAS:
		if from, to, err := history.SplitPair(input); err == nil {
			return fmt.Sprintf("cas %s from %s to %s", name, ShowValue(from), ShowValue(to))
		}
	case history.Append, history.Add:
		return fmt.Sprintf("%s %s to %s", f, value, name)
	case history.Enqueue:
		return fmt.Sprintf("enqueue %s on %s", value, name)
	case history.Dequeue:
		return "dequeue from " + name
	case history.Acquire, history.Release:
		return f + " " + name + as(input)
	case history.Transfer:
		return showTransfer(input)
	case history.Txn:
		return "transaction: " + ShowTxn(input, false)
	}
	return fmt.Sprintf("%s %s = %s", f, name, value)
}

func showTransfer(v history.Value) string {
	t, err := history.SplitTransfer(v)
	if err != nil {
		return "transfer of " + ShowValue(v)
	}
	return fmt.Sprintf("transfer of %d from %s to %s", t.Amount, ShowKey(t.From), ShowKey(t.To))
}

func as(owner history.Value) string {
	if history.IsNil(owner) {
		return ""
	}
	return " as " + ShowValue(owner)
}

// ShowPlace is the node that an operation was asked of, behind a preposition; empty if nobody knows.
func ShowPlace(preposition string, o *history.Operation) string {
	if o.Node == "" {
		return ""
	}
	return " " + preposition + " " + o.Node
}
