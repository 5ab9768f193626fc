"""A session on a MariaDB server that sends statements byte for byte: no client between that reads, splits or strips them."""
import socket
import struct

LONG_PASSWORD, PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION = 0x1, 0x200, 0x2000, 0x8000
MULTI_STATEMENTS, MULTI_RESULTS, PLUGIN_AUTH, LOCAL_FILES = 0x10000, 0x20000, 0x80000, 0x80
IN_TRANSACTION, MORE_RESULTS = 0x1, 0x8
UTF8MB4 = 45
QUERY, STMT_PREPARE, STMT_EXECUTE = b"\x03", b"\x16", b"\x17"


class SqlError(Exception):
    """The server refused a statement."""

    def __init__(self, packet):
        self.number = struct.unpack_from("<H", packet, 1)[0]
        super().__init__(f"{self.number} {packet[9:].decode(errors='replace')}")


def length_encoded(data, at):
    first = data[at]
    if first < 0xfb:
        return first, at + 1
    width = {0xfc: 2, 0xfd: 3, 0xfe: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + width], "little"), at + 1 + width


def as_bytes(text):
    return text if isinstance(text, bytes) else text.encode()


class Session:
    """Root on a unix socket, without a password. Rows are tuples of bytes or None.

    Of the last statement that the server ran: `affected`, rows (None: it answered with a table), and `in_transaction`, behind it.
    """

    def __init__(self, path, timeout_s=120):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout_s)
        self.socket.connect(str(path))
        self.stream, self.sequence, self.affected, self.in_transaction = self.socket.makefile("rb"), 0, 0, False
        self._check(self._receive())  # the greeting
        flags = (LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | MULTI_STATEMENTS | MULTI_RESULTS |
                 PLUGIN_AUTH | LOCAL_FILES)
        self._send(struct.pack("<IIB23x", flags, 1 << 30, UTF8MB4) + b"root\0\0mysql_native_password\0")
        answer = self._check(self._receive())
        if answer[:1] == b"\xfe":  # another plugin: an empty password is empty in all of them
            self._send(b"")
            self._check(self._receive())

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def query(self, statement):
        """The rows of all its results. Raises SqlError."""
        self._command(QUERY + as_bytes(statement))
        rows, more = [], True
        while more:
            more = self._read_result(rows)
        return rows

    def prepared(self, statement, *values):
        """Prepared and executed by the binary protocol; values are text. Its rows are not read as such."""
        self._command(STMT_PREPARE + as_bytes(statement))
        answer = self._check(self._receive())
        number, columns, parameters = struct.unpack_from("<IHH", answer, 1)
        for count in (parameters, columns):
            for _ in range(count + 1 if count else 0):
                self._receive()
        packet = STMT_EXECUTE + struct.pack("<IBI", number, 0, 1)
        if parameters:
            packet += bytes((parameters + 7) // 8) + b"\x01" + b"\xfd\x00" * parameters
            packet += b"".join(bytes([len(value)]) + value for value in map(as_bytes, values))
        self._command(packet)
        while self._read_result([]):
            pass

    def _command(self, packet):
        self.sequence = 0
        self._send(packet)

    def _send(self, data):
        assert len(data) < 0xffffff
        self.socket.sendall(struct.pack("<I", len(data))[:3] + bytes([self.sequence]) + data)
        self.sequence = (self.sequence + 1) % 256

    def _receive(self):
        header = self.stream.read(4)
        if len(header) < 4:
            raise ConnectionError("the server closed the connection")
        self.sequence = (header[3] + 1) % 256
        return self.stream.read(int.from_bytes(header[:3], "little"))

    @staticmethod
    def _check(packet):
        if packet[:1] == b"\xff":
            raise SqlError(packet)
        return packet

    def _read_result(self, rows):
        """One result; whether another follows."""
        packet = self._check(self._receive())
        if packet[0] == 0:
            self.affected, at = length_encoded(packet, 1)
            _, at = length_encoded(packet, at)
            return self._read_status(packet, at)
        if packet[0] == 0xfb:  # LOAD DATA LOCAL: we have no file
            self._send(b"")
            return self._read_result(rows)
        self.affected = None
        for _ in range(length_encoded(packet, 0)[0] + 1):
            self._receive()
        while True:
            packet = self._check(self._receive())
            if packet[0] == 0xfe and len(packet) < 9:
                return self._read_status(packet, 3)
            rows.append(self._row(packet))

    def _read_status(self, packet, at):
        """Whether another result follows."""
        status = struct.unpack_from("<H", packet, at)[0]
        self.in_transaction = bool(status & IN_TRANSACTION)
        return bool(status & MORE_RESULTS)

    @staticmethod
    def _row(packet):
        row, at = [], 0
        while at < len(packet):
            if packet[at] == 0xfb:
                row.append(None)
                at += 1
                continue
            size, at = length_encoded(packet, at)
            row.append(packet[at:at + size])
            at += size
        return tuple(row)
