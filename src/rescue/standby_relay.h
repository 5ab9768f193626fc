/// What a relay on this host tells of itself to its standby: whose log it serves, where, how far, and before what its
/// guard keeps the standby waiting. All from its files, so that it tells as much when it is dead. Ownership: a value
/// with a book of holds. Threads: one. Errors: kNotFound, kUsage, kCorruption.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "binlog/gtid.h"
#include "net/stream.h"
#include "relay/hold_book.h"
#include "rescue/standby_status.h"

namespace lifeboat::rescue {

/// One source of a relay, as its status tells.
struct RelayedSource {
  net::Endpoint listen;     ///< to be connected to from this host
  std::string source;       ///< "host:port"
  std::string gtid;         ///< durable up to here
  std::string replaced_by;  ///< the rescue that put another server in its place; empty: none
  std::string trouble;      ///< why it does not follow its source; empty: it does
};

/// Who listens everywhere listens on this host.
net::Endpoint from_this_host(net::Endpoint listen);

/// Of the sources in a relay's status, the one served at `wanted`, or the only one that is served and counts.
RelayedSource find_relayed_source(const json::object& status, const std::optional<net::Endpoint>& wanted);

/// Of the open holds, the one at which the replica stands now.
std::optional<HeldDanger> find_held_danger(const std::vector<relay::Hold>& holds, std::uint32_t server_id);

class StandbyRelay {
 public:
  explicit StandbyRelay(Path directory) : directory_(std::move(directory)), holds_(directory_) {}

  /// The one served at `wanted`, else `known`, whose history the standby has ("host:port"), else the only one that
  /// counts. Where that has moved, with all its history, its successor, once all that it had is applied: the
  /// successor's own log begins in the middle of it. Never who has only replaced it.
  RelayedSource source(const std::optional<net::Endpoint>& wanted, const std::string& known,
                       const binlog::GtidPosition& applied) const;
  /// Whether its process lives.
  bool running() const;
  std::optional<HeldDanger> held(std::uint32_t server_id);

 private:
  Path directory_;
  relay::HoldBook holds_;
};

}  // namespace lifeboat::rescue
