"""A second reader of docs/internals/vault-format.md, written from the document alone: where it and the C++ code read a
vault differently, one of the three is wrong. Slow, small, read-only; every check that the document asks of a reader is
an assert."""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK, CHUNK, FANOUT = 4096, 131072, 256
CONFIG, SLOT, PACK, IMAGE, PIN, SESSION, MARK, UNDO, LAUNCH, SCRUB, LOG = range(1, 12)

zstd = ctypes.CDLL(ctypes.util.find_library("zstd"))
for name in ("ZSTD_createDCtx", "ZSTD_DCtx_refPrefix", "ZSTD_decompressDCtx"):
    getattr(zstd, name).restype = ctypes.c_void_p if name == "ZSTD_createDCtx" else ctypes.c_size_t
zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong


def unzstd(frame, prefix=None):
    context = ctypes.c_void_p(zstd.ZSTD_createDCtx())
    size = zstd.ZSTD_getFrameContentSize(frame, ctypes.c_size_t(len(frame)))
    if prefix is not None:
        zstd.ZSTD_DCtx_refPrefix(context, prefix, ctypes.c_size_t(len(prefix)))
    out = ctypes.create_string_buffer(size)
    got = zstd.ZSTD_decompressDCtx(context, out, ctypes.c_size_t(size), frame, ctypes.c_size_t(len(frame)))
    zstd.ZSTD_freeDCtx(context)
    assert got == size
    return out.raw


def hmac256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def hkdf(key, salt, info, size=32):
    extracted, out, block = hmac256(salt, key), b"", b""
    while len(out) < size:
        block = hmac256(extracted, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:size]


