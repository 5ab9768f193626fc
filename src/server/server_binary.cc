#include "server/server_binary.h"

#include <unistd.h>

#include <map>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"

namespace lifeboat::server {
namespace {

Path find_in_path(const Path& named) {
  if (named.string().find('/') != std::string::npos) return std::filesystem::absolute(named);
  // Servers live in sbin, which an ordinary user's PATH lacks.
  for (const char* directory : {"/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/mysql/bin"}) {
    const Path path = Path(directory) / named;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return named;
}

/// Beside the binary as installed (…/sbin/mariadbd → …/lib/mysql/plugin), else where distributions put plugins.
Path find_plugin_directory(const Path& binary) {
  const Path prefix = binary.parent_path().parent_path();
  for (const Path& directory : {prefix / "lib/mysql/plugin", prefix / "lib/plugin", Path("/usr/lib/mysql/plugin"),
                                Path("/usr/lib64/mysql/plugin")}) {
    if (std::filesystem::is_directory(directory)) return directory;
  }
  return {};
}

}  // namespace

std::string package_for(const std::string& series) {
  static const std::map<std::string, std::string> kPackages = {{"10.3", "mariadb-server-core-10.3 (Debian 10)"},
                                                               {"10.5", "mariadb-server-core-10.5 (Debian 11)"},
                                                               {"10.6", "mariadb-server-core-10.6 (Ubuntu 22.04)"},
                                                               {"10.11", "mariadb-server-core (Debian 12)"},
                                                               {"11.8", "mariadb-server-core (Debian 13)"}};
  const auto found = kPackages.find(series);
  if (found != kPackages.end()) return found->second;
  return format("mariadb-server-core of MariaDB's own package repository for {}", series);
}

ServerBinary find_server_binary(const Path& named) {
  ServerBinary binary;
  binary.path = find_in_path(named.empty() ? Path("mariadbd") : named);
  if (::access(binary.path.c_str(), X_OK) != 0) {
    fail(Code::kNotFound, format("server binary {} is not there", binary.path.string()),
         "Install it (Debian: apt-get install mariadb-server-core), or name one with --server BINARY.");
  }
  ProcessOptions options;
  options.argv = {binary.path.string(), "--no-defaults", "--version"};
  const ProcessResult result = run_process(options);
  const auto version = find_version(result.out);
  if (result.exit_status != 0 || !version) {
    fail(Code::kUnsupported, format("{} does not tell its version", binary.path.string()),
         "Name a mariadbd with --server BINARY.");
  }
  binary.version = *version;
  binary.flavour = result.out.find("MariaDB") != std::string::npos ? Flavour::kMariaDb : Flavour::kMySql;
  binary.plugin_directory = find_plugin_directory(binary.path);
  return binary;
}

void check_fits(const ServerBinary& binary, const ServerInfo& info) {
  if (info.flavour == Flavour::kMySql) {
    fail(Code::kUnsupported, format("the image is of MySQL {}, which cannot be booted yet", info.version),
         "Export it (lifeboat image export) and start a mysqld of that version on it.");
  }
  if (binary.flavour != Flavour::kMariaDb) {
    fail(Code::kUnsupported, format("{} is not MariaDB, the image is", binary.path.string()),
         "Name a mariadbd with --server BINARY.");
  }
  const auto wanted = find_version(info.version);
  if (!wanted) {
    log::warn("the image does not tell its server's version; starting MariaDB {}", binary.version.text());
    return;
  }
  if (wanted->series() != binary.version.series()) {
    // Older cannot read it; newer would upgrade it in ways that cannot be undone, and not after a crash.
    fail(Code::kUnsupported,
         format("the image was last used with MariaDB {}, but {} is {}", wanted->text(), binary.path.string(),
                binary.version.text()),
         format("Install MariaDB {} as well: package {}. Then name its binary with --server BINARY.", wanted->series(),
                package_for(wanted->series())));
  }
  if (binary.version < *wanted) {
    log::warn("the image was last used with MariaDB {}; {} is the older {}", wanted->text(), binary.path.string(),
              binary.version.text());
  }
}

void check_key_plugin(const ServerBinary& binary) {
  if (std::filesystem::exists(binary.plugin_directory / "file_key_management.so")) return;
  fail(Code::kUnsupported,
       format("the image is encrypted, and {} has no plugin file_key_management in {}", binary.path.string(),
              binary.plugin_directory.string()),
       "Install it (Debian: apt-get install mariadb-server, and leave its own server stopped), or name a mariadbd that "
       "has it with --server BINARY.");
}

}  // namespace lifeboat::server
