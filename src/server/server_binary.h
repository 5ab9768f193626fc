/// The mariadbd that a branch runs: which one, its version, where its plugins lie, and whether it fits an image.
#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "server/server_info.h"
#include "server/version.h"

namespace lifeboat::server {

struct ServerBinary {
  Path path;
  Flavour flavour = Flavour::kUnknown;
  Version version;
  Path plugin_directory;  ///< empty if none was found
};

/// `named` is what --server says; empty: the mariadbd of this host. kNotFound tells what to install.
ServerBinary find_server_binary(const Path& named);

/// Where a mariadbd of a series ("10.11") can be had, for hints: "mariadb-server-core (Debian 12)".
std::string package_for(const std::string& series);

/// Throws kUnsupported unless the binary is of the series the data was last used with; names the package to install.
void check_fits(const ServerBinary& binary, const ServerInfo& info);
/// Throws kUnsupported unless the binary can read the keys of encrypted tables; names the package to install.
void check_key_plugin(const ServerBinary& binary);

}  // namespace lifeboat::server
