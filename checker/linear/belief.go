package linear

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// belief tells what the node that answered was cut off from and what it believed to be, as far as the
// history knows: " n1 was cut off from the majority at the time and still believed it was leader of
// term 2." It is empty if nothing is known. It is no evidence: what nodes say of themselves only
// helps people to understand what clients saw.
func (x *explainer) belief(o *history.Operation) string {
	if o.Node == "" {
		return ""
	}
	return x.roleBelief(o) + x.leaseBelief(o)
}

func (x *explainer) roleBelief(o *history.Operation) string {
	role, known := x.role(o.Node, o.CallTime)
	cut := x.cutOff(o.Node, o.CallTime)
	leads := role.Role == "leader"
	switch {
	case cut && leads:
		return fmt.Sprintf(" %s was cut off from the majority at the time and still believed it was leader of term %d.", o.Node, role.Term)
	case cut && known && role.Role != down:
		return fmt.Sprintf(" %s was cut off from the majority at the time and was a %s in term %d.", o.Node, role.Role, role.Term)
	case cut:
		return fmt.Sprintf(" %s was cut off from the majority at the time.", o.Node)
	case leads:
		return fmt.Sprintf(" %s was leader of term %d at the time.", o.Node, role.Term)
	case known && role.Role != down:
		return fmt.Sprintf(" %s was a %s in term %d at the time.", o.Node, role.Role, role.Term)
	}
	return ""
}

// leaseBelief is about the region lease, where there is one: under it a node serves clients whatever its
// role is.
func (x *explainer) leaseBelief(o *history.Operation) string {
	own, _ := x.role(o.Node, o.CallTime)
	switch r := own.Region; {
	case r.Holds:
		return fmt.Sprintf(" It believed it held the region lease of epoch %d%s.", r.Epoch, x.otherHolders(o))
	case r.Holder == o.Node:
		return fmt.Sprintf(" Its region lease of epoch %d had run out%s.", r.Epoch, x.otherHolders(o))
	case r.Holder != "":
		return fmt.Sprintf(" It took %s for the region leader, of epoch %d.", r.Holder, r.Epoch)
	}
	return ""
}

// otherHolders are the other nodes that believed to hold the region lease:
// ", and n4 believed it held that of epoch 2".
func (x *explainer) otherHolders(o *history.Operation) string {
	var others []string
	for _, node := range x.h.Header.Nodes {
		if r, _ := x.role(node, o.CallTime); r.Region.Holds && node != o.Node {
			others = append(others, fmt.Sprintf("%s believed it held that of epoch %d", node, r.Region.Epoch))
		}
	}
	if len(others) == 0 {
		return ""
	}
	return ", and " + checker.ShowList(others)
}

// down is the role of a node that does not answer when it is asked for it: a moment later it may
// have answered a client.
const down = "down"

// role is what a node last said of itself before a time.
func (x *explainer) role(node string, at time.Duration) (role history.Role, known bool) {
	for i := range x.h.Roles {
		e := &x.h.Roles[i]
		if e.At() > at {
			break
		}
		if e.Node != node {
			continue
		}
		var r history.Role
		if json.Unmarshal(e.Value, &r) == nil {
			role, known = r, true
		}
	}
	return role, known
}

// cutOff says whether a partition in place at a time left the node without a majority.
func (x *explainer) cutOff(node string, at time.Duration) bool {
	for i := range x.h.Faults {
		f := &x.h.Faults[i]
		if f.Active < 0 || at < f.Active || f.End >= 0 && at > f.End {
			continue
		}
		r := f.Resolved()
		all := x.h.Header.Nodes
		if len(all) == 0 {
			all = slices.Concat(r.Groups...)
		}
		for _, group := range r.Groups {
			if slices.Contains(group, node) && 2*len(group) <= len(all) {
				return true
			}
		}
	}
	return false
}
