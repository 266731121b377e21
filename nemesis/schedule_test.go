package nemesis

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
)

var five = []string{"n1", "n2", "n3", "n4", "n5"}

type file struct {
	Nemesis Schedule `yaml:"nemesis"`
}

func parse(t *testing.T, text string) (Schedule, error) {
	t.Helper()
	var f file
	d := strictyaml.Decode("s.yaml", []byte(text), &f)
	if d.Failures() == 0 {
		f.Nemesis.Check(five, 10*time.Second, d)
	}
	return f.Nemesis, d.Err()
}

// What a fault prints, and what a schedule writes, reads as the same again.
func TestRoundTrip(t *testing.T) {
	for _, text := range []string{
		"- {at: 1s, for: 2s, partition: [[leader, one], rest]}",
		"- {at: 1s, for: 2s, partition: [[n1, n2], [n3, n4, n5]]}",
		"- {at: 1s, for: 2s, partition: [minority, rest]}",
		"- {at: 1s, for: 2s, one-way: {from: leader, to: [n2, one]}}",
		"- {at: 1s, for: 2s, kill: all}",
		"- {at: 1s, for: 2s, kill: [leader, random(2)]}",
		"- {at: 1s, for: 2s, partition: leader}",
		"- {at: 1s, for: 2s, partition: halves}",
		"- {at: 1s, for: 2s, partition: ring}",
		"- {at: 1s, for: 2s, partition: bridge}",
		"- {at: 1s, for: 2s, cut: n1->n2}",
		"- {at: 1s, for: 2s, corrupt-tail: [n1, one]}",
		"- {at: 1s, for: 2s, cut: [leader<->one, one->n3, random(2)<->random(2)]}",
		"- {at: 1s, for: 2s, loss: {of: 30%, links: leader<->rest}}",
		"- {at: 1s, for: 2s, loss: {of: 5%, links: [n1->n2, n3->one]}}",
		"- {at: 1s, for: 2s, rate-limit: {to: 16KB/s, links: all<->all}}",
		"- {at: 1s, for: 2s, pause: [leader, one]}",
		"- {at: 1s, restart: leader}",
		"- {at: 1s, rolling-restart: [followers, leader]}",
		"- {at: 1s, for: 3s, rolling-restart: all}",
		"- {every: 3s, for: 1s, kill: one}",
		"- {at: 0s, every: 3s, jitter: 500ms, times: 2, for: 1s, partition: halves}",
		"- {at: 1s, partition: leader, until: leader changed, within: 3s}",
		"- {at: 1s, partition: [[leader, rest], [region-leader, one]], until: region-leader changed, within: 3s}",
		"- {at: 1s, for: 2s, cut: region-leader<->leader}",
		"- {at: 1s, sequence: [{until: region-leader, within: 1s}, {until: region-leader != n1, within: 1s}, {ask: {f: read, key: x, at: region-leader}}]}",
		"- {at: 1s, sequence: [{until: leader, within: 1s}, {until: leader == n1, within: 1s}, {until: leader != n1, within: 1s}, {kill: all}]}",
		"- {every: 4s, sequence: [{kill: leader, for: 1s}, {wait: 500ms}, {restart: one}]}",
		"- {at: 1s, sequence: [{kill: leader, for: 1s}, {wait: 500ms}, {restart: followers}]}",
		"- {at: 1s, ask: {f: read, key: x, at: leader}}",
		"- {at: 1s, for: 2s, clock: {at: [leader, n2], rate: 0.1}}",
		"- {at: 1s, for: 2s, wall-clock: {at: leader, back: 20s}}",
		"- {at: 1s, transfer: one}",
		"- {at: 1s, elect: n3}",
		"- {at: 1s, campaign-in-vain: [n3, n4]}",
		"- {at: 1s, for: 2s, hold-elections: all}",
		"- {at: 1s, for: 2s, failpoint: {name: append.after-fsync, at: leader, action: crash, hit: 2, key: x}}",
		"- {at: 1s, for: 2s, failpoint: {name: ae.before-send, at: [n1, n2], action: sleep, for: 1s, every: true, peer: n3}}",
		"- {at: 1s, sequence: [{ask: {f: append, key: x, at: n1, name: e}}, {until: 2 hold e, within: 1s}, {until: fired ack.hold at n1 4 times, within: 1s}, {until: fired a.b, within: 1s}, {failpoint: {name: ae.before-send, at: n1, action: hold, up-to: e}, for: 1s}]}",
		"- {at: 1s, ask: {f: append, key: x, at: n1, name: e, retry: same-identity, timeout: 2s, expect: info, background: true}}",
		"- {at: 1s, partition: leader, meanwhile: [{ask: {f: read, key: x, at: n1, repeat: true, expect: ok}}, {kill: n2, meanwhile: [{wait: 1s}]}]}",
	} {
		first, err := parse(t, "nemesis: ["+strings.TrimPrefix(text, "- ")+"]")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		out, err := yaml.Marshal(file{first})
		if err != nil {
			t.Fatal(err)
		}
		second, err := parse(t, string(out))
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%s was written as\n%swhich reads as %v (%v)", text, out, second, err)
		}
		for _, step := range first[0].Steps {
			if step.Fault == nil {
				continue
			}
			rest := first[0].Steps[0].Ask // it may be named in the fault
			ask := "ask: {f: read, key: x, at: n1}"
			if rest != nil {
				ask = rest.String()
			}
			again, err := parse(t, "nemesis: [{at: 0s, "+step.Fault.String()+"}, {at: 0s, "+ask+"}]")
			if err != nil || !reflect.DeepEqual(again[0].Steps[0].Fault, step.Fault) {
				t.Errorf("%s reads as %v (%v)", step.Fault, again, err)
			}
		}
	}
}

