package importers

import (
	"strings"
	"testing"
)

const enqueued = `{:process 0 :type :invoke :f :enqueue :value 1}
{:process 0 :type :ok :f :enqueue :value 1}
`

// A drain is as many dequeues, each as long as the whole.
func TestADrainIsDequeues(t *testing.T) {
	const text = enqueued + `{:process 3 :type :invoke :f :drain :value nil}
{:process 0 :type :invoke :f :dequeue}
{:process 3 :type :ok :f :drain :value [1 "b"]}
{:process 3 :type :invoke :f :drain}
{:process 3 :type :fail :f :drain :error :empty}
{:process 0 :type :ok :f :dequeue :value nil}
{:process 3 :type :invoke :f :drain}
{:process 3 :type :ok :f :drain :value []}
`
	got, err := Read(strings.NewReader(text), "", model(t, "queue"))
	if err != nil {
		t.Fatal(err)
	}
	want := `jepsen-edn, queue: 8 events, 0 of the nemesis, 0 other lines, untimed true, until 0s
0-1 line 1: 0 enqueue queue 1 -> ok 1
2-5 line 3: 4 dequeue queue null -> ok 1
3-6 line 3: 5 dequeue queue null -> ok "b"
4-7 line 4: 0 dequeue queue null -> ok null
`
	if transcript(got) != want {
		t.Errorf("%swant\n%s", transcript(got), want)
	}
	for text, want := range map[string]string{
		`{:process 3 :type :invoke :f :drain}`:                                                          "line 3: a drain without an answer: how much it took nobody knows",
		`{:process 3 :type :invoke :f :drain}` + "\n" + `{:process 3 :type :info :f :drain}`:            "line 3: a drain without an answer",
		`{:process 3 :type :invoke :f :drain}` + "\n" + `{:process 3 :type :ok :f :drain :value 7}`:     "line 4: a drain is :ok with a vector of what it took, not with 7",
		`{:process 3 :type :invoke :f :drain}` + "\n" + `{:process 3 :type :ok :f :drain}`:              "line 4: a drain is :ok without :value",
		`{:process 3 :type :ok :f :drain :value [1]}`:                                                   "line 3: process 3 completes a drain that it never invoked",
		`{:process 3 :type :ok :f :drain :value []}`:                                                    "line 3: process 3 completes a drain that it never invoked",
		`{:process 3 :type :invoke :f :drain :value 5}`:                                                 "line 3: a drain is asked with nil, not with 5",
		`{:process 3 :type :invoke :f :drain}` + "\n" + `{:process 3 :type :invoke :f :dequeue}`:        "line 4: process 3 goes on to dequeue, and its drain has no answer",
		`{:process 3 :type :invoke :f :drain}` + "\n" + `{:process 3 :type :ok :f :dequeue :value nil}`: "line 4: process 3 goes on to dequeue",
		`{:process 3 :type :invoke :f :enqueue :value 2}` + "\n" + `{:process 3 :type :invoke :f :drain}` + "\n" + `{:process 3 :type :ok :f :drain :value [1]}` + "\n" + `{:process 3 :type :ok :f :enqueue :value 2}`: "line 4: process 3 invokes a drain while its enqueue is still open",
		strings.Repeat(`{:process 3 :type :invoke :f :drain}`+"\n", 2) + `{:process 3 :type :fail :f :drain}`:                                                                                                           "line 4: process 3 goes on to drain",
	} {
		if _, err := Read(strings.NewReader(enqueued+text), "", model(t, "queue")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
	if _, err := Read(strings.NewReader(text), "", model(t, "register")); err == nil {
		t.Error("registers were drained")
	}
}

// What a read of a set shows may be a set, and of nothing else.
func TestASetIsReadAsOne(t *testing.T) {
	const text = `{:process 0 :type :invoke :f :read :value [5 nil]}
{:process 0 :type :ok :f :read :value [5 #{1 "b"}]}
`
	got, err := Read(strings.NewReader(text), "", model(t, "set"))
	if err != nil || string(got.History.Operations[0].Output) != `[1,"b"]` {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{"register", "append", "counter"} {
		if _, err := Read(strings.NewReader(text), "", model(t, name)); err == nil || !strings.Contains(err.Error(), "line 2: a value that is a set") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
