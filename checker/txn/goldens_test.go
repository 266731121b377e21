package txn

// Each history follows from the definitions by a thought, and most have a neighbour that differs in one answer and
// falls on the other side.

var goldenLists = []golden{
	{"nothing happened", "1 r x\n1 ok x=null", every, ""},
	{"one after the other", `
		1 append x 1
		1 ok
		2 r x, append x 2
		2 ok x=[1]
		1 r x
		1 ok x=[1,2]`, every, ""},

	// Real time, which rw alone does not order.
	{"a stale read", `
		1 append x 1
		1 ok
		2 r x
		2 ok x=[]
		3 r x
		3 ok x=[1]`, "RU RC RR SI S SSI SS", "G-single"},
	{"the same under way", `
		1 append x 1
		2 r x
		2 ok x=[]
		1 ok
		3 r x
		3 ok x=[1]`, every, ""},
	{"a stale read of one's own write", `
		1 append x 1
		1 ok
		1 r x
		1 ok x=[]
		3 r x
		3 ok x=[1]`, "RU RC RR SI S", "G-single"},
	{"a stale read behind an unknown append that was seen", `
		1 append x 1
		2 r x
		2 ok x=[1]
		3 r x
		3 ok x=[]
		1 info`, "RU RC RR SI S SSI SS", "G-single"},
	{"an unknown append that nobody saw", `
		1 append x 1
		2 r x
		2 ok x=[]
		1 info
		3 r x
		3 ok x=[]`, every, ""},
	{"an acknowledged append that nobody ever saw", `
		1 append x 1
		1 ok
		2 append y 1
		2 ok
		3 r x
		3 ok x=[]`, "RU RC RR SI S SSI SS", "G-single"},
	{"what is invoked later is seen", `
		2 r x
		2 ok x=[1]
		1 append x 1
		1 ok`, "RU RC RR SI S SSI SS", "G1c"},

	// ww: between appends that were read, and from those to what was not.
	{"writes interleave", `
		1 append x 1, append y 1
		2 append x 2, append y 2
		1 ok
		2 ok
		3 r x, r y
		3 ok x=[1,2] y=[2,1]`, "", "G0"},
	{"writes do not interleave", `
		1 append x 1, append y 1
		2 append x 2, append y 2
		1 ok
		2 ok
		3 r x, r y
		3 ok x=[1,2] y=[1,2]`, every, ""},
	{"writes interleave where the later ones were never read", `
		1 append x 1, append y 1
		2 append x 2, append y 2
		3 r x
		3 ok x=[1]
		4 r y
		4 ok y=[2]
		1 ok
		2 ok`, "", "G0"},
	{"they may not have happened", `
		1 append x 1, append y 1
		2 append x 2, append y 2
		3 r x
		4 r y
		3 ok x=[1]
		4 ok y=[]
		1 ok
		2 info`, every, ""},
	{"an append within another's two", `
		1 append x 1, append x 2
		2 append x 3
		1 ok
		2 ok
		3 r x
		3 ok x=[1,3,2]`, "", "G0"},
	{"at read-uncommitted, an unknown one in between may have been undone", `
		1 append x 1, append x 2
		2 append x 3
		1 ok
		2 info
		3 r x
		3 ok x=[1,3,2]`, "RU", "G0"},

	// wr.
	{"each saw the other's append", `
		1 append x 1, r y
		2 append y 1, r x
		1 ok y=[1]
		2 ok x=[1]`, "RU", "G1c"},
	{"one saw the other's append", `
		1 append x 1, r y
		2 append y 1, r x
		1 ok y=[1]
		2 ok x=[]`, every, ""},

	// rw.
	{"read skew", `
		1 r x
		2 append x 1, append y 1
		1 ok x=[]
		2 ok
		3 r x, r y
		3 ok x=[] y=[1]`, "RU RC", "G-single"},
	{"write skew", `
		1 r x, append y 1
		2 r y, append x 1
		1 ok x=[]
		2 ok y=[]`, "RU RC SI SSI XSI", "G2-item"},
	{"no write skew, for one saw the other", `
		1 r x, append y 1
		2 r y, append x 1
		1 ok x=[]
		2 ok y=[1]`, every, ""},
	{"a long fork", `
		1 append x 1
		2 append y 1
		3 r x, r y
		4 r x, r y
		3 ok x=[1] y=[]
		4 ok x=[] y=[1]
		1 ok
		2 ok`, "RU RC", "G-nonadjacent"},
	{"no fork", `
		1 append x 1
		2 append y 1
		3 r x, r y
		4 r x, r y
		3 ok x=[1] y=[]
		4 ok x=[1] y=[1]
		1 ok
		2 ok`, every, ""},

	// Snapshot isolation, where an order of appends is known to nobody.
	{"write skew with a common write", `
		1 r y, append z 1, append x 1
		2 r z, append y 1, append x 2
		1 ok y=[]
		2 ok z=[]`, "RU RC", "G2-item"},
	{"the same, and the level finds it", `
		1 r y, append z 1, append x 1
		2 r z, append y 1, append x 2
		1 ok y=[]
		2 ok z=[]`, "RU RC", "G-single@SI"},

	{"a lost update", `
		1 r x, append x 1
		2 r x, append x 2
		1 ok x=[]
		2 ok x=[]`, "RU RC", "G2-item lost-update"},
	{"an update that is not lost", `
		1 r x, append x 1
		2 r x, append x 2
		1 ok x=[]
		2 ok x=[1]`, every, ""},

	{"an aborted append is read", `
		1 append x 1
		1 fail
		2 r x
		2 ok x=[1]`, "RU", "G1a"},
	{"an aborted append is not read", `
		1 append x 1
		1 fail
		2 r x
		2 ok x=[]`, every, ""},
	{"nobody appended it", `
		2 r x
		2 ok x=[1]`, "", "dirty-read"},
	{"a list in the middle of a transaction", `
		1 append x 1, append x 2
		2 r x
		2 ok x=[1]
		1 ok`, "RU", "G-single G1b"},
	{"its own list in the middle", `
		1 append x 1, r x, append x 2
		1 ok x=[1]`, every, ""},
	{"twice", `
		1 append x 1
		1 ok
		2 r x
		2 ok x=[1,1]`, "", "duplicate-apply"},
	{"two orders", `
		1 append x 1
		2 append x 2
		3 r x
		3 ok x=[1,2]
		4 r x
		4 ok x=[2]
		1 ok
		2 ok`, "", "incompatible-order"},
	{"two orders, of which the text of one begins the other's", `
		1 append x 1, append y 2
		1 ok
		2 append x 2
		3 append x 23
		4 r x
		4 ok x=[1,23]
		5 r x
		5 ok x=[1,2]
		2 ok
		3 ok`, "", "incompatible-order"},
	{"two orders, one of them with what may have been undone", `
		1 append x 1
		2 append x 2
		3 r x
		3 ok x=[1,2]
		4 r x
		4 ok x=[2]
		1 info
		2 ok`, "RU", "incompatible-order"},
	{"the first of two appends is missing", `
		1 append x 1, append x 2
		1 ok
		2 r x
		2 ok x=[2]`, "", "incompatible-order"},
	{"its own append is missing", `
		1 append x 1, r x
		1 ok x=[]`, "", "internal"},
	{"its own append is there too early", `
		1 r x, append x 1
		1 ok x=[1]`, "", "internal"},
	{"behind its own append stands another", `
		1 append x 1, r x
		2 append x 2
		1 ok x=[1,2]
		2 ok`, "", "internal"},
	{"what it read changes", `
		1 r x, r x
		2 append x 1
		1 ok x=[] x=[1]
		2 ok`, "RU RC", "G-single internal"},
	{"what it read changes below its own append", `
		1 r x, append x 2, r x
		2 append x 1
		1 ok x=[] x=[1,2]
		2 ok`, "RU RC", "G-single internal"},
}

