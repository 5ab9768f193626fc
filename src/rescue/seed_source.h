/// What a seed asks its source over SQL before it begins: whether it can be seeded from at all, how much there is, and
/// the settings that its data depends on.
/// Errors: those of relay::SourceConnection; kUnsupported for a server that is no MariaDB.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "net/cancel.h"
#include "relay/log_directory.h"
#include "relay/source_connection.h"

namespace lifeboat::rescue {

struct SeedSource {
  std::string version;
  std::map<std::string, std::string> settings;  ///< those that data depends on; see server::known_settings()
  std::optional<relay::LogPosition> position;   ///< where its binary log is now; empty: it writes none
  std::uint64_t bytes = 0;                      ///< of its tables, as the server estimates; 0: it does not say
};

SeedSource ask_seed_source(relay::SourceConnection& source);

/// An option file for the tools' [client], so that a password is in no process list. `authority`: a PEM file for TLS.
std::string client_option_file(const relay::SourceLogin& login, const Path& authority);

/// Where such a tool fails.
inline constexpr const char* kSeedAdvice =
    "docs/guide/seed.md lists what the account may need, and the other ways; then start the seed again.";

}  // namespace lifeboat::rescue
