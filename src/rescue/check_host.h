/// What `check` looks at beside the servers: the host it runs on, where a rescue would take place; the vault; and which
/// of the servers is on this host.
///
/// Threads: free functions and values. Errors: none thrown: what cannot be looked at says why.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "rescue/topology.h"
#include "server/server_binary.h"
#include "vault/vault.h"

namespace lifeboat::rescue {

/// A file system, as stat(2) numbers it.
using Disk = std::uint64_t;
/// That of the nearest directory that exists; empty if none may be looked at.
std::optional<Disk> disk_of(const Path& path);

struct RescueHost {
  std::string name;
  std::string fuse_problem;                    ///< empty: images can be mounted
  std::optional<server::ServerBinary> server;  ///< its mariadbd
  std::optional<Error> server_problem;
  std::vector<std::string> plugins;  ///< files that its mariadbd could load
  Path state_root;
  std::uint64_t free_bytes = 0;  ///< there
};

RescueHost look_at_host(const Path& server_binary, const Path& state_root);

/// Where a server is, as seen from here.
struct ServerPlace {
  bool here = false;         ///< on this host
  std::optional<Disk> disk;  ///< of its data directory, if that can be seen
};

/// By the name that it gives its host, or by an address that is one of this host's. A tunnel's end is none.
ServerPlace place_of(const Node& node, const RescueHost& host);

struct KeptImage {
  std::string name;
  SystemTime time;
};

struct VaultFacts {
  std::string url;
  Path directory;    ///< empty: it is no directory of this host
  std::string host;  ///< of an object store; empty: a directory
  std::optional<KeptImage> newest;
  std::optional<SystemTime> before;  ///< the image before the newest
  std::optional<Error> problem;      ///< why it could not be read
};

VaultFacts look_at_vault(const std::string& url, const std::function<std::unique_ptr<vault::Vault>()>& open);

}  // namespace lifeboat::rescue
