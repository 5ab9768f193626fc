#include "volume/images_in_use.h"

#include <utility>

namespace lifeboat::volume {

ImagesInUse::ImagesInUse(vault::Vault* vault, Volume& volume, std::string holder)
    : vault_(vault), volume_(volume), holder_(std::move(holder)) {
  if (vault_ != nullptr) used_.emplace_back(*vault_, volume_.image(), holder_);
}

ImagesInUse::~ImagesInUse() {
  for (Used& used : used_) used.session.leave();
}

void ImagesInUse::follow() {
  if (vault_ == nullptr) return;
  const std::scoped_lock lock(mutex_);
  const vault::ImageName now = volume_.image();
  // The new one is said first, so that at no moment none is.
  if (used_.back().image != now) used_.emplace_back(*vault_, now, holder_);
  if (used_.size() > 1 && !volume_.reads_removed_files()) used_.erase(used_.begin(), std::prev(used_.end()));
  if (!std::exchange(earlier_ended_, true)) end_earlier();
}

void ImagesInUse::end_earlier() {
  std::set<vault::Id> ours;
  for (const Used& used : used_) {
    if (const auto id = used.session.id()) ours.insert(*id);
  }
  if (!ours.empty()) vault::end_keeping(*vault_, holder_, ours);
}

}  // namespace lifeboat::volume
