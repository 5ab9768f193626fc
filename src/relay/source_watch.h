/// Asks a followed source every few seconds, on a connection of its own, for what its stream of events does not say:
/// whether others acknowledge its commits, too, and whether its log is the whole database.
///
/// Ownership: owns its thread; borrows the cancel. Threads: the callbacks run on that thread, until the destructor
///   returns. Errors: none; a source that does not answer is asked again.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "relay/source_connection.h"

namespace lifeboat::relay {

struct SourceFacts {
  /// Replicas for which the source waits, ourselves among them: any of them releases a commit.
  std::uint64_t acknowledging = 0;
  std::vector<std::string> warnings;  ///< sentences for people: why this log is less than it seems
};

SourceFacts ask_source(SourceConnection& source);

class SourceWatch {
 public:
  struct Callbacks {
    std::function<bool()> wanted;  ///< whether to ask now
    std::function<void(const SourceFacts& facts)> told;
  };
  SourceWatch(SourceLogin login, const net::Cancel& cancel, Callbacks callbacks);
  /// The cancel must have been cancelled.
  ~SourceWatch();
  SourceWatch(const SourceWatch&) = delete;
  SourceWatch& operator=(const SourceWatch&) = delete;

 private:
  void run() noexcept;

  SourceLogin login_;
  const net::Cancel& cancel_;
  Callbacks callbacks_;
  std::thread thread_;
};

}  // namespace lifeboat::relay
