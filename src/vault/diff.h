/// What differs between two images of one vault, without reading content: equal parts of their trees are skipped.
#pragma once

#include <functional>
#include <string>

#include "vault/image_reader.h"

namespace lifeboat::vault {

enum class DiffKind : std::uint8_t { kAdded, kRemoved, kChanged };

struct DiffEntry {
  DiffKind kind = DiffKind::kChanged;
  std::string path;
  FileType type = FileType::kFile;
  /// Of content that differs, in whole chunks; 0 for a change of metadata alone. The file's size if added or removed.
  std::uint64_t bytes = 0;
};

/// From `before` to `after`, in order of path. Modification times alone do not count. Errors: those of reading nodes.
void diff_images(ImageReader& before, ImageReader& after, const std::function<void(const DiffEntry&)>& each);

}  // namespace lifeboat::vault
