package schism

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"schism/checker"
)

// A history of each format, of either polarity, is judged as its name says, and nothing is written.
func TestCheckHistory(t *testing.T) {
	golden := filepath.Join("history", "importers", "testdata")
	for file, model := range map[string]string{
		golden + "/jepsen-valid.edn": "cas-register", golden + "/jepsen-stale.edn": "cas-register",
		golden + "/jepsen-valid.log": "cas-register", golden + "/jepsen-stale.log": "cas-register",
		golden + "/kv-valid.txt": "register", golden + "/kv-stale.txt": "register",
		golden + "/jepsen-append-valid.edn": "append", golden + "/jepsen-append-stale.edn": "append",
		"docs/format/valid.jsonl": "", "docs/format/stale-read.jsonl": "",
	} {
		before := listing(t, filepath.Dir(file))
		r, err := CheckHistory(t.Context(), file, As{Model: model})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(file, "stale") {
			if r.Verdict != checker.Invalid || len(r.Anomalies) != 1 || r.Anomalies[0].Name != checker.StaleRead || r.AsExpected {
				t.Errorf("%s: %v with %+v, want one stale read", file, r.Verdict, r.Anomalies)
			}
		} else if r.Verdict != checker.Valid || !r.AsExpected {
			t.Errorf("%s: %v: %v, want valid", file, r.Verdict, r.Why)
		}
		if HowRead(r) == "" {
			t.Errorf("%s: nobody tells how it was read", file)
		}
		if after := listing(t, filepath.Dir(file)); after != before {
			t.Errorf("%s: there was %s beside it, now %s", file, before, after)
		}
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// The operations of a proof are shown with their lines, and no time is told that nobody measured.
func TestABareHistoryIsToldInItsLines(t *testing.T) {
	r, err := CheckHistory(t.Context(), "history/importers/testdata/jepsen-stale.log", As{Model: "cas-register"})
	if err != nil {
		t.Fatal(err)
	}
	a := r.Anomalies[0]
	if want := "Stale read: client 1 read register = 1, although client 0's write register = 2 had been acknowledged earlier."; a.Message != want {
		t.Errorf("message %q\nwant    %q", a.Message, want)
	}
	for _, want := range []string{
		"lines 2 and 3: client 0's write register = 1",
		"lines 4 and 5: client 0's write register = 2",
		"lines 8 and 9: client 1's read of register: 1",
	} {
		if !slices.Contains(a.Shown, want) {
			t.Errorf("%q lacks %q", a.Shown, want)
		}
	}
	if !slices.Equal(r.Checks[0].Anomalies[0].Shown, a.Shown) {
		t.Error("the check shows other operations than the result")
	}
}

func TestWithoutTimes(t *testing.T) {
	for in, want := range map[string]string{
		"was acknowledged by n1 at 0.000 s, but 0 µs later client 2 read x = 1 at 0.000 s.": "was acknowledged by n1, but later client 2 read x = 1.",
		"ended 0 µs before it began": "ended before it began",
		"at 10.000 s, 10 µs earlier": "at 10.000 s, 10 µs earlier",
	} {
		if got := withoutTimes(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestCheckHistoryErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	strange := write("strange.txt", "hello\n")
	twice := write("twice.edn", "{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value nil}\n{:process 1 :type :ok :f :read :value nil}\n")
	lists := write("lists.edn", "{:process 1 :type :invoke :f :txn :value [[:r 1 nil]]}\n{:process 1 :type :ok :f :txn :value [[:r 1 nil]]}\n")
	for level, want := range map[string]string{
		"strict": `there is no isolation level "strict": did you mean strict-serializable?`, "quick": `there is no isolation level "quick": want read-uncommitted, read-committed,`,
	} {
		if r, err := CheckHistory(t.Context(), lists, As{Model: "list-append", Isolation: level}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v, want %s", level, r, err, want)
		}
	}
	if r, err := CheckHistory(t.Context(), lists, As{Model: "long-fork", Isolation: "serializable"}); err == nil || !strings.Contains(err.Error(), "the model long-fork is judged by no isolation level: those that are are list-append, rw-register") {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := CheckHistory(t.Context(), lists, As{Model: "list-append", Checks: []string{"linearizable"}}); err == nil || !strings.Contains(err.Error(), "the check linearizable knows the models append, cas-register") {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := CheckHistory(t.Context(), lists, As{Model: "list-append", Isolation: "serializable"}); err != nil || r.Verdict != checker.Valid || !strings.Contains(HowRead(r), "Its transactions are promised to be serializable.") {
		t.Errorf("%+v, %v", r, err)
	}
	for _, c := range []struct{ path, format, model, want string }{
		{filepath.Join(dir, "none"), "", "register", "no such file"},
		{strange, "", "register", strange + ": this is no history in a format that schism knows"},
		{strange, "", "heap", `there is no model "heap": want append, bank, cas-register, counter, kv, `},
		{strange, "", "cas_register", `there is no model "cas_register": did you mean cas-register?`},
		{strange, "kv", "register", `there is no format "kv": want schism, jepsen-edn, jepsen-log, porcupine-kv`},
		{twice, "", "", "name the model"},
		{twice, "", "register", twice + ": line 3: event 2: process 1 completes read (ok) that it never invoked"},
	} {
		if r, err := CheckHistory(t.Context(), c.path, As{Format: c.format, Model: c.model}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s as %s of %s: %+v, error %v, want %s", c.path, c.format, c.model, r, err, c.want)
		}
	}
}

// A bare history can be judged by less than linearizability, as far as its model allows.
func TestBareChecks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "late.edn")
	const text = `{:process 1 :type :invoke :f :write :value 1}
{:process 1 :type :ok :f :write :value 1}
{:process 1 :type :invoke :f :write :value 2}
{:process 1 :type :ok :f :write :value 2}
{:process 2 :type :invoke :f :read}
{:process 2 :type :ok :f :read :value 1}
`
	const back = `{:process 1 :type :invoke :f :read}
{:process 1 :type :ok :f :read :value 1}
`
	for _, c := range []struct {
		text, check, verdict, anomaly string
	}{
		{text, "linearizable", "invalid", checker.StaleRead},
		{text, "sessions", "valid", ""},
		{text, "staleness", "valid", ""},
		{text + back, "sessions", "invalid", checker.ReadYourWrites},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := CheckHistory(t.Context(), path, As{Model: "register", Checks: []string{c.check}})
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, a := range r.Anomalies {
			found += a.Name
		}
		if r.Verdict.String() != c.verdict || found != c.anomaly || r.Checks[0].Name != c.check {
			t.Errorf("%s: %v %q by %s, want %s %q", c.check, r.Verdict, found, r.Checks[0].Name, c.verdict, c.anomaly)
		}
	}
	for check, want := range map[string]string{
		"session": `no bare history can be checked for "session": want linearizable, isolation, sessions, staleness`,
	} {
		if _, err := CheckHistory(t.Context(), path, As{Model: "register", Checks: []string{check}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", check, err, want)
		}
	}
	if _, err := CheckHistory(t.Context(), "history/importers/testdata/strings.txt", As{Model: "kv", Checks: []string{"sessions"}}); err == nil || !strings.Contains(err.Error(), "the check sessions knows the models append, cas-register, register, not kv") {
		t.Errorf("sessions of kv: error %v", err)
	}
}

// Nothing succeeded: to call that valid would be a lie.
func TestABareHistoryWithoutSuccessIsVacuous(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.edn")
	if err := os.WriteFile(path, []byte("{:process 1 :type :invoke :f :read}\n{:process 1 :type :fail :f :read}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := CheckHistory(t.Context(), path, As{Model: "register"})
	if err != nil || r.Verdict != checker.Vacuous || r.ExitStatus() != checker.ExitUndecided {
		t.Errorf("%+v, %v: want vacuous", r, err)
	}
}

// Every model that can be checked can be read.
func TestModelsCanBeRead(t *testing.T) {
	for _, m := range Models() {
		if _, err := readHistory("go.mod", "jepsen-log", m.Name); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v, want an error about line 1 of a file that is no log", m.Name, err)
		}
	}
}

// The logs of etcd runs that Porcupine's tests judge are judged the same here.
func TestVerdictsOfPorcupine(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/anishathalye/porcupine").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skipf("Porcupine's source with its logs is not here: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(dir, "porcupine_test.go"))
	if err != nil {
		t.Skipf("Porcupine's tests, which tell its verdicts, are not here: %v", err)
	}
	verdicts := regexp.MustCompile(`checkJepsen\(t, (\d+), (true|false)\)`).FindAllStringSubmatch(string(source), -1)
	if len(verdicts) < 100 {
		t.Fatalf("found the verdicts on %d logs only, want 102", len(verdicts))
	}
	counts := make(map[checker.Verdict]int)
	for _, v := range verdicts {
		number := "00" + v[1]
		file := filepath.Join(dir, "test_data", "jepsen", "etcd_"+number[len(number)-3:]+".log")
		r, err := CheckHistory(t.Context(), file, As{Model: "cas-register"})
		if err != nil {
			t.Fatal(err)
		}
		counts[r.Verdict]++
		if want := map[string]checker.Verdict{"true": checker.Valid, "false": checker.Invalid}[v[2]]; r.Verdict != want {
			t.Errorf("%s: %v, Porcupine says %v", filepath.Base(file), r.Verdict, want)
		}
	}
	t.Logf("%d logs: %v", len(verdicts), counts)
}

// Nothing tells whether the last value of a log is whole but the end of its line.
func TestALogThatBreaksOffInAValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "torn.log")
	const text = "INFO  jepsen.util - 0\t:invoke\t:write\t12\nINFO  jepsen.util - 0\t:ok\t:write\t12\n" +
		"INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t12\n" +
		"INFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO  jepsen.util - 0\t:ok\t:read\t1"
	for end, want := range map[string]checker.Verdict{"": checker.Unknown, "\n": checker.Invalid, "2\n": checker.Valid} {
		if err := os.WriteFile(path, []byte(text+end), 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := CheckHistory(t.Context(), path, As{Model: "register"}); err != nil || r.Verdict != want {
			t.Errorf("end %q: %+v, %v; want %v", end, r, err, want)
		}
	}
}
