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
  std::string_view mark;  ///< name of a file of the caller's in the directory, which is in nobody's way; empty: none
};

/// Where files lie until all are there: no server starts on half a database, and what a killed export left is known.
inline constexpr std::string_view kUnfinishedExport = "unfinished-lifeboat-export";

/// Everything read is authenticated on the way. Holes and blocks of zeros stay holes; modes, times and (as root;
/// else a warning says how many not) owners are restored, also the directory's own mode and owner. Files come under
/// their names when all are there and durable; until then they lie in a subdirectory, which an error leaves (as a part
/// of a damaged image may be all there is), kCancelled does not, and the next export to the directory removes. When it
/// returns, the directory survives power loss. Memory: a few MiB per thread. Errors: kRefused if the directory is not
/// empty, kBusy if another export is at work in it; kCorruption naming the file; and those of the store and the local
/// disk.
void export_image(ImageReader& image, const ExportOptions& options);

}  // namespace lifeboat::vault
