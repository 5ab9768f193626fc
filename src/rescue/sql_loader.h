/// Gives statements to a branch's server through the `mariadb` client, as they come. Of the client's own commands only
/// DELIMITER is obeyed, whoever wrote the statements.
/// Ownership: owns the process. Threads: one. Errors: kUnavailable with the client's words when a statement fails.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "base/process.h"

namespace lifeboat::rescue {

class SqlLoader {
 public:
  /// `database`: that statements mean without naming one; `first`: a statement before all others. Both may be empty.
  explicit SqlLoader(const Path& socket, const std::string& database = {}, const std::string& first = {});
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
