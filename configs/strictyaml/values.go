package strictyaml

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Value reads n into v, a pointer.
func (d *Document) Value(n *yaml.Node, v any) { d.value(n, reflect.ValueOf(v).Elem()) }

var durationType = reflect.TypeFor[time.Duration]()

func (d *Document) value(n *yaml.Node, v reflect.Value) {
	d.places[v.Addr().Interface()] = n
	switch u := v.Addr().Interface().(type) {
	case Unmarshaler:
		u.DecodeYAML(n, d)
		return
	case encoding.TextUnmarshaler:
		if text, ok := d.scalar(n, "a word"); ok {
			if err := u.UnmarshalText([]byte(text)); err != nil {
				d.Fail(n, "", "%v", err)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem())
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Slice:
		d.slice(n, v)
	case reflect.Map:
		d.mapping(n, v)
	default:
		d.simple(n, v)
	}
}

func (d *Document) simple(n *yaml.Node, v reflect.Value) {
	switch {
	case v.Type() == durationType:
		d.duration(n, v)
	case v.Kind() == reflect.String:
		if text, ok := d.scalar(n, "a text"); ok {
			v.SetString(text)
		}
	case v.Kind() == reflect.Bool:
		d.boolean(n, v)
	case v.CanInt():
		d.integer(n, v)
	case v.CanUint():
		d.unsigned(n, v)
	case v.CanFloat():
		d.float(n, v)
	default:
		panic(fmt.Sprintf("strictyaml: cannot read a %v", v.Type()))
	}
}

func (d *Document) structure(n *yaml.Node, v reflect.Value) {
	fields := make(map[string]reflect.Value)
	var known []string
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			fields[name] = v.Field(i)
			known = append(known, name)
		}
	}
	for _, f := range d.Fields(n) {
		if field, ok := fields[f.Key.Value]; ok {
			d.value(f.Value, field)
		} else {
			d.Unknown(f.Key, "field", known)
		}
	}
}

// entry is where a key of a map stands: values in a map have no address.
type entry struct {
	of  any
	key string
}

// Entry is, for Errorf and Has, what stands for the value of a key in the map behind the pointer of.
func Entry(of any, key string) any { return entry{of, key} }

func (d *Document) mapping(n *yaml.Node, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, f := range d.Fields(n) {
		value := reflect.New(v.Type().Elem())
		d.value(f.Value, value.Elem())
		d.places[entry{v.Addr().Interface(), f.Key.Value}] = f.Value
		v.SetMapIndex(reflect.ValueOf(f.Key.Value), value.Elem())
	}
}

func (d *Document) slice(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.wrongType(n, "a list")
		return
	}
	// Of its final length from the start: places points into it.
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, child := range n.Content {
		d.value(child, v.Index(i))
	}
}

func (d *Document) scalar(n *yaml.Node, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.wrongType(n, want)
		return "", false
	}
	return n.Value, true
}

func (d *Document) duration(n *yaml.Node, v reflect.Value) {
	text, ok := d.scalar(n, "a duration such as 10s")
	if !ok {
		return
	}
	span, err := time.ParseDuration(text)
	switch {
	case err != nil:
		d.Fail(n, "write 10s, 1m30s or 250ms", "%q is no duration", text)
	case span < 0:
		d.Fail(n, "", "a duration cannot be negative: %s", text)
	default:
		v.SetInt(int64(span))
	}
}

func (d *Document) boolean(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		d.wrongType(n, "true or false")
		return
	}
	v.SetBool(strings.EqualFold(n.Value, "true"))
}

func (d *Document) integer(n *yaml.Node, v reflect.Value) {
	text, ok := d.scalar(n, "a whole number")
	if !ok {
		return
	}
	i, err := strconv.ParseInt(text, 10, v.Type().Bits())
	if err != nil {
		d.number(n, err)
		return
	}
	v.SetInt(i)
}

func (d *Document) unsigned(n *yaml.Node, v reflect.Value) {
	text, ok := d.scalar(n, "a whole number")
	if !ok {
		return
	}
	i, err := strconv.ParseUint(text, 10, v.Type().Bits())
	if err != nil {
		d.number(n, err)
		return
	}
	v.SetUint(i)
}

func (d *Document) number(n *yaml.Node, err error) {
	if errors.Is(err, strconv.ErrRange) {
		d.Fail(n, "", "%s is out of range", n.Value)
		return
	}
	d.wrongType(n, "a whole number")
}

func (d *Document) float(n *yaml.Node, v reflect.Value) {
	text, ok := d.scalar(n, "a number")
	if !ok {
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		d.wrongType(n, "a number")
		return
	}
	v.SetFloat(f)
}

func (d *Document) wrongType(n *yaml.Node, want string) {
	switch {
	case n.Kind == yaml.MappingNode:
		d.Fail(n, "", "want %s, found fields", want)
	case n.Kind == yaml.SequenceNode:
		d.Fail(n, "", "want %s, found a list", want)
	case n.Tag == "!!null":
		d.Fail(n, "write a value behind the colon, or remove the field", "want %s, found nothing", want)
	default:
		d.Fail(n, "", "want %s, found %q", want, n.Value)
	}
}
