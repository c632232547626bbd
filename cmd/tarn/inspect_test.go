package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// `tarn inspect delta` and `tarn check` know a Delta table by its _delta_log, and the latter finds damage.
func TestDeltaTable(t *testing.T) {
	dir := t.TempDir()
	commit := filepath.Join(dir, "_delta_log", "00000000000000000000.json")
	if err := os.Mkdir(filepath.Dir(commit), 0o755); err != nil {
		t.Fatal(err)
	}
	const actions = `{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"5fba94ed-9794-4965-ba6e-6ee3c0d22af9","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":[],"configuration":{}}}
`
	if err := os.WriteFile(commit, []byte(actions), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := inspect(&out, []string{"delta", dir}); err != nil || !strings.Contains(out.String(), "x long") {
		t.Errorf("%s%v", out.String(), err)
	}
	out.Reset()
	if err := check(context.Background(), &out, []string{dir}); err != nil || !strings.Contains(out.String(), "version 0, protocol 1/2") {
		t.Errorf("%s%v", out.String(), err)
	}
	if err := os.WriteFile(commit, []byte(strings.Replace(actions, `"partitionColumns":[],`, "", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(context.Background(), &out, []string{dir}); err == nil || !strings.Contains(err.Error(), "metaData without partitionColumns") {
		t.Errorf("%v", err)
	}
	if err := inspect(&out, []string{"delta", t.TempDir()}); err == nil {
		t.Error("a directory without a log was shown")
	}
}
