#include "vault/pack_check.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "vault/keys.h"

namespace lifeboat::vault {

namespace {

/// Records are fetched in pieces of about this size.
constexpr std::uint32_t kPieceBytes = 4U << 20U;
/// More than any index of a pack can hold: a record takes at least 17 bytes of pack and at most 5 of index.
constexpr std::size_t kIndexBytesMax = kRecordBytesMax;

bool is_damage(const Exception& e) {
  return e.code() == Code::kCorruption;
}

std::uint64_t pack_size(Vault& vault, const Id& pack) {
  const auto info = vault.store().find(pack_name(pack));
  if (!info) fail(Code::kNotFound, format("pack {}: missing", id_text(pack)));
  return info->size;
}

/// The records from `begin` on that one get should fetch.
std::size_t piece_end(std::span<const PackEntry> records, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < records.size()) {
    const RecordRef& next = records[end].ref;
    const bool ascending = next.offset >= records[end - 1].ref.offset + std::uint64_t{records[end - 1].ref.length};
    if (!ascending || next.offset + std::uint64_t{next.length} > records[begin].ref.offset + std::uint64_t{kPieceBytes})
      break;
    ++end;
  }
  return end;
}

void check_piece(RecordReader& reader, std::span<const PackEntry> piece, PackCheck& check) {
  const RecordRef& first = piece.front().ref;
  const RecordRef& last = piece.back().ref;
  const auto size = static_cast<std::uint32_t>(last.offset + std::uint64_t{last.length} - first.offset);
  std::optional<PackRange> range;
  try {
    range = reader.fetch(first.pack, first.offset, size);
  } catch (const Exception& e) {
    if (!is_damage(e)) throw;  // else the pack ends in this piece: see below which records are lost
  }
  Record record;
  for (const PackEntry& entry : piece) {
    try {
      if (range) {
        range->open(entry.ref, entry.kind, record);
      } else {
        reader.read(entry.ref, entry.kind, record);
      }
    } catch (const Exception& e) {
      if (!is_damage(e)) throw;
      check.damage.push_back({e.error().message, entry});
    }
    check.bytes += entry.ref.length;
  }
}

}  // namespace

std::vector<PackEntry> read_pack_index(Vault& vault, const Id& pack) {
  const std::string name = pack_name(pack);
  const std::uint64_t size = pack_size(vault, pack);
  Bytes header(std::min<std::uint64_t>(size, kHeaderBytes));
  vault.store().get_range(name, 0, header);
  check_header(header, ObjectKind::kPack, vault.id(), name);
  if (size < kHeaderBytes + kTrailerBytes) fail(Code::kCorruption, format("pack {}: truncated", id_text(pack)));
  Bytes trailer(kTrailerBytes);
  vault.store().get_range(name, size - kTrailerBytes, trailer);
  const RecordRef index = decode_trailer(vault.keys().pack_key(pack), header, trailer, pack, size);
  const Record record = RecordReader(vault).read(index, RecordKind::kIndex);
  return decode_pack_index(record.content(kIndexBytesMax), pack, index.offset);
}

PackCheck check_records(Vault& vault, const Id& pack, std::span<const PackEntry> records) {
  PackCheck check;
  check.records.assign(records.begin(), records.end());
  RecordReader reader(vault);
  for (std::size_t begin = 0; begin < records.size();) {
    LIFEBOAT_CHECK(records[begin].ref.pack == pack);
    const std::size_t end = piece_end(records, begin);
    check_piece(reader, records.subspan(begin, end - begin), check);
    begin = end;
  }
  return check;
}

PackCheck check_pack(Vault& vault, const Id& pack) {
  std::vector<PackEntry> records;
  try {
    records = read_pack_index(vault, pack);
  } catch (const Exception& e) {
    if (!is_damage(e)) throw;
    PackCheck check;
    check.damage.push_back({e.error().message, {}});
    return check;
  }
  return check_records(vault, pack, records);
}

}  // namespace lifeboat::vault
