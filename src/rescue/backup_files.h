/// The files of a backup as they came: their entries for an image, what is needed of their content to know what server
/// they are of, and the marker files that DDL during the backup left, applied at the end.
///
/// Threads: one. Memory: a few hundred bytes a file, up to 64 KiB for each file at the top.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/units.h"
#include "server/tablespace.h"
#include "vault/types.h"

namespace lifeboat::rescue {

class BackupFiles {
 public:
  /// `time`: what is given as the files' time of change, which a stream does not tell.
  explicit BackupFiles(SystemTime time) : time_(time) {}

  bool contains(const std::string& path) const { return files_.contains(path); }
  void add(vault::FileEntry entry);
  void remove(const std::string& path) { files_.erase(path); }
  /// kCorruption if there is no such file, or one of the new name.
  void rename(const std::string& from, const std::string& to);
  /// X.del, X.ren, X.new (docs/internals/backup-stream.md).
  void apply_markers();

  /// Files, and the directories they lie in.
  std::map<std::string, vault::FileEntry> entries() const;

  /// What was kept of the content: the first bytes, all of a small file. Empty: not kept.
  std::optional<ByteView> head(const std::string& path) const;
  void keep_head(const std::string& path, ByteView head);
  void keep_tablespace(const std::string& path, const std::optional<server::TablespaceHeader>& header);
  /// Of a .ibd file; empty: its first page makes no sense.
  std::optional<server::TablespaceHeader> tablespace(const std::string& path) const;

 private:
  struct Kept {
    vault::FileEntry entry;
    Bytes head;
    std::optional<server::TablespaceHeader> tablespace;
  };
  std::map<std::string, Kept> take(std::string_view extension);

  SystemTime time_;
  std::map<std::string, Kept> files_;
  std::map<std::string, Kept> coming_;  ///< of what has not ended: only what is known of the head
  std::size_t head_bytes_ = 0;
};

/// Throws kUnsupported if a file of this name means a backup that cannot be booted: incremental, compressed, encrypted.
void check_backup_file(const std::string& path);

/// "db/t.ibd" for "db/t.new"; any other path itself.
std::string final_path(const std::string& path);

/// Keeps what is needed of a file's first chunk.
void note_head(const vault::FileEntry& entry, ByteView head, BackupFiles& files);

}  // namespace lifeboat::rescue