var goldenRegisters = []golden{
	{"one after the other", `
		1 w x 1
		1 ok
		2 r x, w x 2
		2 ok x=1
		1 r x
		1 ok x=2`, every, ""},
	{"a stale read of nil", `
		1 w x 1
		1 ok
		2 r x
		2 ok x=null
		3 r x
		3 ok x=1`, "RU RC RR SI S SSI SS", "G-single"},
	{"a stale read of a value", `
		1 w x 1
		1 ok
		2 w x 2
		2 ok
		3 r x
		3 ok x=1`, "RU RC RR SI S SSI SS", "G-single"},
	{"either of two writes may be the last", `
		1 w x 1
		2 w x 2
		1 ok
		2 ok
		3 r x
		3 ok x=1`, every, ""},
	{"but not both", `
		1 w x 1
		2 w x 2
		1 ok
		2 ok
		3 r x
		3 ok x=1
		4 r x
		4 ok x=2`, "RU RC RR SI S SSI SS", "G0"},
	{"a stale read of one's own write", `
		1 w x 1
		1 ok
		1 w x 2
		1 ok
		1 r x
		1 ok x=1`, "RU RC RR SI S", "G-single"},
	{"each saw the other's write", `
		1 w x 1, r y
		2 w y 1, r x
		1 ok y=1
		2 ok x=1`, "RU", "G1c"},
	{"read skew", `
		1 w x 1, w y 1
		2 r x, r y
		1 ok
		2 ok x=null y=1`, "RU RC", "G-single"},
	{"write skew", `
		1 r x, w y 1
		2 r y, w x 1
		1 ok x=null
		2 ok y=null`, "RU RC SI SSI XSI", "G2-item"},
	{"a long fork", `
		1 w x 1
		2 w y 1
		3 r x, r y
		4 r x, r y
		3 ok x=1 y=null
		4 ok x=null y=1
		1 ok
		2 ok`, "RU RC", "G-nonadjacent"},
	{"a lost update", `
		1 r x, w x 1
		2 r x, w x 2
		1 ok x=null
		2 ok x=null`, "RU RC", "G2-item lost-update"},
	{"two writes of two registers, of each of which another is read", `
		1 w x 1, w y 1
		2 w x 2, w y 2
		1 ok
		2 ok
		3 r x, r y
		3 ok x=1 y=2`, "RU RC", "G0"},
	{"the same, of one register of each both were read", `
		1 w x 1, w y 1
		2 w x 2, w y 2
		1 ok
		2 ok
		3 r x, r y
		3 ok x=2 y=2`, every, ""},
	{"who read a write and missed what its reader wrote over another of it", `
		1 w x 1, w y 1
		2 r y, w x 2
		3 r x, r z
		4 r z, w z 1
		4 ok z=null
		1 ok
		2 ok y=1
		3 ok x=1 z=1`, every, ""},
	{"and saw what came after that", `
		1 w x 1, w y 1
		2 r y, w x 2, w z 1
		3 r x, r z
		1 ok
		2 ok y=1
		3 ok x=1 z=1`, "RU RC", "G-single"},
	{"an aborted write is read", `
		1 w x 1
		1 fail
		2 r x
		2 ok x=1`, "RU", "G1a"},
	{"nobody wrote it", `
		2 r x
		2 ok x=1`, "", "dirty-read"},
	{"what another wrote over itself", `
		1 w x 1, w x 2
		2 r x
		2 ok x=1
		1 ok`, "RU", "G1b"},
	{"its own write is missing", `
		1 w x 1, r x
		1 ok x=null`, "", "internal"},
	{"its own write is there too early", `
		1 r x, w x 1
		1 ok x=1`, "", "internal"},
	{"what it read changes", `
		1 r x, r x
		2 w x 1
		1 ok x=null x=1
		2 ok`, "RU RC", "G-single internal"},
	{"an unknown write that comes back", `
		1 w x 1
		2 w x 2
		3 r x
		3 ok x=1
		4 r x
		4 ok x=2
		5 r x
		5 ok x=1
		1 info
		2 info`, "RU RC RR SI S SSI SS", "G-single"},
	{"an unknown write that comes back for one client", `
		1 w x 1
		2 w x 2
		3 r x
		3 ok x=1
		3 r x
		3 ok x=2
		3 r x
		3 ok x=1
		1 info
		2 info`, "RU RC RR SI S", "G-single@SS"},
	{"an unknown write that does not come back", `
		1 w x 1
		2 w x 2
		3 r x
		3 ok x=1
		3 r x
		3 ok x=2
		3 r x
		3 ok x=2
		1 info
		2 info`, every, ""},
	{"an unknown write that was seen, and then not", `
		1 w x 1
		2 r x
		2 ok x=1
		3 r x
		3 ok x=null
		1 info`, "RU RC RR SI S SSI SS", "G-single"},
}