func TestErrorsNameThePlaceAndTheCure(t *testing.T) {
	for text, want := range map[string]string{
		"- {at: 1s, partition: [[n1, n9], rest]}":                                     `s.yaml:2:31: "n9" is none of the 5 nodes and no selector (the nodes are n1 to n5)`,
		"- {at: 1s, partition: [leeder, rest]}":                                       `s.yaml:2:26: "leeder" is none of the 5 nodes and no selector (did you mean leader?)`,
		"- {at: 1s, partition: [n1, n2]}":                                             "the groups hold 2 of 5 nodes (add a group `rest`)",
		"- {at: 1s, partition: [all]}":                                                "a partition needs two groups or more",
		"- {at: 1s, partition: [all, rest]}":                                          "the groups want more nodes than the 5 there are",
		"- {at: 1s, partition: [[n1, n2], [n2, rest]]}":                               "n2 stands twice",
		"- {at: 1s, kil: leader}":                                                     `s.yaml:2:14: unknown fault "kil" (did you mean kill?)`,
		"- {at: -1s, kill: leader}":                                                   "s.yaml:2:10: a duration cannot be negative: -1s",
		"- {at: 1s}":                                                                  "no fault is named here (faults are " + strings.Join(kindNames(), ", ") + ")",
		"- {at: 1s, kill: n1, restart: n2}":                                           "restart stands beside kill: one step is one fault",
		"- {at: 1s, sequence: []}":                                                    "the sequence is empty",
		"- {at: 1s, for: 1s, sequence: [{kill: n1}]}":                                 "for stands beside a sequence",
		"- {at: 9s, for: 2s, kill: n1}":                                               "the fault would end 11s after the start, but the run lasts 10s",
		"- {at: 1s, kill: random(6)}":                                                 "random(6) chooses 6 nodes (there are 5 nodes)",
		"- {at: 1s, kill: random(99999999999999999999)}":                              "random(99999999999999999999) chooses 6 nodes",
		"- {at: 1s, kill: []}":                                                        "a group without nodes",
		"- {at: 1s, one-way: {from: leader}}":                                         "one-way needs both from and to",
		"- {at: 1s, one-way: [a]}":                                                    "want fields, each as `name: value`, found a list",
		"- {at: 1s, sequence: [{wait: 1s, kill: n1}]}":                                "a step is either a fault or a wait",
		"- {at: 1s, partition: }":                                                     "s.yaml:2:25: want a list, found nothing",
		"- {at: 1s, partition: haves}":                                                `s.yaml:2:25: unknown way to split the nodes "haves" (did you mean halves?)`,
		"- {at: 1s, partition: n9}":                                                   `s.yaml:2:25: "n9" is none of the 5 nodes and no selector`,
		"- {at: 1s, partition: all}":                                                  "s.yaml:2:25: the groups want more nodes than the 5 there are",
		"- {at: 1s, cut: n1}":                                                         `s.yaml:2:19: "n1" is no link (write n1->n2, or n1<->n2 for both ways)`,
		"- {at: 1s, cut: [n1->n2, n1->n7]}":                                           `s.yaml:2:28: "n7" is none of the 5 nodes and no selector (the nodes are n1 to n5)`,
		"- {at: 1s, cut: [leader->leader]}":                                           "s.yaml:2:20: leader->leader: a node has no link to itself",
		"- {at: 1s, cut: []}":                                                         "no link is named (write [n1->n2])",
		"- {at: 1s, cut: random(3)->random(4)}":                                       "s.yaml:2:19: the links want more nodes than the 5 there are",
		"- {at: 1s, loss: {of: 30%}}":                                                 "s.yaml:2:20: loss needs both of and links",
		"- {at: 1s, loss: {of: 30, links: n1->n2}}":                                   `s.yaml:2:25: "30" is no share from 5% to 90%`,
		"- {at: 1s, loss: {of: 99%, links: n1->n2}}":                                  `"99%" is no share from 5% to 90%`,
		"- {at: 1s, loss: {of: 9%, links: n1->n8}}":                                   `s.yaml:2:36: "n8" is none of the 5 nodes`,
		"- {at: 1s, rate-limit: {links: n1->n2}}":                                     "rate-limit needs both to and links",
		"- {at: 1s, rate-limit: {to: 1MB/s, links: a}}":                               `"1MB/s": a rate is written as 16KB/s, from 4KB/s to 64KB/s`,
		"- {at: 1s, pause: n6}":                                                       "s.yaml:2:21: \"n6\" is none of the 5 nodes",
		"- {at: 1s, rolling-restart: leeder}":                                         "did you mean leader?",
		"- {every: 0s, kill: n1}":                                                     "s.yaml:2:13: rounds need some time between them (every: 5s)",
		"- {every: 3s, times: 0, kill: n1}":                                           "s.yaml:2:24: the fault would strike 0 times",
		"- {at: 1s, jitter: 1s, kill: n1}":                                            "s.yaml:2:22: jitter and times belong to a fault that strikes every so often (add every: 5s)",
		"- {at: 1s, times: 2, kill: n1}":                                              "s.yaml:2:21: jitter and times belong",
		"- {every: 2s, jitter: 1s, for: 2s, kill: n1}":                                "s.yaml:2:13: a round may take 3s, but the next one begins after 2s",
		"- {every: 3s, times: 4, for: 1s, kill: n1}":                                  "s.yaml:2:24: round 4 of 4 would end 13s after the start, but the run lasts 10s",
		"- {every: 20s, kill: n1}":                                                    "the fault would end 20s after the start, but the run lasts 10s",
		"- {every: 1us, kill: n1}":                                                    "s.yaml:2:13: the schedule has more than 10000 steps (make every longer)",
		"- {every: 1s, times: 999999999999, kill: n1}":                                "the schedule has more than 10000 steps",
		"- {at: 2540400h, for: 2540400h, kill: n1}":                                   "would end 2562047h47m16.854775807s after the start",
		"- {at: 1s, kill: n1, until: leader}":                                         "s.yaml:2:24: until needs a bound, so that a run cannot wait for ever (within: 5s)",
		"- {at: 1s, kill: n1, within: 1s}":                                            "s.yaml:2:24: within is a bound on until, and there is none",
		"- {at: 1s, kill: n1, until: leader, for: 1s}":                                "s.yaml:2:39: a fault lasts either for some time or until something holds",
		"- {at: 1s, kill: n1, until: a leader}":                                       `s.yaml:2:31: "a leader" is no condition (conditions are leader, leader changed, leader == n1, leader != n1, the same of the region-leader, fired ack.hold, fired ack.hold at n1 4 times, 3 hold NAME)`,
		"- {at: 1s, sequence: [{until: leader != n8, within: 1s}]}":                   `s.yaml:2:33: "n8" is none of the 5 nodes (the nodes are n1 to n5)`,
		"- {at: 1s, failpoint: {name: a, at: n1}}":                                    "s.yaml:2:25: a failpoint needs name, at and action",
		"- {at: 1s, failpoint: {name: a, at: n9, action: hold}}":                      `s.yaml:2:39: "n9" is none of the 5 nodes`,
		"- {at: 1s, failpoint: {name: a, at: n1, action: holt}}":                      `unknown action "holt" (did you mean hold?)`,
		"- {at: 1s, failpoint: {name: a, at: n1, action: hold, for: 1s}}":             "a sleep lasts for some time, and nothing else does",
		"- {at: 1s, failpoint: {name: a, at: n1, action: sleep}}":                     "a sleep lasts for some time, and nothing else does",
		"- {at: 1s, failpoint: {name: a, at: n1, action: hold, hit: 2, every: true}}": "either the hit of this number acts, or every one",
		"- {at: 1s, failpoint: {name: a, at: n1, action: hold, peer: leader}}":        `"leader" is none of the 5 nodes`,
		"- {at: 1s, failpoint: {name: a, at: n1, action: hold, up-to: e}}":            "no operation of the schedule is called e",
		"- {at: 1s, clock: {at: n1}}":                                                 "a clock needs both at and rate",
		"- {at: 1s, clock: {at: n1, rate: 1.001}}":                                    "s.yaml:2:36: a rate of 1.001",
		"- {at: 1s, wall-clock: {at: n1}}":                                            "a wall clock needs at, and either forward or back",
		"- {at: 1s, wall-clock: {at: n1, back: 20ms}}":                                "a wall clock that is set by -20ms",
		"- {at: 1s, wall-clock: {at: n7, forward: 20s}}":                              `"n7" is none of the 5 nodes`,
		"- {at: 1s, clock: {at: n7, rate: 0.5}}":                                      `"n7" is none of the 5 nodes`,
		"- {at: 1s, transfer: followers}":                                             "followers means several nodes, and one can lead (name one)",
		"- {at: 1s, elect: [n1, n2]}":                                                 "[n1, n2] means several nodes, and one can lead",
		"- {at: 1s, hold-elections: n8}":                                              `"n8" is none of the 5 nodes`,
		"- {at: 1s, campaign-in-vain: n8}":                                            `"n8" is none of the 5 nodes`,
		"- {at: 1s, sequence: [{until: 3 hold e, within: 1s}]}":                       "s.yaml:2:33: no operation of the schedule is called e",
		"- {at: 1s, sequence: [{until: fired a at n9, within: 1s}]}":                  `s.yaml:2:33: "n9" is none of the 5 nodes`,
		"- {at: 1s, ask: {f: cas, key: x, at: n1}}":                                   `s.yaml:2:23: no operation "cas" can be asked for (it can be a read, write, append)`,
		"- {at: 1s, ask: {f: read, at: n1}}":                                          "s.yaml:2:19: an operation is about a key (key: x)",
		"- {at: 1s, ask: {f: read, key: x}}":                                          "s.yaml:2:19: nobody is asked (at: leader, or a node's name)",
		"- {at: 1s, ask: {f: read, key: x, at: n9}}":                                  `s.yaml:2:41: "n9" is none of the 5 nodes`,
		"- {at: 1s, ask: {f: read, key: x, at: followers}}":                           "s.yaml:2:41: followers means several nodes, and one is asked",
		"- {at: 1s, ask: {f: read, key: x, at: n1, expect: yes}}":                     `s.yaml:2:53: an answer cannot be "yes" (ok, info or fail)`,
		"- {at: 1s, ask: {f: read, key: x, at: n1, nam: e}}":                          `unknown field "nam" (did you mean name?)`,
		"- {at: 1s, ask: {f: read, key: x, at: n1, name: e 1}}":                       `an operation cannot be called "e 1"`,
		"- {at: 1s, ask: {f: write, key: x, at: n1, repeat: true}}":                   "only reads are repeated: each write is one of its own",
		"- {at: 1s, kill: n1, ask: {f: read, key: x, at: n1}}":                        "an operation stands in a step of its own (make two steps of it)",
		"- {at: 1s, wait: 1s, meanwhile: [{wait: 1s}]}":                               "there is no fault while which the steps could happen",
		"- {at: 1s, kill: n1, for: 1s, meanwhile: [{wait: 1s}]}":                      "a fault with steps of its own lasts as long as they take",
		"- {at: 1s, kill: n1, meanwhile: []}":                                         "no step is there",
		"- {at: 8s, kill: n1, meanwhile: [{kill: n2, for: 3s}]}":                      "the fault would end 11s after the start",
		"- {at: 1s, kill: n1, meanwhile: [{kill: n9}]}":                               `s.yaml:2:43: "n9" is none of the 5 nodes`,
		"- {at: 9s, partition: one, until: leader, within: 2s}":                       "the fault would end 11s after the start, but the run lasts 10s",
	} {
		_, err := parse(t, "nemesis:\n  "+text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got  %v\n want %s", text, err, want)
		}
	}
}

