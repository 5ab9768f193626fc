/// What is in a pack besides its records: index and trailer, and how records are sealed.
/// Layout: docs/internals/vault-format.md, "packs". Pure functions; errors: kCorruption.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "codec/seal.h"
#include "vault/format.h"
#include "vault/records.h"
#include "vault/types.h"

namespace lifeboat::vault {

struct PackEntry {
  RecordKind kind = RecordKind::kChunk;
  RecordRef ref;
  bool operator==(const PackEntry&) const = default;
};

/// The nonce of what begins at `offset` of a pack.
codec::Nonce pack_nonce(std::uint64_t offset);

Bytes encode_pack_index(std::span<const PackEntry> records);
/// The records of a pack whose index lies at `index_offset`: contiguous from the header to there.
std::vector<PackEntry> decode_pack_index(ByteView payload, const Id& pack, std::uint32_t index_offset);

/// The trailer that follows an index, authenticated together with the header.
Bytes make_trailer(const codec::SealKey& key, const ObjectHeader& header, const RecordRef& index);
/// Where the index of a pack of `pack_size` bytes lies. `header` must have been checked.
RecordRef decode_trailer(const codec::SealKey& key, ByteView header, ByteView trailer, const Id& pack,
                         std::uint64_t pack_size);

}  // namespace lifeboat::vault
