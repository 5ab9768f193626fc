/// Objects that say one word and nothing else, for names that two parties may try to create with different meaning.
/// Layout and reason: docs/internals/vault-format.md, "Tokens".
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "vault/format.h"
#include "vault/keys.h"

namespace lifeboat::vault {

inline constexpr std::size_t kTokenBytes = kHeaderBytes + codec::kSealTagBytes;

/// Pure: the whole object.
Bytes make_token(const Keys& keys, ObjectKind kind, std::string_view name, std::string_view word);
/// Which of `words` the object says; empty if it is no token by its size. Throws kCorruption if it is damaged.
std::optional<std::string_view> read_token(const Keys& keys, ObjectKind kind, std::string_view name, ByteView object,
                                           std::initializer_list<std::string_view> words);

}  // namespace lifeboat::vault
