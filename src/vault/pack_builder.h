/// One pack being written. Layout: docs/internals/vault-format.md, "packs".
/// Threads: one at a time. Durability: the pack exists, whole, when commit returns; destruction without it leaves
/// nothing visible.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

#include "codec/seal.h"
#include "store/store.h"
#include "vault/pack_format.h"
#include "vault/vault.h"

namespace lifeboat::vault {

class PackBuilder {
 public:
  explicit PackBuilder(Vault& vault);

  const Id& id() const { return id_; }
  std::uint64_t size() const { return offset_; }

  RecordRef add(RecordKind kind, PayloadCodec codec, std::initializer_list<ByteView> payload);
  /// Writes index and trailer; nothing can be added any more.
  void close();
  void commit() { writer_->commit(); }

 private:
  RecordRef append_record(RecordKind kind, PayloadCodec codec, std::initializer_list<ByteView> payload);
  ByteSpan reserve(std::size_t size);
  void flush();

  Id id_;
  codec::SealKey key_;
  ObjectHeader header_;
  std::unique_ptr<store::ObjectWriter> writer_;
  Bytes buffer_;          ///< sealed, not yet handed to the writer
  std::size_t used_ = 0;  ///< of buffer_
  std::uint64_t offset_ = 0;
  std::vector<PackEntry> records_;
};

}  // namespace lifeboat::vault
