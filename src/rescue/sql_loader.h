/// Gives statements to a branch's server through the `mariadb` client, as they come.
/// Ownership: owns the process. Threads: one. Errors: kUnavailable with the client's words when a statement fails.
#pragma once

#include <optional>

#include "base/file.h"
#include "base/process.h"

namespace lifeboat::rescue {

class SqlLoader {
 public:
  explicit SqlLoader(const Path& socket);
  void write(ByteView statements);
  /// No more comes: waits until all is done.
  void finish();

 private:
  [[noreturn]] void fail_with_words();

  TempDir scratch_;
  UniqueFd input_;
  std::optional<ChildProcess> process_;
};

}  // namespace lifeboat::rescue
