/// The object that makes a store a vault. Layout: docs/internals/vault-format.md, "config". Pure functions of bytes;
/// errors: kCorruption, kUnsupported (newer format).
#pragma once

#include "base/bytes.h"
#include "base/units.h"
#include "vault/keys.h"
#include "vault/types.h"

namespace lifeboat::vault {

inline constexpr std::size_t kConfigBytes = 88;

struct Config {
  Id vault_id{};
  SystemTime created;
};

Bytes encode_config(const Keys& keys, SystemTime created);
/// What can be checked without a key: header, constants, length. The rest is verify_config's.
Config decode_config(ByteView object);
/// Whether it is, to the bit, what the holder of the vault key wrote.
void verify_config(const Keys& keys, ByteView object);

}  // namespace lifeboat::vault
