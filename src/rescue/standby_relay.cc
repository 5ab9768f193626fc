#include "rescue/standby_relay.h"

#include <algorithm>

#include "base/error.h"
#include "relay/source_connection.h"
#include "relay/status_file.h"
#include "relay/succession.h"
#include "rescue/history_identity.h"

namespace lifeboat::rescue {
namespace {

/// "the relay does not follow its source (waiting): connection refused".
std::string trouble_of(const json::object& source) {
  const std::string state = json_string(source, "state");
  const std::string problem = json_string(source, "problem");
  if (state == "following" && problem.empty()) return "";
  return format("the relay does not follow its source ({}){}{}", state, problem.empty() ? "" : ": ", problem);
}

RelayedSource relayed(const json::object& source) {
  return {.listen = from_this_host(net::Endpoint::parse(json_string(source, "listen"))),
          .source = relay::SourceAddress::parse(json_string(source, "source")).endpoint.text(),
          .gtid = json_string(source, "gtid"),
          .replaced_by = {},
          .trouble = trouble_of(source)};
}

}  // namespace

net::Endpoint from_this_host(net::Endpoint listen) {
  if (listen.host == "0.0.0.0") listen.host = "127.0.0.1";
  if (listen.host == "::") listen.host = "::1";
  return listen;
}

namespace {

/// Where a source's log is served.
std::optional<net::Endpoint> find_listen(const json::object& status, const std::string& known) {
  for (const json::value& each : status.at("sources").as_array()) {
    const json::object& source = each.as_object();
    if (!source.contains("listen")) continue;
    RelayedSource found = relayed(source);
    if (found.source == known) return std::move(found.listen);
  }
  return std::nullopt;
}

/// A source, and where it has moved since, step by step; the last may have been replaced.
std::vector<RelayedSource> moves_of(RelayedSource first, const json::object& status,
                                    const relay::Succession& succession) {
  std::vector<RelayedSource> moves{std::move(first)};
  while (moves.size() <= succession.retired.size()) {
    const relay::Retired* retired = succession.find_retired(log_name_of(moves.back().source));
    if (retired != nullptr && !retired->moved) moves.back().replaced_by = retired->by;
    if (retired == nullptr || !retired->moved) break;
    const auto next = std::ranges::find(succession.successors, retired->by, &relay::Successor::by);
    if (next == succession.successors.end() || next->listen.empty()) break;
    moves.push_back(find_relayed_source(status, net::Endpoint::parse(next->listen)));
  }
  return moves;
}

}  // namespace

RelayedSource find_relayed_source(const json::object& status, const std::optional<net::Endpoint>& wanted) {
  const json::value* sources = status.if_contains("sources");
  if (sources == nullptr || !sources->is_array()) fail(Code::kCorruption, "the relay's status names no sources");
  std::vector<RelayedSource> found;
  for (const json::value& each : sources->get_array()) {
    if (!each.is_object() || !each.get_object().contains("listen")) continue;
    if (!wanted && relay::is_retired(each.get_object())) continue;
    RelayedSource source = relayed(each.get_object());
    if (!wanted || wanted->port == source.listen.port) found.push_back(std::move(source));
  }
  if (found.empty()) {
    fail(Code::kNotFound, "the relay serves no such log",
         "Give `relay run` a --listen ADDRESS:PORT for the source, and that port to --relay if there are several.");
  }
  if (found.size() > 1) {
    fail(Code::kUsage, format("the relay serves {} logs", found.size()),
         format("Say which with --relay, such as --relay {}.", found.front().listen.text()));
  }
  return std::move(found.front());
}

std::optional<HeldDanger> find_held_danger(const std::vector<relay::Hold>& holds, std::uint32_t server_id) {
  const std::string stream = format("id:{}", server_id);
  for (const relay::Hold& hold : holds) {
    const auto found = hold.streams.find(stream);
    const bool stands = found != hold.streams.end() && found->second.arrived;
    if (!stands || hold.state_of(stream) != relay::HoldState::kHeld) continue;
    return HeldDanger{.id = hold.subject.id,
                      .danger_class = hold.subject.danger_class,
                      .objects = lifeboat::format("{}", fmt::join(hold.subject.objects, ", ")),
                      .gtid = hold.subject.gtid,
                      .event_time = hold.subject.event_time};
  }
  return std::nullopt;
}

RelayedSource StandbyRelay::source(const std::optional<net::Endpoint>& wanted, const std::string& known,
                                   const binlog::GtidPosition& applied) const {
  const json::object status = relay::read_status(directory_);
  const std::vector<RelayedSource> moves =
      moves_of(find_relayed_source(status, wanted ? wanted : find_listen(status, known)), status,
               relay::read_succession(directory_));
  auto at = std::ranges::find(moves, known, &RelayedSource::source);  // it may have gone on before
  if (at == moves.end()) at = moves.begin();
  while (std::next(at) != moves.end() && applied.reached(binlog::GtidPosition::parse(at->gtid))) ++at;
  return *at;
}

bool StandbyRelay::running() const {
  return relay::is_running(relay::read_status(directory_));
}

std::optional<HeldDanger> StandbyRelay::held(std::uint32_t server_id) {
  holds_.refresh();
  return find_held_danger(holds_.list(), server_id);
}

}  // namespace lifeboat::rescue
