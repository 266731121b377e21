package importers

import (
	"strings"
	"testing"

	"schism/history"
)

// What transactions and banks ask for and are told is in our own spelling, whatever it is written in.
func TestShapes(t *testing.T) {
	for _, c := range []struct{ model, text, want string }{
		{"list-append", "{:process 0, :type :invoke, :f :txn, :value [[:append 3 1] [:r :x nil]]}\n{:process 0, :type :ok, :f :txn, :value [[:append 3 1] [:r :x [1 2]]]}",
			`0-1 txn lists [["append","3",1],["r",":x",null]] -> ok [["append","3",1],["r",":x",[1,2]]]`},
		{"list-append", `{:process 0, :type :invoke, :f :txn, :value (["append" "é" "a"] (:r "é" nil))}`,
			`0--1 txn lists [["append","é","a"],["r","é",null]] -> info null`},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:w 1 2]]}\n{:process 0, :type :info, :f :txn, :value [:timeout]}",
			`0-1 txn lists [["w","1",2]] -> info null`},
		{"long-fork", "INFO  jepsen.util - 0\t:invoke\t:txn\t[[:r 0 nil] [:r 1 nil]]\nINFO  jepsen.util - 0\t:ok\t:txn\t[[:r 0 1] [:r 1 nil]]\n",
			`0-1 txn registers [["r","0",null],["r","1",null]] -> ok [["r","0",1],["r","1",null]]`},
		{"bank", "{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value {0 10, :a 20, \"b\" nil}}",
			`0-1 read accounts null -> ok {"0":10,":a":20,"b":null}`},
		{"bank", "{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :read, :value [10 -20]}",
			`0-1 read accounts null -> ok {"0":10,"1":-20}`},
		{"bank", "{:process 0, :type :invoke, :f :transfer, :value {:amount 3, :to 1, :from 0}}\n{:process 0, :type :fail, :f :transfer, :value [:negative 0]}",
			`0-1 transfer accounts {"amount":3,"to":"1","from":"0"} -> fail null`},
		{"bank", "{:process 0, :type :invoke, :f :read, :value [:b nil]}\n{:process 0, :type :ok, :f :read, :value [:b {0 10}]}",
			`0-1 read :b null -> ok {"0":10}`},
	} {
		got, err := Read(strings.NewReader(c.text), "", model(t, c.model))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		o := got.History.Operations[0]
		if text := shape(o); text != strings.ReplaceAll(c.want, "txn lists", "txn "+model(t, c.model).Object) {
			t.Errorf("%s reads as\n%s, want\n%s", c.text, text, c.want)
		}
	}
}

func shape(o history.Operation) string {
	return strings.Join([]string{string(history.Int(o.Call)) + "-" + string(history.Int(o.Return)), o.F, o.Key, history.Text(o.Input), "->", string(o.Outcome), history.Text(o.Output)}, " ")
}

