#include "vault/key_slot_format.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "codec/hash.h"
#include "vault/format.h"

namespace lifeboat::vault {

namespace {

constexpr std::size_t kVaultKeyBytes = 32;
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::string_view kRecoveryLabel = "recovery";

codec::SealKey sealing_key(SlotType type, codec::ScryptCost cost, ByteView salt, const codec::Secret& secret) {
  const codec::Secret key = type == SlotType::kPassphrase
                                ? codec::scrypt(secret.view(), salt, cost)
                                : codec::hkdf_sha256(secret.view(), salt, as_bytes(kRecoveryLabel));
  return codec::SealKey(key.view());
}

template <std::size_t N>
std::array<std::uint8_t, N> take(Decoder& in) {
  std::array<std::uint8_t, N> out{};
  std::ranges::copy(in.raw(N), out.begin());
  return out;
}

void check_cost(const Decoder& in, const KeySlot& slot) {
  const codec::ScryptCost& cost = slot.cost;
  const bool legal =
      slot.type == SlotType::kPassphrase
          ? cost.log2_n >= 1 && cost.log2_n <= 20 && cost.r >= 1 && cost.r <= 32 && cost.p >= 1 && cost.p <= 16
          : slot.type == SlotType::kRecovery && cost == codec::ScryptCost{0, 0, 0};
  if (!legal) in.bad("unknown type or cost");
}

}  // namespace

Bytes seal_slot(const Keys& keys, const Id& id, SlotType type, const codec::Secret& secret, std::string_view label,
                SystemTime created) {
  LIFEBOAT_CHECK(label.size() <= kSlotLabelBytesMax);
  const codec::ScryptCost cost = type == SlotType::kPassphrase ? codec::ScryptCost{} : codec::ScryptCost{0, 0, 0};
  const Bytes salt = random_bytes(sizeof(KeySlot::salt));
  Encoder out;
  out.raw(make_header(ObjectKind::kKeySlot, keys.vault_id(), slot_name(id)));
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(cost.log2_n);
  out.u8(cost.r);
  out.u8(cost.p);
  out.raw(salt);
  out.u64(static_cast<std::uint64_t>(unix_ms(created)));
  out.u8(static_cast<std::uint8_t>(label.size()));
  out.raw(label);
  const Bytes associated = out.bytes();

  codec::Nonce nonce{};
  random_fill(nonce);
  Bytes sealed(kVaultKeyBytes + codec::kSealTagBytes);
  sealing_key(type, cost, salt, secret).seal(nonce, associated, {keys.vault_key().view()}, sealed);
  out.raw(nonce);
  out.raw(sealed);
  out.raw(ByteView(keys.slot_mac(id, out.bytes())).first(kMacBytes));
  out.raw(ByteView(codec::sha256(out.bytes())).first(kChecksumBytes));
  return out.take();
}

KeySlot decode_slot(ByteView object, const Id& vault_id, const Id& id) {
  const std::string name = slot_name(id);
  check_header(object, ObjectKind::kKeySlot, vault_id, name);
  Decoder in(object, name);
  if (object.size() < kHeaderBytes + kChecksumBytes) in.bad("truncated");
  const ByteView covered = object.first(object.size() - kChecksumBytes);
  if (!std::ranges::equal(ByteView(codec::sha256(covered)).first(kChecksumBytes), object.last(kChecksumBytes))) {
    in.bad("damaged or truncated");
  }
  in.raw(kHeaderBytes);
  KeySlot slot;
  slot.type = static_cast<SlotType>(in.u8());
  slot.cost.log2_n = in.u8();
  slot.cost.r = in.u8();
  slot.cost.p = in.u8();
  check_cost(in, slot);
  slot.salt = take<sizeof(KeySlot::salt)>(in);
  slot.created = from_unix_ms(static_cast<std::int64_t>(in.u64()));
  const std::size_t label_size = in.u8();
  if (label_size > kSlotLabelBytesMax) in.bad("label too long");
  slot.label = as_text(in.raw(label_size));
  const ByteView associated = object.first(in.position());
  slot.associated.assign(associated.begin(), associated.end());
  slot.nonce = take<sizeof(codec::Nonce)>(in);
  const ByteView sealed = in.raw(kVaultKeyBytes + codec::kSealTagBytes);
  slot.sealed_key.assign(sealed.begin(), sealed.end());
  const ByteView mac = in.raw(kMacBytes);
  slot.mac.assign(mac.begin(), mac.end());
  in.raw(kChecksumBytes);
  in.expect_end();
  return slot;
}

bool is_foreign_slot(ByteView object, const Id& vault_id, const Id& id) {
  try {
    const Id owner = check_header_of_any_vault(object, ObjectKind::kKeySlot, slot_name(id));
    if (owner == vault_id) return false;
    static_cast<void>(decode_slot(object, owner, id));  // its checksum covers the header
    return true;
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
    return false;
  }
}

std::optional<codec::Secret> open_slot(const KeySlot& slot, const codec::Secret& secret) {
  Bytes key(kVaultKeyBytes);
  const bool opened =
      sealing_key(slot.type, slot.cost, slot.salt, secret).open(slot.nonce, slot.associated, slot.sealed_key, key);
  codec::Secret vault_key(std::move(key));
  return opened ? std::optional(std::move(vault_key)) : std::nullopt;
}

void verify_slot(const Keys& keys, ByteView object, const Id& id) {
  const KeySlot slot = decode_slot(object, keys.vault_id(), id);
  const codec::Hash256 mac = keys.slot_mac(id, object.first(object.size() - kChecksumBytes - kMacBytes));
  if (!codec::equal_in_constant_time(ByteView(mac).first(kMacBytes), slot.mac)) {
    fail(Code::kCorruption, format("{}: not written with this vault's key", slot_name(id)),
         "Remove the slot with `lifeboat vault key rm` and add a new one.");
  }
}

}  // namespace lifeboat::vault
