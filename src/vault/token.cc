#include "vault/token.h"

#include "base/error.h"

namespace lifeboat::vault {

Bytes make_token(const Keys& keys, ObjectKind kind, std::string_view name, std::string_view word) {
  const ObjectHeader header = make_header(kind, keys.vault_id(), name);
  Bytes object(header.begin(), header.end());
  object.resize(kTokenBytes);
  const codec::SealKey key = keys.object_key(format("{}#{}", name, word));
  key.seal({}, header, {}, ByteSpan(object).subspan(kHeaderBytes));
  return object;
}

std::optional<std::string_view> read_token(const Keys& keys, ObjectKind kind, std::string_view name, ByteView object,
                                           std::initializer_list<std::string_view> words) {
  check_header(object, kind, keys.vault_id(), name);
  if (object.size() != kTokenBytes) return std::nullopt;
  for (const std::string_view word : words) {
    const codec::SealKey key = keys.object_key(format("{}#{}", name, word));
    if (key.open({}, object.first(kHeaderBytes), object.subspan(kHeaderBytes), {})) return word;
  }
  fail(Code::kCorruption, format("{}: damaged", name));
}

}  // namespace lifeboat::vault
