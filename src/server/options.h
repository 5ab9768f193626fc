/// The arguments of a branch's mariadbd: the data's own shape from the inspection, and for the rest what suits a
/// rescue. docs/guide/branch.md tells how that differs from production.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "server/private_directory.h"
#include "server/server_info.h"

namespace lifeboat::server {

/// What a branch may do that replicates, as a standby does; any other is kept from it.
struct ReplicaSettings {
  std::uint32_t parallel_threads = 4;
};

struct LaunchPlan {
  Path data_directory;
  PrivateDirectory private_directory;
  Path socket;
  Path pid_file;
  Path error_log;
  std::uint16_t port = 0;
  std::uint32_t server_id = 1;
  std::uint64_t buffer_pool_bytes = 0;
  bool has_keys = false;  ///< encryption keys are at hand (server/encryption.h)
  std::optional<ReplicaSettings> replica;
  bool binary_log = false;  ///< one is begun if the data has none
};

/// Without the binary itself; --no-defaults comes first.
std::vector<std::string> server_arguments(const ServerInfo& info, const LaunchPlan& plan);

/// A server that is to stay: on a plain directory, reached by others, with the host's own plugins.
struct HomePlan {
  Path data_directory;
  Path socket;
  std::string address = "127.0.0.1";
  std::uint16_t port = 3306;
  std::uint32_t server_id = 1;
  std::uint64_t buffer_pool_bytes = 0;
};

/// Its option file, whole: `mariadbd --defaults-file=…` needs no more. What tells replicas apart, what the data's shape
/// asks for, and production's settings as far as its image knew them.
std::string home_option_file(const ServerInfo& info, const HomePlan& plan);

/// Throws kRefused if this is no server's, or a branch of it would touch files outside the volume; kLocked if the
/// branch could not read its own.
void check_bootable(const ServerInfo& info, bool has_keys);

/// A buffer pool of half the memory that is free, but no larger than the data needs.
std::uint64_t choose_buffer_pool(std::uint64_t data_bytes, std::uint64_t available_memory);
/// MemAvailable of /proc/meminfo.
std::uint64_t available_memory();

}  // namespace lifeboat::server
