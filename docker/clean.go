package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"schism/cluster"
)

// thing is something with our labels that a run made.
type thing struct {
	what   string // for people: "container schism-1a2b-n1"
	labels map[string]string
	remove func(context.Context) error
}

// Clean implements cluster.Cleaner.
func (r *Runtime) Clean(ctx context.Context, log io.Writer) ([]cluster.Remains, error) {
	return r.removeDead(ctx, ofAll, lines(log))
}

// CleanRun implements cluster.RunCleaner.
func (r *Runtime) CleanRun(ctx context.Context, run string, log io.Writer) ([]cluster.Remains, error) {
	return r.removeDead(ctx, ofRun(run), lines(log))
}

func lines(log io.Writer) func(string, ...any) {
	return func(format string, args ...any) { fmt.Fprintf(log, format+"\n", args...) }
}

// sweep is what a start does on the way, in few words. What a person kept is not in its way.
func (r *Runtime) sweep(ctx context.Context, log func(string, ...any)) error {
	removed, err := r.removeDead(ctx, notKept, func(string, ...any) {})
	for _, remains := range removed {
		log("removed what the dead run %s left: %d containers, volumes and networks", remains.Run, len(remains.What))
	}
	return err
}

// sideBySide bounds how many things are removed at once.
const sideBySide = 8

func (r *Runtime) removeDead(ctx context.Context, which func(labels map[string]string) bool, log func(string, ...any)) ([]cluster.Remains, error) {
	stages, err := r.things(ctx)
	if err != nil {
		return nil, fmt.Errorf("docker: cannot list what runs left: %w", err)
	}
	var removed []thing
	var errs []error
	for _, stage := range stages {
		dead := slices.DeleteFunc(stage, func(t thing) bool { return !which(t.labels) || !r.isDead(t.labels) })
		for few := range slices.Chunk(dead, sideBySide) {
			gone, err := removeTogether(ctx, few, log)
			removed, errs = append(removed, gone...), append(errs, err)
		}
	}
	var remains []cluster.Remains
	for _, t := range removed {
		log("removed %s of run %s", t.what, t.labels[labelRun])
		remains = note(remains, t.labels[labelRun], t.what)
	}
	if err := errors.Join(errs...); err != nil {
		return remains, fmt.Errorf("docker: %w", err)
	}
	return remains, nil
}

// removeTogether returns what was removed by this call. What another clean removed first is no error.
func removeTogether(ctx context.Context, things []thing, log func(string, ...any)) (removed []thing, err error) {
	done := make([]bool, len(things))
	tasks := make([]func() error, len(things))
	for i, t := range things {
		tasks[i] = func() error {
			err := t.remove(ctx)
			done[i] = err == nil
			switch {
			case err == nil || errdefs.IsNotFound(err):
				return nil
			case errors.Is(err, errHeldByEngine):
				log("%s stays: %v", t.what, err)
				return nil
			}
			return fmt.Errorf("cannot remove %s: %w", t.what, err)
		}
	}
	err = together(tasks...)
	for i, t := range things {
		if done[i] {
			removed = append(removed, t)
		}
	}
	return removed, err
}

// removeContainer also returns only when the container is gone if another clean is removing it: its
// volume and network cannot be removed earlier.
func (r *Runtime) removeContainer(ctx context.Context, id string) error {
	err := r.engine.ContainerRemove(ctx, id, removal)
	// The engine has no other sign for it than these words.
	if !errdefs.IsConflict(err) || !strings.Contains(err.Error(), "already in progress") {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, undoTime)
	defer cancel()
	gone, failed := r.engine.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case <-gone:
		return errdefs.ErrNotFound
	case err := <-failed:
		return err
	}
}

// errHeldByEngine is an engine's own mistake (moby issues 17217 and 23302): a start that was cut off
// while its container was being removed can leave an endpoint of nobody. No call removes it.
var errHeldByEngine = errors.New("the engine counts an endpoint in it although no container is there; it can be removed when the engine was restarted")

