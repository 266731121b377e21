package schism

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"schism/checker"
	"schism/checker/report"
)

// SuiteRun is one scenario of a suite and how its run ended.
type SuiteRun struct {
	Path     string
	Scenario *Scenario
	Outcome  *Outcome // nil: there is no verdict
	Err      error    // why
	Took     time.Duration
}

// LoadSuite reads scenarios: each path is a file, or a directory with every *.yaml below it, sorted. Each
// variant of a file is a scenario. Everything that is wrong with any of them is in the error: a suite with
// a scenario that cannot run does not begin.
func LoadSuite(paths []string, set ...string) ([]*SuiteRun, error) {
	var suite []*SuiteRun
	var errs []error
	for _, path := range paths {
		files, err := yamlBelow(path)
		errs = append(errs, err)
		for _, file := range files {
			all, err := LoadVariants(file, set...)
			errs = append(errs, err)
			for _, s := range all {
				suite = append(suite, &SuiteRun{Path: file, Scenario: s})
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return suite, nil
}

// yamlBelow are the scenarios of one path. A file is one whatever it is called.
func yamlBelow(root string) (files []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && (path == root || slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))) {
			files = append(files, path)
		}
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no scenario in %s: its files are called *.yaml", root)
	}
	return files, err
}

// SuiteJobs is how many scenarios run at a time where nobody says it: most of a run is waiting.
func SuiteJobs() int { return max(1, runtime.NumCPU()) }

// RunSuite runs each scenario once, so many at a time; those that must run alone come last, one by one.
// Begin is called before each run and gives its progress, end after it; neither is called twice at once.
// What ctx leaves out has neither outcome nor error, and is not counted.
func RunSuite(ctx context.Context, suite []*SuiteRun, o Options, jobs int, begin func(r *SuiteRun, o *Options), end func(r *SuiteRun)) *Series {
	series := new(Series)
	turn := make(chan struct{}, 1) // one at a time calls back
	one := func(r *SuiteRun) {
		if ctx.Err() != nil {
			return
		}
		own := o
		turn <- struct{}{}
		begin(r, &own)
		<-turn
		began := time.Now()
		r.Outcome, r.Err = Run(ctx, r.Scenario, own)
		r.Took = time.Since(began)
		turn <- struct{}{}
		defer func() { <-turn }()
		series.Add(r.Outcome, r.Err)
		end(r)
	}
	alone := func(r *SuiteRun) bool { return r.Scenario.Alone }
	together := slices.DeleteFunc(slices.Clone(suite), alone)
	inParallel(together, max(1, jobs), one)
	for _, r := range suite {
		if alone(r) {
			one(r)
		}
	}
	return series
}

func inParallel[T any](all []T, jobs int, one func(T)) {
	group := new(errgroup.Group)
	group.SetLimit(jobs)
	for _, each := range all {
		group.Go(func() error { one(each); return nil })
	}
	_ = group.Wait() // none returns an error
}

// shortest is the least that the clients of a run that goes as ordered ask.
func (s *Scenario) shortest() time.Duration {
	d := s.Workload.Duration
	if s.Workload.Stop == StopAfterFaults {
		return min(d, s.Nemesis.Shortest(d))
	}
	return d
}

// SuiteLength is the least that a suite takes: what its scenarios order, so many at a time. What each
// takes beside that, from the start of its cluster to its report, is not in it.
func SuiteLength(suite []*SuiteRun, jobs int) time.Duration {
	var together, alone, longest time.Duration
	for _, r := range suite {
		if d := r.Scenario.shortest(); r.Scenario.Alone {
			alone += d
		} else {
			together += d
			longest = max(longest, d)
		}
	}
	return alone + max(longest, together/time.Duration(max(1, jobs)))
}

// SuiteLongest names the runs that took longest: where to look when a suite takes too long.
func SuiteLongest(suite []*SuiteRun) string {
	const few = 3
	runs := slices.SortedStableFunc(slices.Values(suite), func(a, b *SuiteRun) int { return cmp.Compare(b.Took, a.Took) })
	var words []string
	for _, r := range runs[:min(few, len(runs))] {
		if r.Took > 0 {
			words = append(words, fmt.Sprintf("%s (%.1f s)", r.Scenario.Name, r.Took.Seconds()))
		}
	}
	return checker.ShowList(words)
}

// SuiteIndex is the page that sums a suite up and leads to the reports; dir is where it will stand.
func SuiteIndex(suite []*SuiteRun, title, dir string, began time.Time) ([]byte, error) {
	index := report.Index{Title: title, Began: began, Version: Version(), Longest: SuiteLongest(suite)}
	for _, r := range suite {
		row := report.IndexRow{Name: r.Scenario.Name, About: r.Scenario.Description, Took: r.Took, Err: r.Err}
		if r.Outcome != nil {
			row.Result = r.Outcome.Result
			page, err := filepath.Rel(dir, r.Outcome.Dir.Report())
			if err != nil {
				return nil, fmt.Errorf("the index page: %w", err)
			}
			row.Page = filepath.ToSlash(page)
		}
		index.Rows = append(index.Rows, row)
	}
	var b bytes.Buffer
	if err := report.WriteIndex(&b, index); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
