/// Packs as small numbers, so that sets of records take 8 bytes a record instead of 24.
#pragma once

#include <cstdint>
#include <cstring>
#include <unordered_map>

#include "vault/types.h"

namespace lifeboat::vault {

/// Pack ids are random: any eight bytes of them are a hash.
struct IdHash {
  std::size_t operator()(const Id& id) const {
    std::size_t hash = 0;
    std::memcpy(&hash, id.data(), sizeof(hash));
    return hash;
  }
};

class PackNumbers {
 public:
  /// Of the record, in one number.
  std::uint64_t record(const RecordRef& ref) {
    const auto next = static_cast<std::uint32_t>(numbers_.size());
    return (std::uint64_t{numbers_.try_emplace(ref.pack, next).first->second} << 32U) | ref.offset;
  }

 private:
  std::unordered_map<Id, std::uint32_t, IdHash> numbers_;
};

}  // namespace lifeboat::vault
