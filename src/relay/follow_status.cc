#include "relay/follow_status.h"

namespace lifeboat::relay {
namespace {

json::value time_or_null(const std::optional<SystemTime>& time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

}  // namespace

json::object status_to_json(const FollowStatus& status) {
  json::array exposed;
  for (const ExposedSpan& span : status.exposed) {
    exposed.push_back(json::object{{"after_gtid", span.after_gtid},
                                   {"since", format_time(span.since)},
                                   {"to_gtid", span.to_gtid},
                                   {"until", time_or_null(span.until)},
                                   {"open", !span.until.has_value()},
                                   {"why", span.why}});
  }
  json::array alarms;
  for (const std::string& alarm : status.alarms) alarms.push_back(json::string(alarm));
  json::array warnings;
  for (const std::string& warning : status.warnings) warnings.push_back(json::string(warning));
  return {{"source", status.source},
          {"state", status.state},
          {"problem", status.problem},
          {"hint", status.hint},
          {"server_version", status.server_version},
          {"semi_sync", status.semi_sync},
          {"incarnation", status.incarnation},
          {"file", status.file},
          {"position", status.position},
          {"gtid", status.gtid},
          {"groups", status.groups},
          {"bytes", status.bytes},
          {"acknowledged", status.acknowledged},
          {"connects", status.connects},
          {"last_group_time", time_or_null(status.last_group_time)},
          {"last_heard", time_or_null(status.last_heard)},
          {"exposed", exposed},
          {"alarms", alarms},
          {"warnings", warnings},
          {"others_acknowledge", status.others_acknowledge}};
}

}  // namespace lifeboat::relay
