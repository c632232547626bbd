package files

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tarndb/tarn/sql/pgerr"
)

// maxFiles bounds what one path may mean.
const maxFiles = 1_000_000

// found is a file with the values of the key=value directories above it.
type found struct {
	Info
	parts []partition
}

type partition struct{ key, value string }

// find lists the files that a path means: the file, those below a directory, those that a pattern matches. Names that start with a
// dot or an underscore are passed over unless they are written out.
func find(ctx context.Context, st Store, o *Options) ([]found, error) {
	w := &walker{ctx: ctx, st: st, o: o}
	for _, name := range o.Names {
		if err := w.named(name); err != nil {
			return nil, err
		}
	}
	if o.Names != nil {
		return w.out, nil
	}
	for _, p := range expandBraces(o.Path) {
		if err := w.pattern(p); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// Find lists the files that options mean.
func Find(ctx context.Context, st Store, o *Options) ([]Info, error) {
	list, err := find(ctx, st, o)
	var out []Info
	for _, f := range list {
		out = append(out, f.Info)
	}
	return out, err
}

// List is the file at a path, or what is in the directory there, by name.
func List(ctx context.Context, st Store, at string) ([]Info, error) {
	in, err := st.Stat(ctx, at)
	if err != nil {
		return nil, storeError(at, err)
	}
	if !in.Dir {
		return []Info{in}, nil
	}
	list, err := st.List(ctx, at)
	if err != nil {
		return nil, storeError(at, err)
	}
	slices.SortFunc(list, func(a, b Info) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

type walker struct {
	ctx context.Context
	st  Store
	o   *Options
	out []found
}

// splitRoot cuts scheme://bucket off a path; of a local one the root is empty.
func splitRoot(p string) (root, rest string) {
	if i := strings.Index(p, "://"); i >= 0 {
		if j := strings.IndexByte(p[i+3:], '/'); j >= 0 {
			return p[:i+3+j], p[i+3+j:]
		}
		return p, ""
	}
	return "", p
}

func hasPattern(s string) bool { return strings.ContainsAny(s, "*?[") }

func (w *walker) pattern(p string) error {
	root, rest := splitRoot(p)
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	fixed := 0
	for fixed < len(parts) && !hasPattern(parts[fixed]) {
		fixed++
	}
	base := root + "/" + strings.Join(parts[:fixed], "/")
	in, err := w.st.Stat(w.ctx, base)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && (fixed < len(parts) || p != w.o.Path) {
			return nil // a pattern matches what there is, perhaps nothing
		}
		return storeError(p, err)
	}
	in.Name = path.Base(in.Path)
	return w.match(in, parts[fixed:], nil)
}

// named takes a file below the path.
func (w *walker) named(name string) error {
	root, rest := splitRoot(w.o.Path)
	p := path.Clean(rest + "/" + name)
	if p != path.Clean(rest) && !strings.HasPrefix(p, strings.TrimSuffix(path.Clean(rest), "/")+"/") {
		return pgerr.New(pgerr.InvalidParameterValue, "file \"%s\" is not below \"%s\"", name, w.o.Path)
	}
	in, err := w.st.Stat(w.ctx, root+p)
	if err == nil && in.Dir {
		err = fs.ErrNotExist
	}
	if err != nil {
		return storeError(root+p, err)
	}
	return w.add(in, nil)
}

// match follows the rest of a pattern below in.
func (w *walker) match(in Info, pattern []string, parts []partition) error {
	if len(pattern) == 0 {
		if !in.Dir {
			return w.add(in, parts)
		}
		return w.below(in, parts, 0)
	}
	if !in.Dir {
		return nil
	}
	list, err := w.st.List(w.ctx, in.Path)
	if err != nil {
		return storeError(in.Path, err)
	}
	for _, e := range list {
		if hidden(e.Name) && !hidden(pattern[0]) {
			continue
		}
		ok, err := matchName(pattern[0], e.Name)
		if err != nil {
			return pgerr.New(pgerr.InvalidParameterValue, "invalid pattern \"%s\"", w.o.Path)
		}
		if !ok {
			continue
		}
		if err := w.match(e, pattern[1:], w.entered(e, parts)); err != nil {
			return err
		}
	}
	return nil
}

// matchName is path.Match with [^…] and [!…] alike.
func matchName(pattern, name string) (bool, error) {
	return path.Match(strings.ReplaceAll(pattern, "[!", "[^"), name)
}

const maxDepth = 64

func (w *walker) below(dir Info, parts []partition, depth int) error {
	if depth > maxDepth {
		return pgerr.New(pgerr.ProgramLimitExceeded, "directories below \"%s\" are nested too deep", w.o.Path)
	}
	list, err := w.st.List(w.ctx, dir.Path)
	if err != nil {
		return storeError(dir.Path, err)
	}
	for _, e := range list {
		switch {
		case hidden(e.Name):
		case !e.Dir:
			err = w.add(e, parts)
		case w.o.Recursive:
			err = w.below(e, w.entered(e, parts), depth+1)
		}
		if err != nil {
			return err
		}
	}
	return context.Cause(w.ctx)
}

func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") && !strings.Contains(name, "=")
}

func (w *walker) entered(dir Info, parts []partition) []partition {
	k, v, ok := strings.Cut(dir.Name, "=")
	if !ok || k == "" || !dir.Dir {
		return parts
	}
	if v == "__HIVE_DEFAULT_PARTITION__" {
		v = ""
	}
	return append(parts[:len(parts):len(parts)], partition{k, unescapePath(v)})
}

// unescapePath undoes the %XX that writers of partitions put for characters that names of files cannot have.
func unescapePath(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) int {
	if 'A' <= c && c <= 'F' {
		c += 'a' - 'A'
	}
	return strings.IndexByte("0123456789abcdef", c)
}

func (w *walker) add(in Info, parts []partition) error {
	if w.o.NamePattern != "" {
		ok := false
		for _, p := range expandBraces(w.o.NamePattern) {
			m, err := matchName(p, in.Name)
			if err != nil {
				return pgerr.New(pgerr.InvalidParameterValue, "invalid pattern \"%s\"", w.o.NamePattern)
			}
			ok = ok || m
		}
		if !ok {
			return nil
		}
	}
	if !w.o.After.IsZero() && !in.ModTime.After(w.o.After) || !w.o.Before.IsZero() && !in.ModTime.Before(w.o.Before) {
		return nil
	}
	if w.o.Skip != nil {
		if skip, err := w.o.Skip(in.Path); skip || err != nil {
			return err
		}
	}
	if len(w.out) == maxFiles {
		return pgerr.New(pgerr.ProgramLimitExceeded, "\"%s\" means more than %d files", w.o.Path, maxFiles)
	}
	w.out = append(w.out, found{in, parts})
	return nil
}

const maxExpansions = 1000

// expandBraces gives the texts that {a,b} stand for, innermost groups included. What is not closed stands for itself.
func expandBraces(s string) []string {
	out := []string{s}
	for i := 0; i < len(out) && len(out) < maxExpansions; {
		open, alts, rest, ok := firstBraces(out[i])
		if !ok {
			i++
			continue
		}
		var more []string
		for _, a := range alts {
			more = append(more, open+a+rest)
		}
		out = append(append(out[:i:i], more...), out[i+1:]...)
	}
	return out
}

// firstBraces cuts a text at its first group.
func firstBraces(s string) (before string, alts []string, after string, ok bool) {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		return
	}
	depth, from := 0, open+1
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[:open], append(alts, strings.TrimSpace(s[from:i])), s[i+1:], true
			}
		case ',':
			if depth == 1 {
				alts = append(alts, strings.TrimSpace(s[from:i]))
				from = i + 1
			}
		}
	}
	return "", nil, "", false
}
