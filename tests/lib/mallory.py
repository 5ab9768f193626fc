"""What a malicious client or source sends. Each attack is a function of a Wire; a source's also gets the position at which
the relay is, as GTID text, so that it can play along for as long as it wants."""
import os
import random
import struct
import time

from wire import (COM_DUMP, EOF, HEARTBEAT, OK, PACKET_MAX, ROTATE, answer_value, event, greet, packet, play_source, send_event,
                  send_rotate)

DRIP_S = 0.2


def drip(wire, data):
    """Byte after byte, for ever."""
    while True:
        for byte in data:
            wire.raw(bytes([byte]))
            time.sleep(DRIP_S)


def endless(wire, head=b""):
    """One payload in full packets that never ends."""
    body = head + bytes(PACKET_MAX - len(head))
    for sequence in range(wire.sequence, 1 << 20):
        wire.raw(packet(body, sequence))


def login(user, proof=bytes(20), attributes=b""):
    return struct.pack("<IIB", 0x88200, 1 << 24, 33) + bytes(23) + user + b"\0" + bytes([len(proof)]) + proof + attributes


def _strangers():
    def greeted(then):
        return lambda wire: (wire.receive(), then(wire))

    return {
        "length-lies": greeted(lambda w: w.raw(b"\xff\xff\0\1" + bytes(100))),
        "longest-packet": greeted(lambda w: w.raw(b"\xff\xff\xff\1" + bytes(1 << 20))),
        "endless-login": greeted(endless),
        "wrong-sequence": greeted(lambda w: w.raw(packet(login(b"r"), 77))),
        "empty-packet": greeted(lambda w: w.raw(packet(b"", 1))),
        "name-without-end": greeted(lambda w: w.raw(packet(login(b"x" * 60000), 1))),
        "name-of-control-characters": greeted(lambda w: w.raw(packet(login(b"\x1b[2J\r\nroot\x07" * 40), 1))),
        "plugin-without-end": greeted(lambda w: w.raw(packet(login(b"r", attributes=b"p" * 60000), 1))),
        "wrong-password": greeted(lambda w: w.raw(packet(login(b"r"), 1))),
        "nothing-before-the-greeting": lambda w: w.raw(os.urandom(5000)),
        "tls-that-is-not-offered": greeted(lambda w: w.raw(packet(struct.pack("<IIB", 0x88a00, 1 << 24, 33) + bytes(23), 1))),
        "dripping-login": greeted(lambda w: drip(w, packet(login(b"r" * 40), 1))),
        "silence": greeted(lambda w: None),
    }


def _insiders():
    def dumping(then):
        return lambda wire: (wire.dump(), then(wire))

    def many_variables(wire):
        for number in range(300):
            wire.query(b"SET @v%d = '" % number + b"x" * 900_000 + b"'")
        raise ConnectionError("still there")

    return {
        "endless-command": lambda w: endless(w, b"\3SELECT 1"),
        "command-of-nothing": lambda w: w.raw(packet(b"", 0)),
        "command-out-of-order": lambda w: w.raw(packet(b"\3SELECT 1", 9)),
        "acknowledgement-of-nothing": dumping(lambda w: w.raw(packet(b"\xef", 0))),
        "acknowledgement-without-end": dumping(endless),
        "acknowledgement-that-is-sql": dumping(lambda w: w.raw(packet(b"\3SELECT 1", 0))),
        "garbage-while-dumping": dumping(lambda w: w.raw(os.urandom(100_000))),
        "dump-cut-short": lambda w: (w.command(COM_DUMP, b"\4"), w.receive()),
        "variables-without-number": many_variables,
    }


STRANGERS, INSIDERS = _strangers(), _insiders()
SLOW_STRANGERS = {"dripping-login", "silence"}


def random_client(rng):
    data = rng.randbytes(rng.randrange(1, 3000))
    return lambda wire: wire.raw(data)


