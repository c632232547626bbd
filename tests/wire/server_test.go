package wire

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tarndb/tarn/tests/port"
)

// process is a Tarn of this tree, running.
type process struct {
	addr, debug string
	cmd         *exec.Cmd
	dir         string
}

var shared struct {
	sync.Mutex
	b   *process
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.b != nil {
		shared.b.stop()
	}
	os.Exit(code)
}

// server is the one server of all tests, started by the first that asks.
func server(t *testing.T) *process {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.b == nil && shared.err == nil {
		shared.b, shared.err = startBinary()
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.b
}

func startBinary() (*process, error) {
	dir, err := os.MkdirTemp("", "tarn-wire-")
	if err != nil {
		return nil, err
	}
	b := &process{dir: dir}
	for _, addr := range []*string{&b.addr, &b.debug} {
		n, err := port.Free()
		if err != nil {
			return nil, err
		}
		*addr = fmt.Sprintf("127.0.0.1:%d", n)
	}
	bin := filepath.Join(dir, "tarn")
	if out, err := exec.Command("go", "build", "-o", bin, "../../cmd/tarn").CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	b.cmd = exec.Command(bin, "serve", "--data", filepath.Join(dir, "data"), "--listen", b.addr, "--debug", b.debug)
	b.cmd.Stdout, b.cmd.Stderr = log, log
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		nc, err := net.Dial("tcp", b.addr)
		if err == nil {
			nc.Close()
			return b, nil
		}
		if time.Now().After(deadline) {
			out, _ := os.ReadFile(log.Name())
			b.stop()
			return nil, fmt.Errorf("server does not answer: %w\n%s", err, out)
		}
	}
}

func (b *process) stop() {
	b.cmd.Process.Kill()
	b.cmd.Wait()
	os.RemoveAll(b.dir)
}

// usage is what the process holds, after a collection: goroutines, heap bytes in use and open files.
type usage struct {
	goroutines, files int
	heap, stacks      int64
}

var counter = regexp.MustCompile(`(?m)^(goroutine profile: total|# HeapAlloc =|# Stack =) (\d+)`)

func (b *process) usage(t *testing.T) usage {
	t.Helper()
	var u usage
	for _, page := range []string{"goroutine?debug=1", "heap?gc=1&debug=1"} {
		resp, err := http.Get("http://" + b.debug + "/debug/pprof/" + page)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range counter.FindAllSubmatch(body, -1) {
			n, _ := strconv.ParseInt(string(m[2]), 10, 64)
			switch m[1][0] {
			case 'g':
				u.goroutines = int(n)
			case '#':
				if m[1][2] == 'H' {
					u.heap = n
				} else {
					u.stacks = n
				}
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if runtime.GOOS == "linux" {
		es, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", b.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		u.files = len(es)
	}
	return u
}
