/// A server as it is right after installation, as an image: what a dump is loaded into.
/// Errors: run_tool's, those of an import. Disk: the empty server, for a moment.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

struct EmptyServer {
  std::map<std::string, std::string> settings;  ///< that the data to come depends on; see server::known_settings()
  std::string origin;
  json::object members;  ///< of ImageInfo::server, beside what the server itself tells
  int threads = 2;
};

vault::ImageInfo make_empty_server(const EmptyServer& wanted, vault::Vault& vault);

}  // namespace lifeboat::rescue
