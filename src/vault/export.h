/// Writes an image out as a plain directory: `lifeboat image export`.
#pragma once

#include "base/file.h"
#include "base/progress.h"
#include "vault/image_reader.h"

namespace lifeboat::vault {

struct ExportOptions {
  Path directory;   ///< absent or empty
  int threads = 2;  ///< that fetch, open and write
  Progress* progress = nullptr;
};

/// Everything read is authenticated on the way. Holes and blocks of zeros stay holes; modes, times and (as root)
/// owners are restored. When it returns, the directory survives power loss.
/// Memory: a few MiB per thread. Errors: kRefused if the directory is not empty; kCorruption naming the file; and those
/// of the store and the local disk. After an error a part of the files is left behind.
void export_image(ImageReader& image, const ExportOptions& options);

}  // namespace lifeboat::vault