type fixedLeader string

func (l fixedLeader) Leader(context.Context) (string, error) { return string(l), nil }

// RegionLeader is n4 always.
func (l fixedLeader) RegionLeader(context.Context) (string, error) { return "n4", nil }

func TestPickerChoosesTheRegionLeader(t *testing.T) {
	for seed := range uint64(50) {
		p := NewPicker(five, fixedLeader("n3"), rand.New(rand.NewPCG(seed, 1)))
		groups, err := p.Groups(t.Context(), []Group{{RegionLeader, Rest}, {Leader, One}})
		if err != nil || groups[1][0] == "n4" || groups[1][1] == "n4" || !slices.Contains(groups[1], "n3") || !slices.Contains(groups[0], "n4") {
			t.Fatalf("%v, %v", groups, err)
		}
	}
	_, err := NewPicker(five, fixedLeader("n4"), rand.New(rand.NewPCG(1, 1))).Groups(t.Context(), []Group{{Leader}, {RegionLeader}})
	if err == nil || !strings.Contains(err.Error(), "n4 leads the region, and another selector chose it") {
		t.Errorf("one node is both: %v", err)
	}
}

func TestPickerChoosesEachNodeOnce(t *testing.T) {
	for seed := range uint64(200) {
		p := NewPicker(five, fixedLeader("n3"), rand.New(rand.NewPCG(seed, 1)))
		groups, err := p.Groups(t.Context(), []Group{{Rest}, {Leader, One}})
		if err != nil {
			t.Fatal(err)
		}
		if len(groups[0]) != 3 || len(groups[1]) != 2 || !slices.Contains(groups[1], "n3") {
			t.Fatalf("seed %d: [rest] [leader, one] became %v", seed, groups)
		}
		all := slices.Sorted(slices.Values(slices.Concat(groups...)))
		if !slices.Equal(all, five) {
			t.Fatalf("seed %d: %v are not the five nodes", seed, groups)
		}
		if got := p.Targets()["leader"]; !slices.Equal(got, []string{"n3"}) {
			t.Fatalf("targets of leader: %v", got)
		}
	}
}

func TestPickerRefusesAnEmptyGroup(t *testing.T) {
	p := NewPicker(five, fixedLeader("n3"), rand.New(rand.NewPCG(1, 1)))
	_, err := p.Groups(t.Context(), []Group{{"n3"}, {Leader}, {Rest}})
	if err == nil || !strings.Contains(err.Error(), "n3 leads, and another selector chose it") {
		t.Fatalf("the leader was taken already, and yet: %v", err)
	}
}
