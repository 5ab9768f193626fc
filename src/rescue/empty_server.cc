#include "rescue/empty_server.h"

#include <pwd.h>
#include <unistd.h>

#include "base/file.h"
#include "rescue/tool_output.h"
#include "server/inspect.h"
#include "vault/import.h"

namespace lifeboat::rescue {

namespace {

std::string own_user() {
  const passwd* const entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

}  // namespace

vault::ImageInfo make_empty_server(const EmptyServer& wanted, vault::Vault& vault) {
  const TempDir scratch("lifeboat-empty");
  const Path directory = scratch.path() / "data";
  const Path temporary = scratch.path() / "tmp";  // a server that starts empties it
  make_directories(directory);
  make_directories(temporary);
  std::vector<std::string> argv = {"mariadb-install-db",
                                   "--no-defaults",
                                   format("--datadir={}", directory.string()),
                                   format("--tmpdir={}", temporary.string()),
                                   format("--user={}", own_user()),
                                   "--auth-root-authentication-method=normal",
                                   "--skip-name-resolve",
                                   "--skip-test-db"};
  if (const auto names = wanted.settings.find("lower_case_table_names"); names != wanted.settings.end()) {
    argv.push_back(format("--lower-case-table-names={}", names->second));
  }
  run_tool({.argv = std::move(argv), .package = "mariadb-server"});
  server::ServerInfo info = server::inspect_directory(directory);
  for (const auto& [name, value] : wanted.settings) info.settings[name] = value;
  vault::ImportOptions import{.directory = directory, .threads = wanted.threads};
  import.describe.origin = wanted.origin;
  import.describe.server = server::to_json(info);
  for (const auto& member : wanted.members) import.describe.server[member.key()] = member.value();
  return vault::import_directory(vault, import);
}

}  // namespace lifeboat::rescue
