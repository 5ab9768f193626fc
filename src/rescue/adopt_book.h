/// Which files of a mydumper folder are loaded: noted down in the loaded server itself, with a file's rows, so that the
/// note counts if and only if they do.
///
/// Ownership: borrows the connection. Threads: one; `note` any. Errors: the connection's.
#pragma once

#include <set>
#include <string>

#include "server/connection.h"

namespace lifeboat::rescue {

class AdoptBook {
 public:
  /// Opens what an earlier load left, or begins one.
  explicit AdoptBook(server::Connection& connection);

  /// A statement that notes it.
  static std::string note(const std::string& file);
  /// When the book was opened.
  bool has(const std::string& file) const { return loaded_.contains(file); }
  bool empty() const { return loaded_.empty(); }
  /// It is to be loaded again.
  void forget(const std::string& file);
  /// Nothing of it is left: it is no part of anybody's data.
  static void remove(server::Connection& connection);

 private:
  server::Connection& connection_;
  std::set<std::string> loaded_;
};

}  // namespace lifeboat::rescue
