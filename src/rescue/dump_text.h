/// What a dump by mariadb-dump says of itself: the server it is of, where in its binary log it was taken, and that it
/// is whole. Only lines that the tool itself writes count: within a statement no line begins with what is looked for.
/// Threads: values. Memory: a few pages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "rescue/backup_facts.h"

namespace lifeboat::rescue {

/// What is kept of a dump's text as it goes by: its head, and its last words.
class DumpGlimpse {
 public:
  void see(ByteView piece);
  const std::string& head() const { return head_; }
  const std::string& tail() const { return tail_; }
  /// It ends as the tool ends one.
  bool complete() const;

 private:
  std::string head_;
  std::string tail_;
};

/// The position that mariadb-dump writes with --master-data: file and offset at its head; with --gtid a GTID position
/// as well, at its end. Either may be missing; nothing if both are.
std::optional<BackupPosition> find_dump_position(std::string_view head, std::string_view tail);

struct DumpHead {
  bool has_comments = false;  ///< it is the tool's, and tells what follows; then it tells its end, too
  std::string version;        ///< "10.11.19-MariaDB-log"; empty: not told
  std::string database;       ///< that the statements mean without naming it; empty: they name it
};
DumpHead read_dump_head(std::string_view head);

}  // namespace lifeboat::rescue
