package conn

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// ListenUnix listens on PostgreSQL's socket file of a port, .s.PGSQL.<port> in dir, where libpq looks for it. A file
// that nobody answers at is left from a crash and replaced.
func ListenUnix(dir string, port int) (net.Listener, error) {
	path := filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(port))
	if nc, err := net.Dial("unix", path); err == nil {
		nc.Close()
		return nil, fmt.Errorf("listen on %s: another server answers there", path)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		l.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// setKeepAlive finds peers that vanished without a FIN: after two silent minutes, four probes.
func setKeepAlive(nc net.Conn) {
	if t, ok := nc.(*net.TCPConn); ok {
		t.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: 2 * time.Minute, Interval: 15 * time.Second, Count: 4})
	}
}

func isLocal(nc net.Conn) bool {
	_, tcp := nc.RemoteAddr().(*net.TCPAddr)
	return !tcp
}

// hostOf is a client's address as PostgreSQL's messages show it.
func hostOf(nc net.Conn) string {
	if t, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return t.IP.String()
	}
	return "[local]"
}

func outOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS) ||
		errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.ECONNABORTED)
}
