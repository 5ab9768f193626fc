/// For this part's fuzzers: fixed keys, and the frame around a call that may refuse but not fail otherwise.
#pragma once

#include <algorithm>

#include "base/error.h"
#include "vault/format.h"
#include "vault/keys.h"

namespace lifeboat::vault {

inline const Keys& fuzzing_keys() {
  static const Keys keys(Id{1, 2, 3}, codec::Secret(Bytes(32, 7)));
  return keys;
}

/// The input behind a header that is right, so that what lies behind the header's check is reached.
inline Bytes with_header(ByteView input, ObjectKind kind, std::string_view name) {
  const ObjectHeader header = make_header(kind, fuzzing_keys().vault_id(), name);
  Bytes out(header.begin(), header.end());
  out.insert(out.end(), input.begin(), input.end());
  return out;
}

/// Runs `call`; traps on anything but success, kCorruption and kUnsupported.
template <typename Call>
void may_refuse(Call call) {
  try {
    call();
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) __builtin_trap();
  }
}

}  // namespace lifeboat::vault
