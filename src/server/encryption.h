/// Data-at-rest encryption: key files that a server needs to start travel with the image, sealed, so that the vault
/// alone is enough. MariaDB's file_key_management plugin is supported; others keep their keys outside any file.
///
/// Threads: plain functions. Errors: Exception. Key bytes are never logged or shown.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "server/server_info.h"

namespace lifeboat::server {

/// Whether a server cannot read all of this without encryption keys.
bool needs_keys(const ServerInfo& info);

/// The key file and, if it is itself encrypted, its password, named by `options` of an option file in `beside`; base64
/// by name. Empty if file_key_management is not configured. kNotFound or kDenied name the file.
json::object collect_key_files(const std::map<std::string, std::string>& options, const Path& beside);

/// Key files written for one start of a server, 0600, in a directory of their own; removed at the end of the scope: the
/// server reads them only while it starts.
class KeyFiles {
 public:
  /// Writes nothing if `attachments` holds no keys.
  KeyFiles(const json::object& attachments, const Path& directory);
  KeyFiles(const KeyFiles&) = delete;
  KeyFiles& operator=(const KeyFiles&) = delete;
  ~KeyFiles() { remove(); }

  bool any() const { return !names_.empty(); }
  /// mariadbd's arguments that name them.
  std::vector<std::string> arguments() const;

 private:
  void write(const json::object& attachments, std::string_view name);
  void remove();

  Path directory_;
  std::vector<std::string> names_;  ///< of the files written
};

}  // namespace lifeboat::server
