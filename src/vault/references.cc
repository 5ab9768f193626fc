#include "vault/references.h"

namespace lifeboat::vault {

void References::add(const ImageName& image) {
  if (images_.contains(image)) return;
  walk_.image(image, *this);
  images_.insert(image);
}

bool References::node(const TreePlace&, const RecordRef& ref) {
  refer(ref);
  return false;
}

bool References::chunk(const TreePlace&, const ChunkRef& ref) {
  refer(ref.record);
  if (ref.kind == ChunkKind::kDelta) refer(ref.base);
  return false;
}

void References::refer(const RecordRef& ref) {
  packs_.insert(ref.pack);
  if (!sampled(ref.pack)) return;
  Used& used = used_[ref.pack];
  if (!used.offsets.insert(ref.offset)) return;
  used.bytes += ref.length;
  if (++records_ > records_max_) halve_sample();
}

bool References::sampled(const Id& pack) const {
  const unsigned first = (unsigned{pack[0]} << 8U) | pack[1];
  return first >> (16U - static_cast<unsigned>(sample_bits_)) == 0;
}

std::uint64_t References::used_bytes(const Id& pack) const {
  const auto at = used_.find(pack);
  return at == used_.end() ? 0 : at->second.bytes;
}

void References::halve_sample() {
  if (sample_bits_ == 16) return;
  ++sample_bits_;
  std::erase_if(used_, [this](const auto& entry) { return !sampled(entry.first); });
  records_ = 0;
  for (const auto& [pack, used] : used_) records_ += used.offsets.size();
}

}  // namespace lifeboat::vault
