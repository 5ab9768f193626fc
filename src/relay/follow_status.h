/// How following a source goes, for people and machines.
/// An *exposed span* is a stretch of the source's history whose commits did not wait for this relay: should the source
/// be lost, commits in it may be lost with it. It is open while nothing says that the relay has caught up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/units.h"

namespace lifeboat::relay {

struct ExposedSpan {
  std::string after_gtid;  ///< the last position that was safe
  SystemTime since;
  std::string to_gtid;              ///< where it ended; empty: open
  std::optional<SystemTime> until;  ///< empty: open
  std::string why;
};

struct FollowStatus {
  std::string source;              ///< its URL, without a password
  std::string state = "starting";  ///< starting, connecting, following, waiting, stopped
  std::string problem;             ///< what keeps it from following; empty: nothing
  std::string hint;
  std::string server_version;
  bool semi_sync = false;   ///< the source waits for this relay, as far as it says
  std::string incarnation;  ///< name of the directory
  std::string file;         ///< durable up to here
  std::uint64_t position = 0;
  std::string gtid;
  std::uint64_t groups = 0;  ///< received since the start
  std::uint64_t bytes = 0;
  std::uint64_t acknowledged = 0;  ///< acks sent since the start
  std::uint64_t connects = 0;
  std::optional<SystemTime> last_group_time;  ///< when the source wrote the last durable group
  std::optional<SystemTime> last_heard;       ///< of the source, heartbeats included
  std::vector<ExposedSpan> exposed;           ///< oldest first, the newest of them
  std::vector<std::string> alarms;            ///< what happened and cannot be taken back
  std::vector<std::string> warnings;          ///< what is wrong with the source as it is set up now
  bool others_acknowledge = false;            ///< then no commit is known to be here before its client is answered
};

bool has_open_span(const FollowStatus& status);
/// Whether there was none.
bool open_span(FollowStatus& status, SystemTime since, const std::string& why);
/// Whether there was one. Not while others acknowledge, too: then nothing is known to be here.
bool close_span(FollowStatus& status, const std::string& gtid);
void add_alarm(FollowStatus& status, const std::string& text);

json::object status_to_json(const FollowStatus& status);
json::array spans_to_json(const std::vector<ExposedSpan>& spans);
json::array texts_to_json(const std::vector<std::string>& texts);

}  // namespace lifeboat::relay
