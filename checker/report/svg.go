package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

// canvas writes SVG. It escapes every text and attribute, and rounds lengths to a tenth of a unit, so
// that the same drawing is the same bytes.
type canvas struct{ b strings.Builder }

// attrs are names and values in turn: numbers are rounded, all else is escaped.
func (c *canvas) open(tag string, attrs ...any) {
	c.b.WriteString("<" + tag)
	for i := 0; i+1 < len(attrs); i += 2 {
		fmt.Fprintf(&c.b, ` %s="%s"`, attrs[i], attribute(attrs[i+1]))
	}
	c.b.WriteString(">")
}

func (c *canvas) close(tag string) { c.b.WriteString("</" + tag + ">") }

// leaf is an element without children.
func (c *canvas) leaf(tag string, attrs ...any) {
	c.open(tag, attrs...)
	c.close(tag)
}

func (c *canvas) title(text string) {
	c.open("title")
	c.b.WriteString(template.HTMLEscapeString(text))
	c.close("title")
}

func (c *canvas) html() template.HTML { return template.HTML(c.b.String()) }

func attribute(v any) string {
	switch v := v.(type) {
	case float64:
		return num(v)
	case int:
		return strconv.Itoa(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return template.HTMLEscapeString(fmt.Sprint(v))
}

// num is v with at most one digit after the point.
func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

func (c *canvas) rect(class string, r rect) {
	c.leaf("rect", "class", class, "x", r.x, "y", r.y, "width", max(0, r.w), "height", max(0, r.h))
}

func (c *canvas) path(class string, d string) { c.leaf("path", "class", class, "d", d) }

// label writes a text at its place, with its quieter rest.
func (c *canvas) label(l label) {
	if l.text == "" && l.rest == "" {
		return
	}
	class := l.class
	if l.bold {
		class += " bold"
	}
	c.open("text", "class", class, "x", l.x, "y", l.y, "font-size", l.size)
	c.b.WriteString(template.HTMLEscapeString(l.text))
	if l.rest != "" {
		c.open("tspan", "class", "rest")
		c.b.WriteString(template.HTMLEscapeString(l.rest))
		c.close("tspan")
	}
	c.close("text")
}

// pen collects the steps of a path.
type pen struct{ b strings.Builder }

func (p *pen) step(cmd string, at ...float64) *pen {
	p.b.WriteString(cmd)
	for i, v := range at {
		if i > 0 {
			p.b.WriteByte(' ')
		}
		p.b.WriteString(num(v))
	}
	return p
}

func (p *pen) String() string { return p.b.String() }
