/// Which packs the images refer to, and how much of those packs is of use.
#pragma once

#include <cstdint>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "vault/tree_walk.h"

namespace lifeboat::vault {

/// Sums what a set of images refers to. Ownership: borrows the vault. Threads: one at a time.
class References final : private TreeVisitor {
 public:
  /// Records kept to tell used bytes apart; beyond it they are told on a sample of the packs.
  static constexpr std::size_t kRecordsMax = std::size_t{1} << 20U;

  explicit References(Vault& vault, std::size_t records_max = kRecordsMax) : walk_(vault), records_max_(records_max) {}

  /// Adds an image, once. Throws kCorruption naming it if it can't be walked to the end; kNotFound if it is gone.
  void add(const ImageName& image);
  bool has(const ImageName& image) const { return images_.contains(image); }

  std::uint64_t bytes_read() const { return walk_.bytes_read(); }

  bool refers_to(const Id& pack) const { return packs_.contains(pack); }
  const std::unordered_set<Id, IdHash>& packs() const { return packs_; }

  /// Whether the pack is in the sample that `used_bytes` is told of: every pack, unless there are too many records.
  bool sampled(const Id& pack) const;
  /// Sealed bytes of this sampled pack's records that are referred to.
  std::uint64_t used_bytes(const Id& pack) const;

 private:
  bool node(const TreePlace& place, const RecordRef& ref) override;
  bool chunk(const TreePlace& place, const ChunkRef& ref) override;
  void refer(const RecordRef& ref);
  void halve_sample();

  TreeWalk walk_;
  std::size_t records_max_;
  std::set<ImageName> images_;
  std::unordered_set<Id, IdHash> packs_;
  int sample_bits_ = 0;  ///< a pack is sampled if its id begins with that many zero bits
  std::size_t records_ = 0;
  struct Used {
    FlatSet offsets;
    std::uint64_t bytes = 0;
  };
  std::unordered_map<Id, Used, IdHash> used_;
};

}  // namespace lifeboat::vault
