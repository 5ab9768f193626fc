#include "relay/follow_status.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kSpansMax = 100;
constexpr std::size_t kAlarmsMax = 100;

json::value time_or_null(const std::optional<SystemTime>& time) {
  return time ? json::value(format_time(*time)) : json::value(nullptr);
}

}  // namespace

bool has_open_span(const FollowStatus& status) {
  return !status.exposed.empty() && !status.exposed.back().until;
}

bool open_span(FollowStatus& status, SystemTime since, const std::string& why) {
  if (has_open_span(status)) return false;
  status.exposed.push_back({.after_gtid = status.gtid, .since = since, .to_gtid = {}, .until = {}, .why = why});
  if (status.exposed.size() > kSpansMax) status.exposed.erase(status.exposed.begin());
  return true;
}

void add_alarm(FollowStatus& status, const std::string& text) {
  status.alarms.push_back(format("{}: {}", format_time(now()), text));
  if (status.alarms.size() > kAlarmsMax) status.alarms.erase(status.alarms.begin());
}

bool close_span(FollowStatus& status, const std::string& gtid) {
  if (!has_open_span(status) || status.others_acknowledge) return false;
  status.exposed.back().until = now();
  status.exposed.back().to_gtid = gtid;
  return true;
}

json::array spans_to_json(const std::vector<ExposedSpan>& spans) {
  json::array exposed;
  for (const ExposedSpan& span : spans) {
    exposed.push_back(json::object{{"after_gtid", span.after_gtid},
                                   {"since", format_time(span.since)},
                                   {"to_gtid", span.to_gtid},
                                   {"until", time_or_null(span.until)},
                                   {"open", !span.until.has_value()},
                                   {"why", span.why}});
  }
  return exposed;
}

json::array texts_to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& each : texts) array.push_back(json::string(each));
  return array;
}

json::object status_to_json(const FollowStatus& status) {
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
          {"exposed", spans_to_json(status.exposed)},
          {"alarms", texts_to_json(status.alarms)},
          {"warnings", texts_to_json(status.warnings)},
          {"others_acknowledge", status.others_acknowledge}};
}

}  // namespace lifeboat::relay
