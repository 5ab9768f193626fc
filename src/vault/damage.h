/// Which errors tell of one object that cannot be used, and not of a store or a disk that fails.
#pragma once

#include "base/error.h"

namespace lifeboat::vault {

/// kUnsupported as well: a flipped bit of a header may look like a newer format.
inline bool is_damaged_or_gone(const Exception& e) {
  return e.code() == Code::kCorruption || e.code() == Code::kUnsupported || e.code() == Code::kNotFound;
}

}  // namespace lifeboat::vault