class Decoder:
    def __init__(self, data):
        self.data, self.at = data, 0

    def raw(self, size):
        assert self.at + size <= len(self.data)
        self.at += size
        return self.data[self.at - size : self.at]

    def fixed(self, size):
        return int.from_bytes(self.raw(size), "little")

    def u8(self):
        return self.fixed(1)

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def svarint(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def text(self):
        return self.raw(self.varint())

    def expect_end(self):
        assert self.at == len(self.data)


def recovery_key(text):
    digits = "".join(c for c in text.upper() if c not in "- \n")
    assert len(digits) == 56
    key = base64.b32decode(digits[:52] + "====")
    assert base64.b32encode(hashlib.sha256(key).digest()).decode()[:4] == digits[52:]
    return key


def launch_list(payload):
    """Runs as (path, first chunk, count)."""
    data = Decoder(payload)
    paths = [data.text().decode() for _ in range(data.varint())]
    runs = [(paths[data.varint()], data.varint(), data.varint()) for _ in range(data.varint())]
    data.expect_end()
    return runs


class Vault:
    def __init__(self, directory, passphrase=None, recovery=None):
        self.directory = Path(directory)
        config = self.object("config")
        self.id = config[8:24]
        self.check_header(config, CONFIG, "config")
        self.key = self.unlock(passphrase, recovery)
        assert len(config) == 88 and config[56:] == hmac256(self.derive(b"config"), config[:56])
        fields = Decoder(config[40:56])
        assert [fields.fixed(n) for n in (4, 4, 2, 2, 4)] == [BLOCK, CHUNK, FANOUT, 0, 0]

    def object(self, name):
        return (self.directory / name).read_bytes()

    def names(self, folder):
        files = [path for path in (self.directory / folder).rglob("*") if path.is_file()]
        return sorted(str(path.relative_to(self.directory)) for path in files)

    def check_header(self, data, kind, name):
        hashed = hashlib.sha256(name.encode()).digest()[:8]
        assert data[:32] == b"LBOT" + bytes([kind, 0, 1, 0]) + self.id + hashed, name

    def derive(self, label, about=b"", size=32):
        return hkdf(self.key, self.id, label + about, size)

    def unlock(self, passphrase, recovery):
        for name in self.names("keys"):
            slot = self.object(name)
            self.check_header(slot, SLOT, name)
            assert slot[-8:] == hashlib.sha256(slot[:-8]).digest()[:8]
            fields = Decoder(slot[32:])
            kind, log2_n, r, p = fields.u8(), fields.u8(), fields.u8(), fields.u8()
            salt, _time, _label = fields.raw(32), fields.fixed(8), fields.raw(fields.u8())
            associated = slot[: 32 + fields.at]
            nonce, sealed, mac, _checksum = fields.raw(12), fields.raw(48), fields.raw(16), fields.raw(8)
            fields.expect_end()
            if kind == 1 and passphrase is not None:
                secret = hashlib.scrypt(passphrase, salt=salt, n=1 << log2_n, r=r, p=p, maxmem=1 << 30, dklen=32)
            elif kind == 2 and recovery is not None:
                assert (log2_n, r, p) == (0, 0, 0)
                secret = hkdf(recovery, salt, b"recovery")
            else:
                continue
            self.key = AESGCM(secret).decrypt(nonce, sealed, associated)
            expected = hmac256(self.derive(b"slot", bytes.fromhex(name.split("/")[1])), slot[: len(slot) - 24])
            assert mac == expected[:16]
            return self.key
        raise AssertionError("no slot opens")

    def small_object(self, kind, name):
        data = self.object(name)
        self.check_header(data, kind, name)
        opened = AESGCM(self.derive(b"object", name.encode())).decrypt(bytes(12), data[32:], data[:32])
        return self.content(opened[0], opened[1:])

    def log_part(self, name):
        """What its name says, its metadata and its content."""
        _logs, log, place = name.split("/")
        file, begin, end, closes = place.split("-")
        file, begin, end = int(file, 16), int(begin, 16), int(end, 16)
        data = self.object(name)
        self.check_header(data, LOG, name)
        at = 36 + int.from_bytes(data[32:36], "little")
        key = AESGCM(self.derive(b"object", name.encode()))
        metadata = key.decrypt(bytes(12), data[36:at], data[:36])
        opened = key.decrypt(b"\x01" + bytes(11), data[at:], data[:36])
        content = self.content(opened[0], opened[1:])
        assert closes[0] in "oc" and len(closes) == 17 and len(content) == end - begin
        return (log, file, begin, end, closes[0] == "c"), metadata, content

    def token(self, kind, name, words):
        """Which of the words it says."""
        data = self.object(name)
        self.check_header(data, kind, name)
        assert len(data) == 48
        said = [w for w in words if AESGCM(self.derive(b"object", f"{name}#{w}".encode())).encrypt(bytes(12), b"", data[:32]) == data[32:]]
        assert len(said) == 1, name
        return said[0]

    @staticmethod
    def content(codec, payload):
        assert codec in (0, 1)
        return unzstd(payload) if codec == 1 else payload

    def record(self, pack, offset, length, kind):
        """Codec and payload."""
        data = self.object(f"packs/{pack.hex()[:2]}/{pack.hex()}")[offset : offset + length]
        nonce = offset.to_bytes(8, "little") + bytes(4)
        opened = AESGCM(self.derive(b"pack", pack)).decrypt(nonce, data, bytes([kind]))
        return opened[0], opened[1:]

    def check_pack(self, name):
        """Every byte of it; returns the kinds of its records."""
        data, pack = self.object(name), bytes.fromhex(name.split("/")[-1])
        self.check_header(data, PACK, name)
        trailer = Decoder(data[-32:])
        index_at, index_length = trailer.fixed(8), trailer.fixed(4)
        assert trailer.raw(4) == b"LBEN" and index_at + index_length + 32 == len(data)
        nonce = (len(data) - 32).to_bytes(8, "little") + bytes(4)
        assert AESGCM(self.derive(b"pack", pack)).decrypt(nonce, data[-16:], b"\x05" + data[:32] + data[-32:-16]) == b""
        index = Decoder(self.content(*self.record(pack, index_at, index_length, 4)))
        at, kinds = 32, []
        for _ in range(index.varint()):
            kind, length = index.u8(), index.varint()
            self.record(pack, at, length, kind)
            at += length
            kinds.append(kind)
        index.expect_end()
        assert at == index_at
        return kinds

    def chunk(self, reference):
        kind, record, base, digest = reference
        if kind == 0:
            return bytes(CHUNK)
        content = self.content(*self.record(*(base or record), 1)).ljust(CHUNK, b"\0")
        if kind == 2:
            content = self.apply_delta(content, *self.record(*record, 2))
        assert self.digest(content) == digest
        return content

    @staticmethod
    def apply_delta(base, codec, payload):
        mask = int.from_bytes(payload[:4], "little")
        blocks = [i for i in range(32) if mask >> i & 1]
        assert blocks
        old = b"".join(base[i * BLOCK : (i + 1) * BLOCK] for i in blocks)
        new = {0: lambda b: b, 1: unzstd, 2: lambda b: unzstd(b, old)}[codec](payload[4:])
        assert len(new) == len(old)
        content = bytearray(base)
        for n, i in enumerate(blocks):
            content[i * BLOCK : (i + 1) * BLOCK] = new[n * BLOCK : (n + 1) * BLOCK]
        return bytes(content)

    def digest(self, content):
        key, total = self.derive(b"digest", size=64), 0
        for i in range(32):
            block = content[i * BLOCK : (i + 1) * BLOCK]
            if block.strip(b"\0"):
                tag = AESGCM(key[:32]).encrypt(i.to_bytes(4, "little") + bytes(8), b"", block)
                aes = Cipher(algorithms.AES(key[32:]), modes.ECB()).encryptor()
                total ^= int.from_bytes(aes.update(tag), "big")
        return total.to_bytes(16, "big")

    def image(self, name):
        """Metadata, and the entries by path."""
        payload = Decoder(self.small_object(IMAGE, name))
        metadata, entries = json.loads(payload.text()), {}
        self.directory_node(payload, entries)
        return metadata, entries

    def directory_node(self, node, entries):
        level, path = node.u8(), b""
        for _ in range(node.varint()):
            if level > 0:
                node.text()
                child = Decoder(self.content(*self.record(*self.reference(node), 3)))
                self.directory_node(child, entries)
                continue
            path = path[: node.varint()] + node.text()
            entry = dict(type=node.u8(), mode=node.varint(), uid=node.varint(), gid=node.varint(), mtime=node.svarint())
            if entry["type"] == 1:
                size = node.varint()
                entry["content"] = self.file_content(size, self.chunk_map(node))
            elif entry["type"] == 3:
                entry["target"] = node.text()
            entries[path.decode()] = entry
        node.expect_end()

    @staticmethod
    def reference(node, packs=None):
        pack = packs[node.varint()] if packs else node.raw(16)
        return pack, node.varint(), node.varint()

    def chunk_reference(self, node, packs=None):
        kind = node.u8()
        if kind == 0:
            return 0, None, None, None
        record = self.reference(node, packs)
        base = self.reference(node, packs) if kind == 2 else None
        return kind, record, base, node.raw(16)

    def chunk_map(self, node):
        """Chunk references by number."""
        depth = node.u8()
        if depth == 0:
            return dict(enumerate([self.chunk_reference(node) for _ in range(node.varint())]))
        chunks = {}
        self.chunk_node(self.reference(node), depth, 0, chunks)
        return chunks

    def chunk_node(self, reference, level, first, chunks):
        node = Decoder(self.content(*self.record(*reference, 3)))
        assert node.u8() == level
        packs = [node.raw(16) for _ in range(node.varint())]
        slot = 0
        while slot < FANOUT:
            slot += node.varint()
            for _ in range(node.varint()):
                if level == 1:
                    chunks[first + slot] = self.chunk_reference(node, packs)
                else:
                    self.chunk_node(self.reference(node, packs), level - 1, (first + slot) * FANOUT, chunks)
                slot += 1
        assert slot == FANOUT
        node.expect_end()

    def file_content(self, size, chunks):
        whole = bytearray(-(-size // CHUNK) * CHUNK)
        for number, reference in chunks.items():
            whole[number * CHUNK : (number + 1) * CHUNK] = self.chunk(reference)
        assert not any(whole[size:])
        return bytes(whole[:size])
