/// A second vault with the same id, keys and sealed objects: objects are copied as they are, so that either can heal
/// the other. What is missing there is copied, images last; nothing is ever removed there.
///
/// Copied are key slots, images that are not hidden, all they refer to, their launch lists, pins, and the log. Removal
/// marks are not: each vault is pruned by itself, so that a mistake made in one doesn't reach the other. Errors:
/// kRefused (the target is another vault, or no vault and not empty), and the stores'. Memory: that of a walk over the
/// trees, and one pack for each of two threads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "store/store.h"
#include "vault/image.h"

namespace lifeboat::vault {

struct CopyOptions {
  bool dry_run = false;  ///< needs a target that is a vault already
  Progress* progress = nullptr;
};

struct CopyReport {
  std::vector<ImageName> images;  ///< copied now, or to be
  std::uint64_t images_there = 0;
  std::uint64_t packs = 0;
  std::uint64_t log_parts = 0;  ///< copied now, or to be
  std::uint64_t bytes = 0;
  struct Failure {
    ImageName image;  ///< empty: of no image
    std::string why;
  };
  std::vector<Failure> failures;  ///< left out: images, log parts, key slots and pins that are damaged here; images
                                  ///< whose packs are being removed there
};

CopyReport copy_vault(Vault& vault, std::unique_ptr<store::Store> target, const CopyOptions& options);

}  // namespace lifeboat::vault
