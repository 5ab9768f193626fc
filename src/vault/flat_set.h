/// A set of 64-bit numbers in one flat table: 16 bytes each at most, where std::unordered_set takes about 40.
#pragma once

#include <cstdint>
#include <vector>

namespace lifeboat::vault {

class FlatSet {
 public:
  /// False if it was in already.
  bool insert(std::uint64_t value) {
    if ((size_ + 1) * 2 > table_.size()) grow();
    return place(value);
  }
  bool contains(std::uint64_t value) const { return !table_.empty() && table_[slot(value)] == stored(value); }
  std::size_t size() const { return size_; }
  void clear() { *this = {}; }

 private:
  /// 0 stands for an empty place.
  static std::uint64_t stored(std::uint64_t value) { return value + 1; }

  /// Where the value is or would be.
  std::size_t slot(std::uint64_t value) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = static_cast<std::size_t>((value * 0x9e3779b97f4a7c15U) >> 20U) & mask;
    while (table_[at] != 0 && table_[at] != stored(value)) at = (at + 1) & mask;
    return at;
  }

  bool place(std::uint64_t value) {
    const std::size_t at = slot(value);
    if (table_[at] != 0) return false;
    table_[at] = stored(value);
    ++size_;
    return true;
  }

  void grow() {
    std::vector<std::uint64_t> old(table_.empty() ? 64 : table_.size() * 2);
    old.swap(table_);
    size_ = 0;
    for (const std::uint64_t each : old) {
      if (each != 0) place(each - 1);
    }
  }

  std::vector<std::uint64_t> table_;  ///< a power of two
  std::size_t size_ = 0;
};

}  // namespace lifeboat::vault
