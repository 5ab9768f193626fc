// Taking a cut-over back, while nothing is lost by it.

#include <algorithm>

#include "base/error.h"
#include "binlog/event.h"
#include "rescue/cut_over.h"
#include "rescue/fence.h"
#include "rescue/hand_over.h"
#include "rescue/homecoming.h"

namespace lifeboat::rescue {
namespace {

constexpr std::size_t kEventsListed = 2000;

const json::object& member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value != nullptr && value->is_object()) return value->get_object();
  fail(Code::kCorruption, format("the record of the cut-over has no '{}'", key));
}

/// Of SHOW BINLOG EVENTS: a transaction begins, or it is told what it does.
void note_event(const server::Row& event, std::vector<LostTransaction>& lost) {
  constexpr std::size_t kType = 2;
  constexpr std::size_t kInfo = 5;
  constexpr std::size_t kWordsMax = 200;
  const std::string type = event.at(kType).value_or("");
  const std::string info = event.at(kInfo).value_or("");
  if (type == "Gtid") {
    lost.push_back({.gtid = info.substr(info.rfind(' ') + 1), .what = {}});
  } else if (!lost.empty() && lost.back().what.empty() &&
             (type == "Annotate_rows" || type == "Query" || type == "Table_map")) {
    lost.back().what = info.substr(0, kWordsMax);
  }
}

}  // namespace

UndoResult CutOver::undo() {
  check_not_home(record_);
  check_not_replaced(record_);
  const CutOverState state = cut_over_state(record_);
  if (state == CutOverState::kNone || state == CutOverState::kUndone) {
    fail(Code::kRefused, format("rescue {} is not cut over: there is nothing to undo", record_.name),
         format("lifeboat rescue cut-over {} does", record_.name));
  }
  check_logins();
  UndoResult result;
  if (record_.cut_over.contains("place") && !stop_branch(result)) return result;
  const bool moved = record_.cut_over.contains("place") && has_moved();
  if (!result.known || !result.lost.empty() || moved) record_.cut_over["has_writes"] = true;
  save("begun");  // if the rest fails, nobody takes it for in place
  put_back();
  for (const char* of_this_time : {"place", "fenced", "haproxy"}) record_.cut_over.erase(of_this_time);
  save("undone");
  result.undone = true;
  return result;
}

/// Before anything is touched: half an undo would leave nobody to write to.
void CutOver::check_logins() const {
  for (const auto& [address, was_read_only] : fenced_servers()) {
    const std::string_view server = address;
    const bool given = std::ranges::any_of(
        order_.fence, [&](const relay::SourceLogin& login) { return login.address.text() == server; });
    if (given) continue;
    fail(Code::kUsage, format("{} was fenced: its login is needed to let it write again", server),
         format("Pass --fence {} and its --password-file.", server));
  }
}

/// The branch takes no more writes; false if it has taken some, or may have, and they are not to be lost: then it goes
/// on.
bool CutOver::stop_branch(UndoResult& result) {
  run_.ensure_running();
  server::Connection& branch = run_.connection();
  result.known = branch.value("SELECT @@GLOBAL.log_bin") == "1";
  const auto may_go = [&] {
    if (result.known && !has_moved()) return true;
    if (result.known) list_writes(result);
    return order_.lose_writes;
  };
  if (!may_go()) return false;
  branch.query("SET GLOBAL read_only = 1");
  if (may_go()) return true;
  branch.query("SET GLOBAL read_only = 0");
  return false;
}

json::object CutOver::fenced_servers() const {
  return record_.cut_over.contains("fenced") ? member(record_.cut_over, "fenced") : json::object();
}

/// Out with the branch, then the damaged servers may write, then they get connections: again never both.
void CutOver::put_back() {
  const json::value* proxy_value = record_.cut_over.if_contains("haproxy");
  std::optional<Haproxy> proxy;
  if (proxy_value != nullptr) {
    const json::object& told = proxy_value->as_object();
    proxy.emplace(json_string(told, "socket"), json_string(told, "backend"));
    for (const json::value& server : told.at("servers").as_array()) {
      const std::string name = json_string(server.as_object(), "name");
      proxy->set_admin(name, "maint");
      proxy->end_sessions(name);
    }
  }
  call_hook({"unswitch"});
  take_back_log(record_.relay, record_.name);
  const json::object fenced = fenced_servers();
  for (const relay::SourceLogin& login : order_.fence) {
    const json::value* was_read_only = fenced.if_contains(login.address.text());
    if (was_read_only != nullptr) unfence_server(login, was_read_only->as_bool());
  }
  call_hook({"unfence"});
  if (!proxy) return;
  for (const json::value& each : proxy_value->as_object().at("servers").as_array()) {
    const json::object& server = each.as_object();
    proxy->set_address(json_string(server, "name"), json_string(server, "address"),
                       static_cast<std::uint16_t>(json_integer(server, "port")));
    proxy->set_admin(json_string(server, "name"), json_string(server, "admin"));
  }
}

bool CutOver::has_moved() {
  return run_.connection().value("SELECT @@GLOBAL.gtid_binlog_pos") !=
         json_string(member(record_.cut_over, "place"), "gtid");
}

/// As its binary logs tell them from the place on, up to what a person reads.
void CutOver::list_writes(UndoResult& result) {
  const json::object& place = member(record_.cut_over, "place");
  const std::string first = json_string(place, "file");
  std::vector<std::string> files;
  for (const server::Row& row : run_.connection().query("SHOW BINARY LOGS")) files.push_back(row.at(0).value_or(""));
  const auto begin = std::ranges::find(files, first);
  result.whole = begin != files.end();  // else it was purged, or all were begun anew
  if (result.whole) files.erase(files.begin(), begin);
  std::size_t left = kEventsListed;
  result.lost.clear();
  for (const std::string& file : files) {
    const std::string from = file == first ? json_string(place, "position") : std::to_string(binlog::kFirstEvent);
    const auto events = run_.connection().query(
        format("SHOW BINLOG EVENTS IN {} FROM {} LIMIT {}", relay::quote_sql(file), from, left));
    for (const server::Row& event : events) note_event(event, result.lost);
    left -= std::min(left, events.size());
    if (left > 0) continue;
    result.whole = false;
    return;
  }
}

}  // namespace lifeboat::rescue
