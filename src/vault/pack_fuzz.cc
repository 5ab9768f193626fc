// A pack's index and trailer. The first four bytes are the index's offset; the rest is the index's payload, and a
// trailer whose tag is right where its first half is not refused before.

#include "vault/fuzzing.h"
#include "vault/pack_format.h"

namespace {

using namespace lifeboat;
using namespace lifeboat::vault;

constexpr Id kPack{5};

void try_index(ByteView payload, std::uint32_t index_offset) {
  const std::vector<PackEntry> records = decode_pack_index(payload, kPack, index_offset);
  std::uint64_t offset = kHeaderBytes;
  for (const PackEntry& record : records) {
    LIFEBOAT_CHECK(record.ref.offset == offset);
    offset += record.ref.length;
  }
  LIFEBOAT_CHECK(offset == index_offset);
  LIFEBOAT_CHECK(decode_pack_index(encode_pack_index(records), kPack, index_offset) == records);
}

void try_trailer(ByteView plain, std::uint64_t pack_size) {
  const codec::SealKey key = fuzzing_keys().pack_key(kPack);
  const ObjectHeader header = make_header(ObjectKind::kPack, fuzzing_keys().vault_id(), pack_name(kPack));
  Decoder in(plain, "fuzz");
  const std::uint64_t offset = in.u64();
  const std::uint32_t length = in.u32();
  RecordRef index{kPack, static_cast<std::uint32_t>(offset), length};
  Bytes trailer = make_trailer(key, header, index);
  LIFEBOAT_CHECK(trailer.size() == kTrailerBytes);
  LIFEBOAT_CHECK(decode_trailer(key, header, trailer, kPack, pack_size) == index);
  std::ranges::copy(plain.first(12), trailer.begin());
  LIFEBOAT_CHECK(decode_trailer(key, header, trailer, kPack, pack_size) == index);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::uint32_t offset = Decoder({data, 4}, "fuzz").u32();
  const ByteView input(data + 4, size - 4);
  may_refuse([&] { try_index(input, offset); });
  may_refuse([&] { try_trailer(input, offset); });
  return 0;
}
