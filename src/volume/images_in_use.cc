#include "volume/images_in_use.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::volume {
namespace {

constexpr std::chrono::minutes kRetryAfter{1};

}  // namespace

ImagesInUse::ImagesInUse(vault::Vault* vault, Volume& volume, std::string holder)
    : vault_(vault), volume_(volume), holder_(std::move(holder)) {
  if (vault_ != nullptr) used_.emplace_back().image = volume_.image();
}

ImagesInUse::~ImagesInUse() {
  for (Used& used : used_) {
    if (used.session) used.session->leave();
  }
}

void ImagesInUse::follow() {
  if (vault_ == nullptr) return;
  const std::scoped_lock lock(mutex_);
  const vault::ImageName now = volume_.image();
  if (used_.back().image != now) used_.emplace_back().image = now;
  if (std::chrono::steady_clock::now() < retry_at_) return;
  try {
    say();
    last_error_.clear();
  } catch (...) {
    retry_at_ = std::chrono::steady_clock::now() + kRetryAfter;
    const std::string error = current_error().text();
    if (error != last_error_) log::warn("a prune does not know that image {} is in use: {}", now, error);
    last_error_ = error;
  }
}

void ImagesInUse::say() {
  for (Used& used : used_) {
    if (!used.session) {
      used.session = std::make_unique<vault::Session>(*vault_, vault::SessionKind::kKeep, used.image, holder_);
    }
  }
  // Only then: at no moment none is said to be in use.
  if (used_.size() > 1 && !volume_.reads_removed_files()) used_.erase(used_.begin(), std::prev(used_.end()));
  if (!earlier_ended_) {
    std::set<vault::Id> ours;
    for (const Used& used : used_) ours.insert(used.session->id());
    vault::end_keeping(*vault_, holder_, ours);
    earlier_ended_ = true;
  }
}

}  // namespace lifeboat::volume
