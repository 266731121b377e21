package control

import (
	"errors"
	"net/http"
)

// Membership is who belongs to the cluster.
type Membership struct {
	Index     uint64   `json:"index"`     // of the entry that brought it; 0: the nodes were told at their start
	Committed bool     `json:"committed"` // else it may still go back to the one before
	Members   []Member `json:"members"`
}

// Member is a node of the cluster.
type Member struct {
	Name   string `json:"name"`
	Number int    `json:"number"` // which a node that joins must be told
	Addr   string `json:"addr"`
	Role   string `json:"role"`
}

// Roles of a member.
const (
	Voter   = "voter"
	Learner = "learner" // it gets the log and is not counted
)

// Change is one change of the membership: one of Add, Promote and Remove is set.
type Change struct {
	Add     string `json:"add,omitempty"`     // a new node, as a learner
	Addr    string `json:"addr,omitempty"`    // its peer address, as the others are to dial it
	Promote string `json:"promote,omitempty"` // a learner, which votes from then on
	Remove  string `json:"remove,omitempty"`
	Force   bool   `json:"force,omitempty"` // removes a voter even if no quorum of those that stay answers
}

func (c *Change) check() error {
	asked := 0
	for _, name := range []string{c.Add, c.Promote, c.Remove} {
		if name != "" {
			asked++
		}
	}
	switch {
	case asked != 1:
		return errors.New("want one change: add, promote or remove")
	case (c.Addr != "") != (c.Add != ""):
		return errors.New("addr is where a node is dialled that is added, and only that")
	case c.Force && c.Remove == "":
		return errors.New("force is for what is removed")
	}
	return nil
}

func (h *handler) membership(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, h.node.Membership())
}

func (h *handler) changeMembership(w http.ResponseWriter, r *http.Request) {
	var c Change
	err := read(w, r, &c)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		refuse(w, err)
		return
	}
	m, err := h.node.ChangeMembership(r.Context(), c)
	if err != nil {
		done(w, err)
		return
	}
	answer(w, http.StatusOK, m)
}
