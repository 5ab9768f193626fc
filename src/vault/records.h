/// Records in packs: chunks, deltas and tree nodes, sealed one by one. Layout: docs/internals/vault-format.md, "packs".
/// What a payload means is the caller's business; here it is a codec byte and bytes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "codec/seal.h"
#include "vault/format.h"
#include "vault/types.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// Sealed into each record, so that one is never taken for another.
enum class RecordKind : std::uint8_t { kChunk = 1, kDelta = 2, kNode = 3, kIndex = 4 };
std::string_view kind_name(RecordKind kind);

inline constexpr std::size_t kPayloadPartsMax = 3;
inline constexpr std::size_t kRecordOverheadBytes = 1 + 16;  ///< codec byte and tag
/// The largest sealed record, the index of a full pack included.
inline constexpr std::uint32_t kRecordBytesMax = 16U << 20U;

/// "pack 3f9a… chunk at 4096", for messages.
std::string record_text(const RecordRef& ref, RecordKind kind);

/// Writes records into packs of about `pack_bytes`. Each adding thread fills a pack of its own, so that threads do not
/// wait for each other; full packs are made durable by a background thread. Once a pack was filled, nodes go into packs
/// of their own: whoever reads a tree finds a node's children right before it.
///
/// Ownership: borrows the vault. Threads: add from any thread; finish from one, while nobody adds.
/// Errors: the first one of any thread sticks and is thrown by every call after it.
/// Durability: when finish returns, every record added before survives power loss. Without finish, packs still open
/// vanish, and packs already full remain as garbage for prune.
class RecordWriter {
 public:
  explicit RecordWriter(Vault& vault, std::size_t pack_bytes = kPackBytes);
  ~RecordWriter();
  RecordWriter(const RecordWriter&) = delete;
  RecordWriter& operator=(const RecordWriter&) = delete;

  /// Seals one record whose payload is the parts (at most kPayloadPartsMax), one after another. It can be read only
  /// after finish.
  RecordRef add(RecordKind kind, PayloadCodec codec, std::initializer_list<ByteView> payload);
  /// More may be added afterwards, into new packs.
  void finish();

  /// Bytes of all packs so far.
  std::uint64_t bytes_written() const;
  /// The packs made durable so far.
  std::vector<Id> packs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One opened record; re-used from read to read it keeps its memory.
class Record {
 public:
  PayloadCodec codec() const { return codec_; }
  /// As it was added: still compressed if the codec says so.
  ByteView payload() const { return {buffer_.data() + 1, size_}; }
  /// The content of a payload with codec kNone or kZstd; kCorruption beyond `max_size` or with another codec.
  Bytes content(std::size_t max_size) const;

 private:
  friend class RecordReader;
  friend class PackRange;
  PayloadCodec codec_ = PayloadCodec::kNone;
  std::size_t size_ = 0;
  Bytes buffer_ = Bytes(1);
};

/// Sealed bytes of a contiguous part of one pack, from which its records are opened. A value; copies share the
/// bytes. Threads: a const one may be shared.
class PackRange {
 public:
  bool contains(const RecordRef& ref) const;
  /// Throws kCorruption naming the record if it is damaged.
  void open(const RecordRef& ref, RecordKind kind, Record& into) const;

 private:
  friend class RecordReader;
  PackRange(Id pack, std::shared_ptr<const codec::SealKey> key, std::uint32_t offset, std::size_t size);
  Id pack_;
  std::shared_ptr<const codec::SealKey> key_;
  std::uint32_t offset_;
  std::size_t size_;
  std::shared_ptr<std::uint8_t[]> sealed_;
};

/// Reads records. Ownership: borrows the vault. Threads: safe from any thread. Memory: the keys of the packs used last
/// (a bounded number). Errors: kCorruption naming the record, kNotFound (the pack is gone), and the store's.
class RecordReader {
 public:
  explicit RecordReader(Vault& vault);
  ~RecordReader();
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// One ranged get.
  void read(const RecordRef& ref, RecordKind kind, Record& into);
  Record read(const RecordRef& ref, RecordKind kind);
  /// One ranged get for every record in `size` bytes from `offset` of a pack.
  PackRange fetch(const Id& pack, std::uint32_t offset, std::uint32_t size);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::vault
