"""The wire protocol by hand, for tests that break it: packets, events, a client that logs in, a source that is none, and a
proxy that cuts or garbles."""
import hashlib
import socket
import struct
import threading
import zlib

PACKET_MAX = (1 << 24) - 1
SCRAMBLE = b"abcdefghijklmnopqrst"
COM_QUERY, COM_DUMP, COM_REGISTER = 3, 0x12, 0x15
ROTATE, HEARTBEAT = 4, 27
OK = b"\0\0\0\2\0\0\0"
EOF = b"\xfe\0\0\2\0"


def packet(payload, sequence=0):
    return len(payload).to_bytes(3, "little") + bytes([sequence & 0xff]) + payload


def event(kind, body, end, flags=0, size=None, checksum=True):
    """With its CRC; `size` lies about its length."""
    length = 19 + len(body) + (4 if checksum else 0)
    whole = struct.pack("<IBIIIH", 0, kind, 1, length if size is None else size, end & 0xffffffff, flags) + body
    return whole + struct.pack("<I", zlib.crc32(whole)) if checksum else whole


def native_proof(password, scramble):
    first = hashlib.sha1(password).digest()
    mask = hashlib.sha1(scramble + hashlib.sha1(first).digest()).digest()
    return bytes(a ^ b for a, b in zip(first, mask))


class Wire:
    """A socket that speaks packets."""

    def __init__(self, connected, patience_s=60):
        self.socket = connected
        self.socket.settimeout(patience_s)
        self.sequence = 0

    @classmethod
    def to(cls, port):
        return cls(socket.create_connection(("127.0.0.1", port), 10))

    def raw(self, data):
        self.socket.sendall(data)

    def send(self, payload):
        self.raw(packet(payload, self.sequence))
        self.sequence += 1

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def receive(self):
        head = self.exactly(4)
        self.sequence = head[3] + 1
        return self.exactly(int.from_bytes(head[:3], "little"))

    def command(self, kind, body=b""):
        self.sequence = 0
        self.send(bytes([kind]) + body)

    def log_in(self, user=b"r", password=b"pw"):
        """Whether the server let us in."""
        greeting = self.receive()
        if greeting[0] == 0xff:
            return False
        at = greeting.index(0, 1) + 5
        scramble = greeting[at:at + 8] + greeting[at + 27:at + 39]
        abilities = 0x200 | 0x8000 | 0x80000
        self.send(struct.pack("<IIB", abilities, 1 << 24, 33) + bytes(23) + user + b"\0\x14" + native_proof(password, scramble)
                  + b"mysql_native_password\0")
        return self.receive()[0] == 0

    def query(self, sql):
        """The first packet of the answer."""
        self.command(COM_QUERY, sql)
        return self.receive()

    def dump(self, file=b"", position=4, server_id=777):
        for statement in (b"SET @mariadb_slave_capability=4", b"SET @master_binlog_checksum='CRC32'"):
            self.query(statement)
        self.command(COM_DUMP, struct.pack("<IHI", position, 0, server_id) + file)

    def wait_closed(self):
        """Reads until the other side closes; the bytes that still came."""
        count = 0
        try:
            while data := self.socket.recv(1 << 20):
                count += len(data)
        except ConnectionError:
            pass
        return count

    def close(self):
        self.socket.close()


class Listener:
    """Gives each connection to `serve`, on a thread of its own; what that raises ends the connection."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.create_server(("127.0.0.1", port), reuse_port=False, backlog=128)
        self.open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connected, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connected,), daemon=True).start()

    def _run(self, connected):
        self.open.add(connected)
        try:
            self.serve(connected)
        except (OSError, ConnectionError, ValueError):
            pass
        finally:
            self.open.discard(connected)
            connected.close()

    def serve(self, connected):
        raise NotImplementedError

    def cut(self):
        """Every connection ends."""
        for each in list(self.open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.socket.close()
        self.cut()


class Proxy(Listener):
    """Between a relay and its source. `instead(connected)`, when set, serves in the source's place; `garble(data)` may change
    what the source sends once a dump has begun; `frozen` lets nothing through, either way, and closes nothing."""

    def __init__(self, port, to):
        self.to, self.instead, self.garble, self.served = to, None, None, 0
        self.flowing = threading.Event()
        self.flowing.set()
        super().__init__(port)

    def freeze(self):
        self.flowing.clear()

    def thaw(self):
        self.flowing.set()

    def serve(self, connected):
        self.served += 1
        if self.instead:
            self.instead(Wire(connected, 120))
            return
        with socket.create_connection(("127.0.0.1", self.to), 10) as beyond:
            self.open.add(beyond)
            beyond.settimeout(None)
            dumping = threading.Event()
            up = threading.Thread(target=self._pump, args=(connected, beyond, dumping, None), daemon=True)
            up.start()
            self._pump(beyond, connected, dumping, self.garble)
            self.open.discard(beyond)

    def _pump(self, source, target, dumping, garble):
        try:
            while data := source.recv(1 << 16):
                self.flowing.wait()
                if garble is None and len(data) > 4 and data[4] == COM_DUMP:
                    dumping.set()
                target.sendall(garble(data) if garble and dumping.is_set() else data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def greet(wire, version=b"5.5.5-10.11.6-MariaDB"):
    wire.send(b"\x0a" + version + b"\0" + struct.pack("<I", 9) + SCRAMBLE[:8] + b"\0" + struct.pack("<HBHHB", 0xf7fe, 33, 2, 0x81bf, 21)
              + bytes(10) + SCRAMBLE[8:] + b"\0mysql_native_password\0")


def answer_value(wire, name, value):
    """A result set of one row and one column."""
    def text(t):
        return bytes([len(t)]) + t
    wire.send(b"\1")
    wire.send(text(b"def") + text(b"") * 3 + text(name) * 2 + b"\x0c" + struct.pack("<HIBHBH", 33, 255, 253, 0, 0, 0))
    wire.send(EOF)
    wire.send(text(value))
    wire.send(EOF)


def play_source(wire, position):
    """Lets the relay in and answers all that it asks, up to its dump; where that begins: (file, position)."""
    greet(wire)
    wire.receive()
    wire.send(OK)
    while True:
        asked = wire.receive()
        if asked[0] == COM_DUMP:
            return asked[11:], struct.unpack_from("<I", asked, 1)[0]
        if asked[0] == COM_QUERY and asked[1:].startswith(b"SELECT"):
            answer_value(wire, b"v", position)
        elif asked[0] == COM_QUERY and asked[1:].startswith(b"SHOW"):
            answer_value(wire, b"v", b"ON")
        else:
            wire.send(OK)


def send_event(wire, whole, flag=0):
    wire.send(b"\0\xef" + bytes([flag]) + whole)


def send_rotate(wire, file, position):
    send_event(wire, event(ROTATE, struct.pack("<Q", position) + file, 0, flags=0x20))
