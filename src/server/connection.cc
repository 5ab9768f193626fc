#include "server/connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <pwd.h>
#include <unistd.h>

#include <mutex>

#include "base/error.h"

namespace lifeboat::server {
namespace {

constexpr std::size_t kResultMax = std::size_t{64} << 20U;

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (mysql_library_init(0, nullptr, nullptr) != 0) fail(Code::kInternal, "libmariadb does not start");
  });
}

bool is_denial(unsigned number) {
  return number == ER_ACCESS_DENIED_ERROR || number == ER_ACCESS_DENIED_NO_PASSWORD_ERROR ||
         number == ER_DBACCESS_DENIED_ERROR || number == ER_HOST_NOT_PRIVILEGED || number == ER_HOST_IS_BLOCKED ||
         number == ER_MUST_CHANGE_PASSWORD_LOGIN || number == CR_AUTH_PLUGIN_CANNOT_LOAD;
}

[[noreturn]] void fail_with(st_mysql* handle, std::string_view what) {
  const unsigned number = mysql_errno(handle);
  Code code = Code::kRefused;
  if (is_denial(number)) {
    code = Code::kDenied;
  } else if (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) {
    code = Code::kUnavailable;
  }
  fail(code, format("{}: {}", what, mysql_error(handle)));
}

std::string operating_system_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

}  // namespace

void Connection::Closer::operator()(st_mysql* handle) const {
  mysql_close(handle);
}

void Connection::ResultCloser::operator()(st_mysql_res* result) const {
  mysql_free_result(result);
}

Connection::Connection(const Path& socket, const Login& login, std::chrono::seconds patience) {
  start_library();
  handle_.reset(mysql_init(nullptr));
  if (handle_ == nullptr) throw std::bad_alloc();
  const auto seconds = static_cast<unsigned>(patience.count());
  mysql_options(handle_.get(), MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  mysql_options(handle_.get(), MYSQL_OPT_READ_TIMEOUT, &seconds);
  mysql_options(handle_.get(), MYSQL_OPT_WRITE_TIMEOUT, &seconds);
  mysql_options(handle_.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const std::string user = login.user.empty() ? operating_system_user() : login.user;
  if (mysql_real_connect(handle_.get(), nullptr, user.c_str(), login.password.c_str(), nullptr, 0, socket.c_str(), 0) ==
      nullptr) {
    fail_with(handle_.get(), format("log in at {} as {}", socket.string(), user));
  }
}

Connection::Result Connection::run(std::string_view sql) {
  if (mysql_real_query(handle_.get(), sql.data(), sql.size()) != 0) fail_with(handle_.get(), "query");
  Result result(mysql_use_result(handle_.get()));
  if (result == nullptr && mysql_errno(handle_.get()) != 0) fail_with(handle_.get(), "query");
  return result;
}

std::vector<Row> Connection::rows_of(const Result& result) {
  std::vector<Row> rows;
  const unsigned columns = mysql_num_fields(result.get());
  std::size_t bytes = 0;
  while (MYSQL_ROW fields = mysql_fetch_row(result.get())) {
    const unsigned long* lengths = mysql_fetch_lengths(result.get());
    Row& row = rows.emplace_back(columns);
    for (unsigned i = 0; i < columns; ++i) {
      if (fields[i] == nullptr) continue;
      row[i].emplace(fields[i], lengths[i]);
      bytes += lengths[i];
    }
    if (bytes > kResultMax) fail(Code::kOutOfSpace, "the answer to a control query is larger than 64 MiB");
  }
  if (mysql_errno(handle_.get()) != 0) fail_with(handle_.get(), "query");
  return rows;
}

std::vector<Row> Connection::query(std::string_view sql) {
  const Result result = run(sql);
  return result == nullptr ? std::vector<Row>() : rows_of(result);
}

std::map<std::string, std::string> Connection::named_row(std::string_view sql) {
  const Result result = run(sql);
  std::map<std::string, std::string> row;
  if (result == nullptr) return row;
  const MYSQL_FIELD* const fields = mysql_fetch_fields(result.get());
  const std::vector<Row> rows = rows_of(result);
  if (rows.empty()) return row;
  for (std::size_t i = 0; i < rows.front().size(); ++i) row[fields[i].name] = rows.front()[i].value_or("");
  return row;
}

std::string Connection::value(std::string_view sql) {
  const std::vector<Row> rows = query(sql);
  if (rows.size() != 1 || rows.front().size() != 1) fail(Code::kRefused, "a control query gave no single value");
  return rows.front().front().value_or("");
}

KnockResult knock(const Path& socket, const std::vector<Login>& logins, std::chrono::seconds patience) {
  KnockResult result;
  for (const Login& login : logins) {
    try {
      auto connection = std::make_unique<Connection>(socket, login, patience);
      connection->value("SELECT 1");
      return {Knock::kWelcome, std::move(connection), ""};
    } catch (const Exception& e) {
      if (e.code() == Code::kDenied) result.knock = Knock::kDenied;
      result.why = e.error().message;
      if (e.code() == Code::kUnavailable) break;
    }
  }
  return result;
}

std::vector<Login> control_logins(const std::string& user, const Path& password_file) {
  if (!user.empty() || !password_file.empty()) {
    return {{user, password_file.empty() ? "" : read_secret_file(password_file)}};
  }
  std::vector<Login> logins = {{operating_system_user(), ""}};
  if (logins.front().user != "root") logins.push_back({"root", ""});
  return logins;
}

}  // namespace lifeboat::server
