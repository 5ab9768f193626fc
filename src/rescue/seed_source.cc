#include "rescue/seed_source.h"

#include "base/error.h"
#include "base/log.h"
#include "server/settings.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kVariablesBytesMax = std::size_t{4} << 20U;

std::map<std::string, std::string> ask_settings(relay::SourceConnection& source) {
  std::map<std::string, std::string> variables;
  for (const relay::TextRow& row : source.query("SHOW GLOBAL VARIABLES", kVariablesBytesMax).rows) {
    if (row.size() == 2 && row[0] && row[1]) variables[*row[0]] = *row[1];
  }
  std::map<std::string, std::string> settings = server::relevant_settings(variables);
  // The same things under the names that options have.
  const auto zone = variables.find("time_zone");
  if (zone != variables.end() && zone->second != "SYSTEM") settings["default_time_zone"] = zone->second;
  if (const auto isolation = settings.extract("tx_isolation")) {
    settings["transaction_isolation"] = isolation.mapped();
  }
  return settings;
}

/// What InnoDB's files hold, else what the tables are said to.
std::uint64_t ask_bytes(relay::SourceConnection& source) {
  for (const char* question : {"SELECT CAST(SUM(file_size) AS CHAR) FROM information_schema.innodb_sys_tablespaces",
                               "SELECT CAST(SUM(data_length + index_length) AS CHAR) FROM information_schema.tables"}) {
    try {
      if (const auto answer = source.value(question)) return relay::told_number(*answer);
    } catch (const relay::ServerRefusal& e) {
      log::debug("how much there is to copy: {}", e.error().text());
    }
  }
  return 0;
}

std::optional<relay::LogPosition> ask_position(relay::SourceConnection& source) {
  const relay::TextResult status = source.query("SHOW MASTER STATUS");
  if (status.rows.empty()) return std::nullopt;
  const relay::TextRow& row = status.rows.front();
  if (row.size() < 2 || !row[0] || !row[1]) fail(Code::kCorruption, "SHOW MASTER STATUS: an answer of other columns");
  return relay::LogPosition{.file = *row[0], .position = relay::told_number(*row[1])};
}

/// As an option file has it: within quotes a backslash and a quote are escaped.
std::string quoted_option(std::string_view value) {
  std::string out = "\"";
  for (char c : value) {
    if (c == '\n' || c == '\r' || c == '\0') fail(Code::kUsage, "a password with a line's end in it is not supported");
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

SeedSource ask_seed_source(relay::SourceConnection& source) {
  if (!source.is_mariadb()) {
    fail(Code::kUnsupported,
         format("{} runs {}: only MariaDB can be seeded from", source.peer(), source.server_version()),
         "For MySQL, import the data directory of a stopped server: lifeboat image import.");
  }
  return {.version = source.server_version(),
          .settings = ask_settings(source),
          .position = ask_position(source),
          .bytes = ask_bytes(source)};
}

std::string client_option_file(const relay::SourceLogin& login, const Path& authority) {
  const relay::SourceAddress& address = login.address;
  std::string text =
      format("[client]\nprotocol=tcp\nhost={}\nport={}\nuser={}\npassword={}\n", address.endpoint.host,
             address.endpoint.port, quoted_option(address.user), quoted_option(as_text(login.password.view())));
  if (!authority.empty()) text += format("ssl-ca={}\nssl-verify-server-cert\n", quoted_option(authority.string()));
  return text;
}

}  // namespace lifeboat::rescue
