/// Turns a data directory into an image: `lifeboat image import`.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/progress.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

struct ImportOptions {
  Path directory;
  ImageName parent;    ///< empty: the newest image with the same origin, if there is one
  ImageInfo describe;  ///< `server` and `attachments`, and `origin` unless it is to say "import DIR on HOST"
  std::vector<std::string> exclude;  ///< globs of paths to leave out; `*` crosses `/`
  bool allow_empty = false;          ///< make an image even if there is not one file
  int threads = 2;                   ///< that hash, compress and seal
  int compression_level = 1;
  Progress* progress = nullptr;
};

/// Reads every file, directory and symlink below the directory. Chunks equal to the parent's at the same place are
/// stored once, and changed pages as deltas. Holes stay holes. The image exists when this returns, or not at all.
///
/// Memory: independent of the size of files; a few hundred bytes per file.
/// Errors: kRefused if a server has the directory open (a copy of moving files is no image), if it holds no file at all
/// (a disk that is not mounted), or the vault or its cache, which the import itself changes; kConflict if something
/// changes while it is read; kDenied or kIo naming the file that cannot be read; and the store's.
ImageInfo import_directory(Vault& vault, const ImportOptions& options);

}  // namespace lifeboat::vault
