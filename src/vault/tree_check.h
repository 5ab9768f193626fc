/// Checks the trees of images: every node decodes, every reference meets a record of that kind and length in a pack
/// that exists, and none that is known to be damaged. Stays inside this part.
#pragma once

#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "vault/findings.h"
#include "vault/lru_cache.h"
#include "vault/pack_check.h"
#include "vault/tree_walk.h"

namespace lifeboat::vault {

class TreeCheck final : private TreeVisitor {
 public:
  /// Borrows all; `findings` gets what is found.
  TreeCheck(Vault& vault, const std::unordered_set<Id, IdHash>& packs, Findings& findings);

  /// A record of a pack that was read and is not whole; length 0: header, index or trailer, so nothing about single
  /// records is known.
  void add_damage(const Id& pack, const PackCheck::Finding& finding);

  /// False if anything was found. kNotFound if the image is gone.
  bool image(const ImageName& name);
  std::uint64_t bytes_read() const { return walk_.bytes_read(); }

 private:
  using Index = std::vector<PackEntry>;

  bool node(const TreePlace& place, const RecordRef& ref) override;
  bool chunk(const TreePlace& place, const ChunkRef& ref) override;
  bool unreadable(const TreePlace& place, const RecordRef& ref, const Exception& error) override;

  /// True (and noted) if the record can't be what the tree says.
  bool check(const TreePlace& place, const RecordRef& ref, RecordKind kind);
  bool note(const TreePlace& place, const Id& pack, const std::string& what);
  /// Null if it can't be read, which is added to what is known to be damaged.
  std::shared_ptr<const Index> index_of(const Id& pack);

  Vault& vault_;
  const std::unordered_set<Id, IdHash>& packs_;
  Findings& findings_;
  TreeWalk walk_;
  LruCache<Id, std::shared_ptr<const Index>, IdHash> indexes_;
  Id last_pack_{};
  std::shared_ptr<const Index> last_index_;
  std::unordered_map<Id, std::unordered_map<std::uint32_t, std::string>, IdHash> damaged_;  ///< by offset
  bool found_ = false;
};

}  // namespace lifeboat::vault
