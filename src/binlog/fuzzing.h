/// For this part's fuzzers: the frame around a call that may refuse but not fail otherwise.
#pragma once

#include "base/error.h"

namespace lifeboat::binlog {

/// What compressed input may become while fuzzing.
inline constexpr std::size_t kFuzzLimit = 1U << 20U;

/// Runs `call`; traps on anything but success and the errors that bad bytes have.
template <typename Call>
void may_refuse(Call call) {
  try {
    call();
  } catch (const Exception& e) {
    const bool allowed = e.code() == Code::kCorruption || e.code() == Code::kUnsupported ||
                         e.code() == Code::kOutOfSpace || e.code() == Code::kUsage;
    if (!allowed) __builtin_trap();
  }
}

}  // namespace lifeboat::binlog
