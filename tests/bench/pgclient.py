"""A client of the PostgreSQL protocol with no dependencies: simple queries of a trusting server, timed."""

import socket, struct, time


class Error(Exception):
    pass


class Client:
    def __init__(self, port, database="postgres", user="postgres", host="127.0.0.1"):
        self.sock = socket.create_connection((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf = b""
        body = struct.pack("!i", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
        self.sock.sendall(struct.pack("!i", len(body) + 4) + body)
        self._until_ready()

    def _take(self, n):
        while len(self.buf) < n:
            data = self.sock.recv(1 << 16)
            if not data:
                raise Error("connection closed")
            self.buf += data
        out, self.buf = self.buf[:n], self.buf[n:]
        return out

    def _until_ready(self):
        rows, failed = [], None
        while True:
            head = self._take(5)
            kind, body = head[:1], self._take(struct.unpack("!i", head[1:])[0] - 4)
            if kind == b"D":
                rows.append(body)
            elif kind == b"E":
                fields = dict((f[:1], f[1:].decode()) for f in body.split(b"\0") if f)
                failed = Error(fields.get(b"C", "") + ": " + fields.get(b"M", ""))
            elif kind == b"Z":
                if failed:
                    raise failed
                return rows

    def query(self, sql):
        """Runs statements and returns the rows as they came, in DataRow form."""
        body = sql.encode() + b"\0"
        self.sock.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        return self._until_ready()

    def timed(self, sql):
        """Milliseconds and the number of rows."""
        began = time.perf_counter()
        rows = self.query(sql)
        return (time.perf_counter() - began) * 1e3, len(rows)

    def close(self):
        self.sock.close()


def values(row):
    """The texts of a DataRow; None is NULL."""
    n, at, out = struct.unpack("!h", row[:2])[0], 2, []
    for _ in range(n):
        size = struct.unpack("!i", row[at:at + 4])[0]
        at += 4
        out.append(None if size < 0 else row[at:at + size].decode())
        at += max(size, 0)
    return out
