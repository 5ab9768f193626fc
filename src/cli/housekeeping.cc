#include "cli/housekeeping.h"

namespace lifeboat::cli {

json::object mark_to_json(const vault::Mark& mark) {
  return {{"mark", vault::id_text(mark.id)},
          {"time", format_time(mark.time)},
          {"state", vault::mark_state_name(mark.state)},
          {"reason", mark.reason},
          {"images", json::array(mark.images.begin(), mark.images.end())},
          {"packs", mark.packs.size()},
          {"log_parts", mark.log_parts.size()}};
}

json::object session_to_json(const vault::SessionInfo& session) {
  return {{"session", vault::id_text(session.id)},
          {"kind", vault::session_kind_name(session.kind)},
          {"host", session.host},
          {"pid", session.pid},
          {"started", format_time(session.started)},
          {"expires", format_time(session.expires)},
          {"image", session.image},
          {"alive", session.alive()}};
}

}  // namespace lifeboat::cli
