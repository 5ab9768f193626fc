/// Whom a relay follows since its sources were replaced: `succession.json` in its directory, written by who puts
/// another server in production's place, read by the relay that runs there, and by whoever asks which log counts now. A
/// source that was replaced is followed and served as before, at its own port, but nobody goes by it any more: who
/// stands in its log may have executed what the new one was rescued from.
///
/// Threads: functions without state; who changes it waits for who does. Errors: errno's; kCorruption for a file that
/// makes no sense; kBusy if it is not to be had for five seconds.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "relay/source_connection.h"

namespace lifeboat::relay {

/// A server that is followed beside those of the command line.
struct Successor {
  SourceAddress source;
  SourceAddress
      like;  ///< the source whose password, TLS and rules it has; its own, if both are on this host's loopback
  std::string listen;  ///< "address:port" for its replicas; empty: it is kept only
  std::string by;      ///< what put it there: "rescue-0-1-42"

  friend bool operator==(const Successor&, const Successor&) = default;
};

/// A source that counts no more.
struct Retired {
  std::string source;  ///< as its directory is named
  std::string by;
  bool moved = false;  ///< its successor has its very history: whoever follows it may follow that

  friend bool operator==(const Retired&, const Retired&) = default;
};

struct Succession {
  std::vector<Successor> successors;  ///< the oldest first
  std::vector<Retired> retired;

  const Retired* find_retired(const std::string& source_name) const;

  friend bool operator==(const Succession&, const Succession&) = default;
};

/// Empty if nothing was replaced.
Succession read_succession(const Path& relay_directory);

/// One server takes the place of others. May be repeated: with another address if it has that by now; what it had
/// retired before stays so. A source that comes back counts again.
struct SuccessionStep {
  SourceAddress source;
  SourceAddress like;
  std::string listen;
  std::vector<std::string> retired;  ///< as their directories are named
  bool moved = false;
  std::string by;
};
void succeed(const Path& relay_directory, const SuccessionStep& step);
/// What it did is undone, and the server that it had put there counts no more. May be repeated.
void take_back(const Path& relay_directory, const std::string& by);

}  // namespace lifeboat::relay