def _sources():
    def play(then):
        def attack(wire, gtid):
            file, position = play_source(wire, gtid)
            send_rotate(wire, file, position)
            then(wire, file, position)
        return attack

    def body(kind, data, **lies):
        return play(lambda w, f, p: send_event(w, event(kind, data, p + 23 + len(data), **lies)))

    def bad_checksum(wire, file, position):
        whole = bytearray(event(2, bytes(40), position + 63))
        whole[-1] ^= 1
        send_event(wire, bytes(whole), flag=1)

    def answers(how):
        def attack(wire, gtid):
            greet(wire)
            wire.receive()
            wire.send(OK)
            wire.receive()
            how(wire)
        return attack

    def endless_rows(wire):
        answer_value(wire, b"v", b"1")
        while True:
            wire.raw(packet(b"\1x", wire.sequence))
            wire.sequence += 1

    def rows_without_end(wire):
        wire.send(b"\1")
        wire.send(b"\3def" + bytes(3) + b"\1v\1v" + b"\x0c" + bytes(12))
        wire.send(EOF)
        while True:
            wire.send(b"\xfc\x00\x80" + b"y" * 0x8000)

    return {
        "length-lies": lambda w, g: w.raw(b"\xff\xff\0\0" + bytes(10)),
        "endless-greeting": lambda w, g: endless(w, b"\x0a"),
        "random-greeting": lambda w, g: w.raw(os.urandom(2000)),
        "greeting-out-of-order": lambda w, g: w.raw(packet(b"\x0a5\0" + bytes(60), 5)),
        "refusal-without-end": lambda w, g: w.send(b"\xff\x10\x04" + b"\x1b[2J\r\n" * 100_000),
        "clear-password-wanted": lambda w, g: (greet(w), w.receive(), w.send(b"\xfemysql_clear_password\0" + bytes(20)), w.receive()),
        "plugin-without-end": lambda w, g: (greet(w), w.receive(), w.send(b"\xfe" + b"p" * 200_000)),
        "columns-without-number": answers(lambda w: w.send(b"\xfe" + b"\xff" * 8)),
        "rows-without-end": answers(rows_without_end),
        "answers-twice": answers(endless_rows),
        "event-says-too-much": body(2, bytes(50), size=5000),
        "event-says-too-little": body(2, bytes(50), size=30),
        "event-says-nothing": body(2, bytes(50), size=0),
        "event-elsewhere": play(lambda w, f, p: send_event(w, event(2, bytes(50), p + 99999))),
        "wrong-checksum": play(bad_checksum),
        "endless-event": play(lambda w, f, p: endless(w, b"\0\xef\0" + event(2, b"", p + (1 << 30), size=1 << 30, checksum=False))),
        "file-elsewhere": play(lambda w, f, p: send_rotate(w, b"../../../../tmp/evil.000001", 4)),
        "file-without-end": play(lambda w, f, p: send_rotate(w, b"a" * 100_000 + b".000009", 4)),
        "file-goes-back": play(lambda w, f, p: send_rotate(w, f, 4)),
        "packet-out-of-order": play(lambda w, f, p: w.raw(packet(b"\0\xef\0", 99))),
        "no-semi-sync": play(lambda w, f, p: w.send(b"\0" + event(HEARTBEAT, f, p))),
        "heartbeat-of-nothing": play(lambda w, f, p: send_event(w, event(HEARTBEAT, b"", 0, checksum=False)[:19])),
        "rotate-of-nothing": play(lambda w, f, p: send_event(w, event(ROTATE, b"", 0, flags=0x20))),
        "stream-ends": play(lambda w, f, p: w.send(EOF)),
        "stream-garbage": play(lambda w, f, p: w.raw(os.urandom(300_000))),
        "half-a-packet": play(lambda w, f, p: w.raw(b"\x40\0\0" + bytes([w.sequence & 255]) + b"\0\xef")),
        "dripping-greeting": lambda w, g: drip(w, b"\x50\0\0\0" + b"\x0a" * 80),
        "dripping-event": play(lambda w, f, p: drip(w, b"\xf0\xff\0" + bytes([w.sequence & 255]) + b"\0" * 60000)),
        "silence": lambda w, g: None,
    }


SOURCES = _sources()
SLOW_SOURCES = {"dripping-greeting", "dripping-event", "half-a-packet", "silence"}


def garbler(seed, spare):
    """Changes what a source sends once `spare` bytes have passed: a byte, a gap, or something twice."""
    rng = random.Random(seed)
    passed = 0

    def garble(data):
        nonlocal passed
        before, passed = passed, passed + len(data)
        if before < spare or rng.random() < 0.5:
            return data
        at = rng.randrange(len(data))
        return rng.choice([data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:], data[:at], data[at:], data[:at] + data,
                           data[:at] + rng.randbytes(rng.randrange(1, 100)) + data[at:]])
    return garble