func (r *Runtime) removeNetwork(ctx context.Context, id string) error {
	err := r.engine.NetworkRemove(ctx, id)
	if !errdefs.IsPermissionDenied(err) {
		return err
	}
	n, inspectErr := r.engine.NetworkInspect(ctx, id, network.InspectOptions{})
	if inspectErr == nil && len(n.Containers) == 0 {
		return errHeldByEngine
	}
	return err
}

// isDead reports whether the controller that the labels name is proved dead. What has no such label,
// or one in another form, is not ours to judge.
func (r *Runtime) isDead(labels map[string]string) bool {
	controller, err := parseControllerID(labels[labelController])
	return err == nil && controller.provedDead(r.self, processStart)
}

func note(remains []cluster.Remains, run, what string) []cluster.Remains {
	i := slices.IndexFunc(remains, func(r cluster.Remains) bool { return r.Run == run })
	if i < 0 {
		return append(remains, cluster.Remains{Run: run, What: []string{what}})
	}
	remains[i].What = append(remains[i].What, what)
	return remains
}

// things lists what runs made, in stages: containers before the volumes and networks that they use.
func (r *Runtime) things(ctx context.Context) ([2][]thing, error) {
	var first, second []thing
	containers, err := r.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: ofAnyRun()})
	if err != nil {
		return [2][]thing{}, err
	}
	for _, c := range containers {
		name := strings.TrimPrefix(strings.Join(c.Names, ","), "/")
		first = append(first, thing{"container " + name, c.Labels, func(ctx context.Context) error {
			return r.removeContainer(ctx, c.ID)
		}})
	}
	volumes, err := r.engine.VolumeList(ctx, volume.ListOptions{Filters: ofAnyRun()})
	if err != nil {
		return [2][]thing{}, err
	}
	for _, v := range volumes.Volumes {
		second = append(second, thing{"volume " + v.Name, v.Labels, func(ctx context.Context) error {
			return r.engine.VolumeRemove(ctx, v.Name, false)
		}})
	}
	networks, err := r.engine.NetworkList(ctx, network.ListOptions{Filters: ofAnyRun()})
	if err != nil {
		return [2][]thing{}, err
	}
	for _, n := range networks {
		second = append(second, thing{"network " + n.Name, n.Labels, func(ctx context.Context) error {
			return r.removeNetwork(ctx, n.ID)
		}})
	}
	return [2][]thing{first, second}, nil
}

// CleanImages removes the images that runs built and that no container uses. They are only a cache:
// the next run builds what it needs.
func (r *Runtime) CleanImages(ctx context.Context, log io.Writer) error {
	return r.removeImages(ctx, log, filters.NewArgs(filters.Arg("label", labelImage+"=image")))
}

func (r *Runtime) removeImages(ctx context.Context, log io.Writer, which filters.Args) error {
	images, err := r.engine.ImageList(ctx, image.ListOptions{Filters: which})
	if err != nil {
		return fmt.Errorf("docker: cannot list images: %w", err)
	}
	var errs []error
	for _, i := range images {
		name := strings.Join(i.RepoTags, ", ")
		_, err := r.engine.ImageRemove(ctx, i.ID, image.RemoveOptions{Force: len(i.RepoTags) > 1, PruneChildren: true})
		switch {
		case err == nil:
			fmt.Fprintf(log, "removed image %s\n", name)
		case errdefs.IsConflict(err):
			fmt.Fprintf(log, "image %s is in use\n", name)
		case !r.beingRemoved(ctx, i):
			errs = append(errs, fmt.Errorf("cannot remove image %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// beingRemoved is asked after a failed removal. Where two remove an image at once, the engine fails the one who comes
// later with errors of its own ("reference does not exist", "unrecognized image ID"): the image is gone, or has lost
// its names.
func (r *Runtime) beingRemoved(ctx context.Context, i image.Summary) bool {
	left, err := r.engine.ImageInspect(ctx, i.ID)
	return errdefs.IsNotFound(err) || err == nil && len(left.RepoTags) < len(i.RepoTags)
}
