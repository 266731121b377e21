package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// advance holds the widths of the printable ASCII characters, from the space on, in hundredths of
// the font's size. They are those of DejaVu Sans, the widest face that the style sheet's font stack
// ends in: what fits in it fits in all of them.
var advance = [...]uint8{
	32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53,
	100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50,
	50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
}

// boldFactor is how much wider the bold face is than the regular one, at most, over the letters.
const boldFactor = 1.14

// textWidth is the width of s at a font size, in the same unit, never less than what a browser needs.
func textWidth(s string, size float64, bold bool) float64 {
	hundredths := 0
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
			hundredths += int(advance[r-' '])
		case r < 0x2500:
			hundredths += 84 // Latin, Greek, Cyrillic, arrows, dashes
		default:
			hundredths += 130 // ideographs and pictures: drawn square, with room
		}
	}
	w := float64(hundredths) * size / 100
	if bold {
		w *= boldFactor
	}
	return w
}

// ellipsis shortens s to at most n characters, in the middle of nothing: the start tells most.
func ellipsis(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// fit shortens s until it is no wider than width; it is empty if not even one character fits.
func fit(s string, size, width float64, bold bool) string {
	for n := utf8.RuneCountInString(s); n > 1; n-- {
		if short := ellipsis(s, n); textWidth(short, size, bold) <= width {
			return short
		}
	}
	if textWidth(s, size, bold) <= width {
		return s
	}
	return ""
}

// The longest value, key and name that are shown whole. The history has the rest.
const (
	maxValue = 32
	maxName  = 24
)

// plain makes text of a history safe to be shown among ours: characters that cannot be seen, or
// that turn the direction of what follows them (U+202E makes "x = 12" read "21 = x"), are spelled out.
func plain(s string) string {
	clean := true
	for _, r := range s {
		if !shown(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if shown(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

func shown(r rune) bool {
	return r == ' ' || r == '\n' || unicode.IsGraphic(r) && !unicode.Is(unicode.Cf, r)
}

func name(s string) string  { return ellipsis(plain(s), maxName) }
func value(s string) string { return ellipsis(plain(s), maxValue) }

// list joins names as people do: "n1", "n1 and n2", "n1, n2 and n3".
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// count is "1 partition" or "2 partitions".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
