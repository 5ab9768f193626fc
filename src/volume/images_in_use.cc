#include "volume/images_in_use.h"

namespace lifeboat::volume {

ImagesInUse::ImagesInUse(vault::Vault* vault, Volume& volume) : vault_(vault), volume_(volume) {
  follow();
}

void ImagesInUse::follow() {
  if (vault_ == nullptr) return;
  const std::scoped_lock lock(mutex_);
  const vault::ImageName now = volume_.image();
  // The new one is said first, so that at no moment none is.
  if (used_.empty() || used_.back().image != now) used_.emplace_back(*vault_, now);
  if (used_.size() > 1 && !volume_.reads_removed_files()) used_.erase(used_.begin(), std::prev(used_.end()));
}

}  // namespace lifeboat::volume
