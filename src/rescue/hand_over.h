/// The first thing of the day after: a server that takes production's place is followed by the relay, from before its
/// first write on, and the sources whose place it takes count no more (relay/succession.h). Nobody is pointed to it by
/// that: who replicates from a replaced source may have executed what the new one was rescued from.
///
/// Threads: free functions, one at a time each. Errors: begin_own_log: those of server::Connection. hand_over_log:
/// none but kCancelled: production never waits for its protection; what is amiss is logged, and in the relay's status.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rescue/rescue_record.h"
#include "server/connection.h"

namespace lifeboat::rescue {

/// Of a server that has not logged what it was brought to: its binary log begins anew, and says where that is in the
/// history, so that replicas which stand there can go on. Nobody may write meanwhile.
void begin_own_log(server::Connection& connection);

/// What commits there waits for the relay, as long as one is connected; a relay that is gone is not waited for. Until
/// the server is started anew.
void wait_for_acknowledgements(server::Connection& connection);

struct HandOver {
  std::string by;       ///< what takes it back: RelayGroup's successors are told apart by it
  std::string address;  ///< where the new primary is
  std::uint16_t port = 0;
  std::vector<std::string> retired;  ///< "host:port" of each server that it replaces
  bool by_hand = false;  ///< others were seen to by hand: whose log is all in the source's, it replaces as well
  bool moved = false;    ///< it has their very history
};

/// For who fences, hands over and opens: two that did it at once would have two servers take writes. kBusy while
/// another has it; nothing if there is no relay to have it in.
std::optional<FileLock> lock_switch(const Path& relay);

/// From `source`, as its directory in `relay` is named, to the new primary.
void hand_over_log(const Path& relay, const std::string& source, const HandOver& order, server::Connection& connection);
void take_back_log(const Path& relay, const std::string& by);

}  // namespace lifeboat::rescue
