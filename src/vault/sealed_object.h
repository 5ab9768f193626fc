/// Small sealed objects: images, pins, sessions, marks, undo, launch lists, scrub results, proofs.
/// Layout: docs/internals/vault-format.md, "Small objects". A name is used once in the life of a vault.
/// Errors: kCorruption naming the object and what is wrong with it, kUnsupported (newer format), and the store's.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "vault/format.h"
#include "vault/keys.h"
#include "vault/vault.h"

namespace lifeboat::vault {

inline constexpr std::size_t kSmallPayloadBytesMax = std::size_t{32} << 20U;
inline constexpr std::size_t kSmallObjectBytesMax = kSmallPayloadBytesMax + kHeaderBytes + 1 + codec::kSealTagBytes;

/// Pure: the whole object with this payload (at most kSmallPayloadBytesMax; compressed where that is smaller), and
/// back.
Bytes seal_object(const Keys& keys, ObjectKind kind, std::string_view name, ByteView payload);
Bytes open_object(const Keys& keys, ObjectKind kind, std::string_view name, ByteView object);

/// Durable when it returns; kExists if the name is taken.
void put_object(Vault& vault, ObjectKind kind, std::string_view name, ByteView payload);
/// kNotFound if there is none.
Bytes get_object(Vault& vault, ObjectKind kind, std::string_view name);

}  // namespace lifeboat::vault
