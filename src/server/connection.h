/// A control connection to a server over its unix socket (libmariadb behind one door). Short queries only.
///
/// Ownership: owns the connection. Threads: one at a time. Errors: kDenied (login refused), kUnavailable (nobody
/// answers, or the connection broke), kTimeout, kRefused (the server says no to a statement; its words are in the
/// message).
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

struct st_mysql;
struct st_mysql_res;

namespace lifeboat::server {

struct Login {
  std::string user;      ///< empty: the operating system's user
  std::string password;  ///< never logged
};

using Row = std::vector<std::optional<std::string>>;

class Connection {
 public:
  Connection(const Path& socket, const Login& login, std::chrono::seconds patience);

  /// Every row of the result, at most 64 MiB of it; none for a statement without one.
  std::vector<Row> query(std::string_view sql);
  /// The only column of the only row; empty if NULL. kRefused if the result is another.
  std::string value(std::string_view sql);
  /// The first row by column, NULL as empty text; empty if there is none. For answers with columns that come and go
  /// from version to version.
  std::map<std::string, std::string> named_row(std::string_view sql);

 private:
  struct Closer {
    void operator()(st_mysql* handle) const;
  };
  struct ResultCloser {
    void operator()(st_mysql_res* result) const;
  };
  using Result = std::unique_ptr<st_mysql_res, ResultCloser>;
  /// Null if the statement has none.
  Result run(std::string_view sql);
  std::vector<Row> rows_of(const Result& result);
  std::unique_ptr<st_mysql, Closer> handle_;
};

/// What a knock at the socket finds out.
enum class Knock {
  kSilent,   ///< nobody listens, or not yet
  kDenied,   ///< a server greets and refuses this login: it is up
  kWelcome,  ///< a query was answered
};

struct KnockResult {
  Knock knock = Knock::kSilent;
  std::unique_ptr<Connection> connection;  ///< kWelcome
  std::string why;                         ///< else, what was said
};

/// Tries each login in turn, running `SELECT 1` on the first that is let in.
KnockResult knock(const Path& socket, const std::vector<Login>& logins, std::chrono::seconds patience);

/// The logins worth trying: the given one, or the operating system's user and root, without password (unix_socket).
std::vector<Login> control_logins(const std::string& user, const Path& password_file);

}  // namespace lifeboat::server