func TestErrorsOfShapesNameTheLine(t *testing.T) {
	const (
		first = "{:process 9, :type :invoke, :f :read, :value nil}\n"
		ours  = `{"schism":1}` + "\n" + `{"index":0,"time":0,"process":1,"type":"invoke","f":`
	)
	for _, c := range []struct{ model, text, want string }{
		{"list-append", "\n{:process 0, :type :invoke, :f :txn, :value [[:w 3 1]]}", `line 2: "w" in a transaction is nothing that the model list-append knows, which knows r, append`},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:append 3 1]]}", `line 1: "append" in a transaction is nothing that the model rw-register knows, which knows r, w`},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:r 3]]}", "line 1: part 1 of a transaction is a vector, and none of [:r key value]"},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:w 3 1] 5]}", "line 1: part 2 of a transaction is 5, and none of"},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:w nil 1]]}", "line 1: part 1 of a transaction is a vector, and none of"},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:cas 3 1]]}", "line 1: part 1 of a transaction is a vector, and none of"},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value {:w 3}}", "line 1: a transaction is a vector of [:r key nil] and the like, not a map"},
		{"rw-register", "{:process 0, :type :invoke, :f :txn}", "line 1: null is no transaction"},
		{"rw-register", "{:process 0, :type :invoke, :f :txn, :value [[:r 3 nil]\n[:r \"3\" nil]]}", "line 2: the keys 3 and \"3\" are different ones that schism would give one name"},
		{"rw-register", "{:process 0, :type :invoke, :f :read, :value nil}", `line 1: "read" is no operation of the model rw-register, which knows txn`},
		{"bank", first + "{:process 9, :type :ok, :f :read, :value 5}", "line 2: balances are a map of accounts to amounts, or a vector of amounts, not 5"},
		{"bank", first + "{:process 9, :type :ok, :f :read, :value {0 1.5}}", `line 2: balances {"0":1.5}: that of "0" is no whole number of 64 bits`},
		{"bank", first + "{:process 9, :type :ok, :f :read, :value {0 1, 0 2}}", `line 2: balances {"0":1,"0":2}: the account "0" stands there twice`},
		{"bank", first + "{:process 9, :type :ok, :f :read}", "line 2: a read is :ok without :value"},
		{"bank", first + "{:process 1, :type :invoke, :f :transfer, :value {:from 0, :to 1}}", `line 2: {"from":"0","to":"1"} is no transfer`},
		{"bank", first + "{:process 1, :type :invoke, :f :transfer, :value {:from 0, :from 2, :amount 1}}", "line 2: "},
		{"bank", first + "{:process 1, :type :invoke, :f :transfer, :value {:from 0, :to 1, :amount 1, :fee 1}}", "line 2: a transfer is {:from account, :to account, :amount number}, and has no :fee"},
		{"bank", first + "{:process 1, :type :invoke, :f :transfer, :value 3}", "line 2: a transfer is {:from account, :to account, :amount number}, not 3"},
		{"bank", first + "{:process 1, :type :invoke, :f :transfer}", "line 2: a transfer without :value"},
		{"bank", ours + `"transfer","value":{"from":0,"to":"1","amount":3}}`, `line 2: {"from":0,"to":"1","amount":3} is no transfer`},
		{"bank", ours + `"read","value":null}` + "\n" + `{"index":1,"time":0,"process":1,"type":"ok","f":"read","value":[10]}`, `line 2: a read is ok (event 1): [10] is no balances of accounts`},
		{"list-append", ours + `"txn","value":[["w","x",1]]}`, `line 2: "w" in a transaction is nothing`},
		{"list-append", ours + `"txn","value":null}`, `line 2: null is no transaction`},
		{"register", ours + `"write","value":{"a":1,"b":2}}`, `line 2: {"a":1,"b":2} has an object in it: schism compares null, true, false, numbers, strings, and lists of them`},
		{"cas-register", ours + `"cas","value":[1,[{}]]}`, `line 2: [1,[{}]] has an object in it`},
		{"set", ours + `"read","value":null}` + "\n" + `{"index":1,"time":0,"process":1,"type":"ok","f":"read","value":["\"",{"b":2}]}`, `line 2: a read is ok (event 1): ["\"",{"b":2}] has an object in it`},
		{"cas-register", ours + `"cas","value":[1,2]}` + "\n" + `{"index":1,"time":0,"process":1,"type":"fail","f":"cas","value":[1,2],"error":"mismatch","found":{}}`, `line 2: a cas found (event 1): {} has an object in it`},
		{"rw-register", ours + `"txn","value":[["w","x",{"a":1}]]}`, `line 2: [["w","x",{"a":1}]] has an object in it`},
	} {
		if got, err := Read(strings.NewReader(c.text+"\n"), "", model(t, c.model)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v\nwant %s", c.text, got, err, c.want)
		}
	}
}

// Braces in a text are no object, and those of a bank or of what is no client's are not compared.
func TestObjectsThatAreNotCompared(t *testing.T) {
	for model, event := range map[string]string{
		"register": `{"index":0,"time":0,"process":1,"type":"invoke","f":"write","value":["\\","\"{}"]}`,
		"bank":     `{"index":0,"time":0,"process":1,"type":"invoke","f":"transfer","value":{"from":"0","to":"1","amount":3}}`,
		"set":      `{"index":0,"time":0,"process":1,"type":"invoke","f":"final-read","value":{"applied":4,"state":{"x":2}}}`,
		"counter":  `{"index":0,"time":0,"process":"nemesis","type":"info","f":"kill","value":{"id":1,"phase":"start"}}`,
	} {
		if _, err := Read(strings.NewReader(`{"schism":1,"model":"`+model+`"}`+"\n"+event+"\n"), "", Model{}); err != nil {
			t.Errorf("%s: %v", event, err)
		}
	}
}
