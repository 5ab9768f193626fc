#!/usr/bin/env python3
"""A proxy in front of an S3 server that is slow, breaks and lies, by rule.

    faulty_proxy.py --upstream HOST:PORT [--port N] [--latency-ms N]

Prints "listening on 127.0.0.1:PORT" once it does. --latency-ms delays each new connection and each request by that much, as
distance would; bodies are passed on inside the kernel, so that many large ranged GETs at once stay fast.

Rules are a JSON list, put to /~rules at any time; the first that applies to a request is used up by one:
    {"fault": NAME, "method": "GET", "match": REGEX, "times": N, "skip": N}
method and match (searched in path and query) default to any, times to 1 (-1: always), skip to 0. The faults:
    status      answer "status" (503) with S3's error "code" (SlowDown), without asking the server
    reset       reset the connection before the server sees the request
    lost        let the server do it, then reset the connection
    hang        say nothing until the client goes
    truncate    half the body, then close
    stall       half the body, then nothing
    short       half the body, with a head that agrees
    flip        one bit in the middle of the body changed
    range       a Content-Range that begins one byte later
    missing     404 NoSuchKey, whatever is there
    replay      the answer to the previous request of that method and path once more
    late        wait "ms" before asking the server
GET /~stats answers {"requests": N, "faults": {NAME: N}} since the rules were last put.
"""

import argparse
import fcntl
import json
import os
import re
import socket
import struct
import threading
import time
from collections import Counter

IN_MEMORY = 1 << 20  # bodies up to this size are remembered for "replay"
PIPE_BYTES = 1 << 20
F_SETPIPE_SZ = 1031


class Gone(Exception):
    """One side has closed or broken the connection."""


