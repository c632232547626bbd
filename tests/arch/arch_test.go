// Package arch holds the import table as a test.
package arch

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tarndb/tarn/"

type edge struct{ from, to, file string }

// imports lists every import of the tree, tests included, as paths below the module root where they are ours.
func imports(t *testing.T, root string) []edge {
	var out []edge
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "bin" || d.Name() == "data" && filepath.Dir(path) == root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		from := filepath.ToSlash(filepath.Dir(rel))
		for _, im := range f.Imports {
			p, _ := strconv.Unquote(im.Path.Value)
			out = append(out, edge{from, strings.TrimPrefix(p, module), rel})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func under(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// Imports go the way that rules.txt allows; a failure prints the reason.
func TestImportDirection(t *testing.T) {
	edges := imports(t, "../..")
	if len(edges) < 100 {
		t.Fatalf("only %d imports found", len(edges))
	}
	rules, err := os.Open("rules.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer rules.Close()
	n := 0
	for s := bufio.NewScanner(rules); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		n++
		if f := strings.Fields(line); f[0] == "only" {
			for _, e := range edges {
				if under(e.to, f[2]) && !under(e.from, f[1]) {
					t.Errorf("%s imports %s, which only %s may", e.file, e.to, f[1])
				}
			}
			continue
		}
		head, reason, _ := strings.Cut(line, ":")
		from, to, ok := strings.Cut(head, "!")
		from, to = strings.TrimSpace(from), strings.TrimSpace(to)
		if !ok || reason == "" {
			t.Fatalf("rules.txt: %q has no reason", line)
		}
		for _, e := range edges {
			if under(e.from, from) && under(e.to, to) {
				t.Errorf("%s imports %s:%s", e.file, e.to, reason)
			}
		}
	}
	if n == 0 {
		t.Fatal("rules.txt is empty")
	}
}
