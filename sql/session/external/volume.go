package external

import (
	"context"
	"path"
	"strings"

	"github.com/tarndb/tarn/sql/files"
	"github.com/tarndb/tarn/sql/pgerr"
)

// volumeRoot begins the paths of what is in volumes: /Volumes/database/schema/volume/…
const volumeRoot = "/Volumes"

func volumePath(p string) bool { return p == volumeRoot || strings.HasPrefix(p, volumeRoot+"/") }

// VolumePath reports whether a path is one in a volume.
func VolumePath(p string) bool { return volumePath(p) }

// Volume is the files of a volume, whose paths are whole ones here.
type Volume struct {
	in files.Volume
	at string
}

var _ files.Volume = Volume{}

// InVolume is the volume of a path in it, and the path without what it does not need.
func (x *Sources) InVolume(p string, write bool) (Volume, string, error) {
	parts := strings.Split(p, "/")
	for _, s := range parts {
		if s == ".." {
			return Volume{}, "", pgerr.New(pgerr.InvalidParameterValue, "path \"%s\" of a volume must not contain \"..\"", p)
		}
	}
	p = path.Clean(p)
	parts = strings.SplitN(p, "/", 6)
	if len(parts) < 5 {
		return Volume{}, "", pgerr.New(pgerr.InvalidParameterValue, "path \"%s\" names no volume", p).
			WithHint("Files of volumes are below /Volumes/database/schema/volume.")
	}
	v, err := x.S.Volume(parts[2], parts[3], parts[4], write)
	if err != nil {
		return Volume{}, "", err
	}
	return Volume{v, strings.Join(parts[:5], "/")}, p, nil
}

// VolumeLocation checks the directory of a new external volume.
func (x *Sources) VolumeLocation(location string) (string, error) {
	where, _, err := x.readable(location)
	if err != nil {
		return "", err
	}
	if volumePath(where) {
		return "", pgerr.Unsupported("an external volume in a volume")
	}
	return where, x.S.MayWriteFiles()
}

// below is a whole path from the volume on.
func (v Volume) below(p string) string { return strings.TrimPrefix(strings.TrimPrefix(p, v.at), "/") }

func (v Volume) shown(in files.Info) files.Info {
	in.Path = path.Join(v.at, in.Path)
	in.Name = path.Base(in.Path)
	return in
}

func (v Volume) Stat(ctx context.Context, p string) (files.Info, error) {
	in, err := v.in.Stat(ctx, v.below(p))
	return v.shown(in), err
}

func (v Volume) List(ctx context.Context, dir string) ([]files.Info, error) {
	list, err := v.in.List(ctx, v.below(dir))
	for i := range list {
		list[i] = v.shown(list[i])
	}
	return list, err
}

func (v Volume) Open(ctx context.Context, p string) (files.File, error) {
	return v.in.Open(ctx, v.below(p))
}

func (v Volume) Create(ctx context.Context, p string) (files.Upload, error) {
	if v.below(p) == "" {
		return nil, pgerr.New(pgerr.WrongObjectType, "\"%s\" is a directory", p)
	}
	return v.in.Create(ctx, v.below(p))
}
