package schism

import (
	"strings"
	"testing"
)

// A runtime that does not answer is told, and does not keep the others from being cleaned.
func TestCleanImagesWithoutDocker(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
	var log strings.Builder
	if err := CleanImages(t.Context(), &log); err != nil {
		t.Error(err)
	}
	if text := log.String(); !strings.HasPrefix(text, "docker: no Docker engine answers") || strings.Contains(text, "process") {
		t.Errorf("told %q", text)
	}
}

func TestDockerCleansImages(t *testing.T) {
	r, err := newDocker("schism")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.(imageCleaner); !ok {
		t.Errorf("%T cannot clean its images", r)
	}
}
