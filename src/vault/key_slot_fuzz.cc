// A slot as it comes, and the input between a header and a checksum that are right.

#include "codec/hash.h"
#include "vault/fuzzing.h"
#include "vault/key_slot_format.h"

namespace {

using namespace lifeboat;
using namespace lifeboat::vault;

constexpr Id kSlot{9};

void decode(ByteView object) {
  const KeySlot slot = decode_slot(object, fuzzing_keys().vault_id(), kSlot);
  LIFEBOAT_CHECK(slot.label.size() <= kSlotLabelBytesMax);
  LIFEBOAT_CHECK(slot.associated.size() + sizeof(slot.nonce) + slot.sealed_key.size() + slot.mac.size() + 8 ==
                 object.size());
  // Not for passphrases: scrypt takes long, and its cost is checked by now.
  if (slot.type == SlotType::kRecovery) open_slot(slot, codec::Secret(Bytes(32, 1)));
  verify_slot(fuzzing_keys(), object, kSlot);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  may_refuse([&] { decode({data, size}); });
  Bytes object = with_header({data, size}, ObjectKind::kKeySlot, slot_name(kSlot));
  const codec::Hash256 checksum = codec::sha256(object);
  object.insert(object.end(), checksum.begin(), checksum.begin() + 8);
  may_refuse([&] { decode(object); });
  return 0;
}
