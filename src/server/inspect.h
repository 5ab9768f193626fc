/// Looks at a data directory, plain or a mounted volume, and finds out what a server needs to run on it. Reads only
/// heads of files; changes nothing; no server need run (and none should).
///
/// Threads: plain functions. Errors: kNotFound (no data directory), kCorruption naming the file, kUsage for an option
/// file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "server/server_info.h"

namespace lifeboat::server {

/// Everything, with a walk over all files: for an import. One open and at most one 64 KiB read per tablespace.
ServerInfo inspect_directory(const Path& directory);

/// Only what lies at the top of the directory: milliseconds whatever the number of tables. What a walk finds is taken
/// from `walked`, what inspect_directory once found. Used before each boot, since a branch's own changes (redo, undo,
/// ibdata1) matter.
ServerInfo inspect_for_boot(const Path& directory, const ServerInfo& walked);

/// What an image keeps of a data directory, beside its files.
struct Description {
  json::object server;                ///< → ImageInfo::server
  json::object attachments;           ///< → ImageInfo::attachments: name → base64
  std::vector<std::string> warnings;  ///< for a person: what will be missing at boot, and what to do
};

/// For `image import`: inspects, reads the relevant options from `defaults_file` (if given), and takes the encryption
/// key files along.
Description describe_directory(const Path& directory, const std::optional<Path>& defaults_file);

}  // namespace lifeboat::server
