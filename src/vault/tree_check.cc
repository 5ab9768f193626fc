#include "vault/tree_check.h"

#include <algorithm>

#include "base/error.h"
#include "vault/damage.h"
#include "vault/format.h"

namespace lifeboat::vault {
namespace {

constexpr std::size_t kIndexCacheBytes = std::size_t{48} << 20U;

}  // namespace

TreeCheck::TreeCheck(Vault& vault, const std::unordered_set<Id, IdHash>& packs, Findings& findings)
    : vault_(vault), packs_(packs), findings_(findings), walk_(vault), indexes_(kIndexCacheBytes) {}

void TreeCheck::add_damage(const Id& pack, const PackCheck::Finding& finding) {
  // Under offset 0, where no record is, stands damage that touches no record that we know of.
  damaged_[pack].emplace(finding.entry.ref.length > 0 ? finding.entry.ref.offset : 0, finding.what);
}

bool TreeCheck::image(const ImageName& name) {
  found_ = false;
  walk_.image(name, *this);
  return !found_;
}

bool TreeCheck::node(const TreePlace& place, const RecordRef& ref) {
  return check(place, ref, RecordKind::kNode);
}

bool TreeCheck::chunk(const TreePlace& place, const ChunkRef& ref) {
  if (ref.kind == ChunkKind::kPlain) return check(place, ref.record, RecordKind::kChunk);
  const bool delta = check(place, ref.record, RecordKind::kDelta);
  return check(place, ref.base, RecordKind::kChunk) || delta;
}

bool TreeCheck::unreadable(const TreePlace& place, const RecordRef& ref, const Exception& error) {
  if (!packs_.contains(ref.pack)) return true;  // said already
  return note(place, ref.pack, error.error().message);
}

bool TreeCheck::check(const TreePlace& place, const RecordRef& ref, RecordKind kind) {
  if (!packs_.contains(ref.pack)) return note(place, ref.pack, "missing");
  if (const auto at = damaged_.find(ref.pack); at != damaged_.end()) {
    if (const auto record = at->second.find(ref.offset); record != at->second.end()) {
      return note(place, ref.pack, record->second);
    }
    if (const auto frame = at->second.find(0); frame != at->second.end()) {
      return note(place, ref.pack, frame->second);
    }
  }
  const auto index = index_of(ref.pack);
  if (!index) return check(place, ref, kind);  // now the pack is known to be damaged
  const auto entry = std::ranges::lower_bound(*index, ref.offset, {}, [](const PackEntry& e) { return e.ref.offset; });
  if (entry != index->end() && entry->ref == ref && entry->kind == kind) return false;
  return note(place, ref.pack, format("no {} of {} bytes at {}", kind_name(kind), ref.length, ref.offset));
}

bool TreeCheck::note(const TreePlace& place, const Id& pack, const std::string& what) {
  findings_.add(pack_name(pack), what, place);
  found_ = true;
  return true;
}

std::shared_ptr<const TreeCheck::Index> TreeCheck::index_of(const Id& pack) {
  if (last_index_ && pack == last_pack_) return last_index_;
  std::shared_ptr<const Index> index = indexes_.find(pack).value_or(nullptr);
  if (!index) {
    try {
      index = std::make_shared<const Index>(read_pack_index(vault_, pack));
    } catch (const Exception& e) {
      if (!is_damaged_or_gone(e)) throw;
      add_damage(pack, {e.error().message, {}});
      return nullptr;
    }
    indexes_.insert(pack, index, index->size() * sizeof(PackEntry));
  }
  last_pack_ = pack;
  last_index_ = index;
  return index;
}

}  // namespace lifeboat::vault