class Wire:
    """A socket with a read buffer."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fill(self):
        try:
            data = self.sock.recv(1 << 18)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        self.buffer += data

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return Head(head)

    def exactly(self, size):
        parts = [self.buffer[:size]]
        self.buffer = self.buffer[size:]
        got = len(parts[0])
        while got < size:
            self.fill()
            parts.append(self.buffer[: size - got])
            self.buffer = self.buffer[size - got :]
            got += len(parts[-1])
        return b"".join(parts)

    def chunked(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                self.fill()
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line, 16)
            body += self.exactly(size)
            self.exactly(2)
            if size == 0:
                return body

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Gone from error

    def pass_on(self, other, size):
        """Moves `size` bytes to the other wire without bringing them here."""
        first = self.buffer[:size]
        self.buffer = self.buffer[len(first) :]
        other.send(first)
        size -= len(first)
        if size == 0:
            return
        read_end, write_end = os.pipe()
        try:
            fcntl.fcntl(write_end, F_SETPIPE_SZ, PIPE_BYTES)
            while size > 0:
                moved = os.splice(self.sock.fileno(), write_end, min(size, PIPE_BYTES))
                if moved == 0:
                    raise Gone
                size -= moved
                while moved > 0:
                    moved -= os.splice(read_end, other.sock.fileno(), moved)
        except OSError as error:
            raise Gone from error
        finally:
            os.close(read_end)
            os.close(write_end)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.sock.close()

    def wait_until_closed(self):
        try:
            while self.sock.recv(1 << 16):
                pass
        except OSError:
            pass


class Head:
    """First line and headers of a request or an answer."""

    def __init__(self, raw):
        lines = raw.decode("latin-1").split("\r\n")
        self.first = lines[0]
        self.headers = [line.partition(":")[::2] for line in lines[1:]]

    def get(self, name, default=None):
        return next((v.strip() for n, v in self.headers if n.lower() == name), default)

    def put(self, name, value):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name]
        self.headers.append((name, " " + value))

    def raw(self):
        return "\r\n".join([self.first] + [f"{n}:{v}" for n, v in self.headers]).encode("latin-1") + b"\r\n\r\n"


class Rules:
    def __init__(self):
        self.lock = threading.Lock()
        self.replace([])

    def replace(self, rules):
        with self.lock:
            self.rules = [dict(rule) for rule in rules]
            self.requests = 0
            self.faults = Counter()

    def take(self, method, target):
        with self.lock:
            self.requests += 1
            for rule in self.rules:
                if rule.get("method", method) != method or not re.search(rule.get("match", ""), target):
                    continue
                if rule.get("skip", 0) > 0:
                    rule["skip"] -= 1
                    continue
                if rule.setdefault("times", 1) == 0:
                    continue
                rule["times"] -= 1
                self.faults[rule["fault"]] += 1
                return rule
            return {"fault": None}

    def stats(self):
        with self.lock:
            return {"requests": self.requests, "faults": self.faults}


def plain_answer(status, body, kind="application/xml"):
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def error_answer(status, code, method):
    body = f"<Error><Code>{code}</Code><Message>by rule</Message></Error>".encode()
    answer = plain_answer(status, body)
    return answer[: -len(body)] if method == "HEAD" else answer


class Connection:
    def __init__(self, proxy, sock):
        self.proxy = proxy
        self.client = Wire(sock)
        self.server = None

    def run(self):
        try:
            time.sleep(self.proxy.latency)
            while True:
                self.one_request()
        except Gone:
            pass
        finally:
            self.client.close()
            if self.server:
                self.server.close()

    def one_request(self):
        request = self.client.head()
        method, target, _ = request.first.split(" ", 2)
        body = self.client.exactly(int(request.get("content-length", "0")))
        if target.startswith("/~"):
            return self.control(target, body)
        rule = self.proxy.rules.take(method, target)
        fault = rule["fault"]
        time.sleep(self.proxy.latency + (rule.get("ms", 0) / 1000 if fault == "late" else 0))
        if fault == "status":
            return self.client.send(error_answer(rule.get("status", 503), rule.get("code", "SlowDown"), method))
        if fault == "missing":
            return self.client.send(error_answer(404, "NoSuchKey", method))
        if fault == "reset":
            self.client.reset()
            raise Gone
        if fault == "hang":
            self.client.wait_until_closed()
            raise Gone
        if fault == "replay":
            last = self.proxy.last.get((method, target.partition("?")[0]))
            if last:
                return self.client.send(last)
        self.ask(request, body)
        if fault == "lost":
            self.client.reset()
            raise Gone
        return self.answer(method, target, fault)

    def control(self, target, body):
        if target == "/~rules":
            self.proxy.rules.replace(json.loads(body))
            self.client.send(plain_answer(200, b""))
        else:
            self.client.send(plain_answer(200, json.dumps(self.proxy.rules.stats()).encode(), "application/json"))

    def ask(self, request, body):
        """Sends the request and waits for the answer's head."""
        for attempt in (1, 2):
            if self.server is None:
                self.server = Wire(socket.create_connection(self.proxy.upstream))
            try:
                self.server.send(request.raw() + body)
                self.head = self.server.head()
                while self.head.first.split(" ")[1] == "100":
                    self.head = self.server.head()
                return
            except Gone:
                self.server.close()
                self.server = None
                if attempt == 2:
                    raise

    def answer(self, method, target, fault):
        head = self.head
        status = int(head.first.split(" ")[1])
        empty = method == "HEAD" or status in (204, 304)
        size = 0 if empty else int(head.get("content-length", "-1"))
        chunked = not empty and head.get("transfer-encoding", "").lower() == "chunked"
        if fault == "range" and head.get("content-range"):
            unit, first, rest = re.match(r"(bytes )(\d+)(-.*)", head.get("content-range")).groups()
            head.put("content-range", f"{unit}{int(first) + 1}{rest}")
        if fault in (None, "late", "range") and size > IN_MEMORY:
            self.client.send(head.raw())
            return self.server.pass_on(self.client, size)
        body = self.server.chunked() if chunked else self.server.exactly(max(size, 0))
        if chunked:
            head.headers = [(n, v) for n, v in head.headers if n.lower() != "transfer-encoding"]
        if fault == "short":
            body = body[: len(body) // 2]
        if fault == "flip" and body:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 0x10]) + body[middle + 1 :]
        if not empty:
            head.put("content-length", str(len(body)))
        whole = head.raw() + body
        if fault in ("truncate", "stall"):
            self.client.send(whole[: len(whole) - (len(body) + 1) // 2])
            if fault == "stall":
                self.client.wait_until_closed()
            raise Gone
        if len(body) <= IN_MEMORY:
            self.proxy.last[(method, target.partition("?")[0])] = whole
        self.client.send(whole)
        if head.get("connection", "").lower() == "close":
            raise Gone
        return None


class Proxy:
    def __init__(self, upstream, latency):
        self.upstream = upstream
        self.latency = latency
        self.rules = Rules()
        self.last = {}

    def serve(self, port):
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=Connection(self, sock).run, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    options = parser.parse_args()
    host, _, port = options.upstream.rpartition(":")
    try:
        Proxy((host, int(port)), options.latency_ms / 1000).serve(options.port)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
