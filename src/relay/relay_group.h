/// All sources of one `relay run`: those of its command line, and those that have replaced them since (succession.h),
/// each followed from the moment at which it is named there.
///
/// Ownership: owns its relays; borrows the guard. Threads: one at a time. Errors: the constructor's are those of Relay;
///   what keeps a successor from being followed is in the status, and tried again.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "relay/relay.h"
#include "relay/succession.h"

namespace lifeboat::relay {

class RelayGroup {
 public:
  /// Options for a source; `listen` empty: for nobody.
  using Prepare = std::function<RelayOptions(const SourceLogin& login, const std::string& listen)>;
  struct Source {
    SourceLogin login;
    std::string listen;
  };

  RelayGroup(Path directory, Guard& guard, const std::vector<Source>& sources, Prepare prepare);

  /// Looks whether others are to be followed now. True if somebody waits for what the status says next.
  bool update();
  json::array status() const;

 private:
  struct Member {
    Source source;
    bool successor = false;
    std::string problem;  ///< why there is no relay
    std::unique_ptr<Relay> relay;
    std::chrono::steady_clock::time_point tried{};
  };
  void add(const Successor& successor);
  void start(Member& member);
  const Member* find(const SourceAddress& address) const;
  json::object status_of(const Member& member) const;

  Path directory_;
  Guard& guard_;
  Prepare prepare_;
  Succession succession_;
  std::string problem_;  ///< with the file
  std::list<Member> members_;
  std::chrono::steady_clock::time_point changed_{};
};

}  // namespace lifeboat::relay
