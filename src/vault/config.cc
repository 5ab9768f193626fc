#include "vault/config.h"

#include "base/error.h"
#include "vault/format.h"

namespace lifeboat::vault {

namespace {
constexpr std::size_t kMacBytes = sizeof(codec::Hash256);
}

Bytes encode_config(const Keys& keys, SystemTime created) {
  Encoder out;
  out.raw(make_header(ObjectKind::kConfig, keys.vault_id(), kConfigName));
  out.u64(static_cast<std::uint64_t>(unix_ms(created)));
  out.u32(kBlockBytes);
  out.u32(kChunkBytes);
  out.u16(kFanout);
  out.u16(0);
  out.u32(0);
  out.raw(keys.config_mac(out.bytes()));
  return out.take();
}

Config decode_config(ByteView object) {
  Config config;
  config.vault_id = check_header_of_any_vault(object, ObjectKind::kConfig, kConfigName);
  Decoder in(object, kConfigName);
  in.raw(kHeaderBytes);
  config.created = from_unix_ms(static_cast<std::int64_t>(in.u64()));
  const bool known_sizes = in.u32() == kBlockBytes && in.u32() == kChunkBytes && in.u16() == kFanout;
  if (!known_sizes || in.u16() != 0 || in.u32() != 0) in.bad("damaged");
  in.raw(kMacBytes);
  in.expect_end();
  return config;
}

void verify_config(const Keys& keys, ByteView object) {
  decode_config(object);
  check_header(object, ObjectKind::kConfig, keys.vault_id(), kConfigName);
  const std::size_t covered = kConfigBytes - kMacBytes;
  if (!codec::equal_in_constant_time(keys.config_mac(object.first(covered)), object.subspan(covered))) {
    fail(Code::kCorruption, format("{}: damaged", kConfigName), kDamageHint);
  }
}

}  // namespace lifeboat::vault
