#include "rescue/cut_over.h"

#include <algorithm>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "relay/relay.h"
#include "relay/source_log.h"
#include "relay/succession.h"
#include "rescue/fence.h"
#include "rescue/hand_over.h"
#include "rescue/homecoming.h"
#include "rescue/rescue_plan.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::milliseconds kLogLookEvery{50};

}  // namespace

CutOverState cut_over_state(const RescueRecord& record) {
  const json::value* state = record.cut_over.if_contains("state");
  if (state == nullptr || !state->is_string()) return CutOverState::kNone;
  if (state->get_string() == "switched") return CutOverState::kSwitched;
  return state->get_string() == "undone" ? CutOverState::kUndone : CutOverState::kBegun;
}

std::string cut_over_address(const RescueRecord& record) {
  return record.cut_over.contains("address") ? json_string(record.cut_over, "address") : Door().address;
}

bool replaced_by_another(const RescueRecord& record) {
  if (record.relay.empty()) return false;
  const relay::Succession succession = relay::read_succession(record.relay);
  const auto found = std::ranges::find(succession.successors, record.name, &relay::Successor::by);
  return found != succession.successors.end() &&
         succession.find_retired(relay::source_name(found->source.endpoint)) != nullptr;
}

void check_not_replaced(const RescueRecord& record) {
  if (!replaced_by_another(record)) return;
  fail(Code::kRefused, format("rescue {} is not in place any more: another has replaced it", record.name),
       "See which is: lifeboat rescue ls. What was written since is in that one alone.");
}

CutOver::CutOver(RescueRecord& record, RescueRun& run, const CutOverOrder& order)
    : record_(record), run_(run), order_(order) {}

void CutOver::run() {
  check_order();
  run_.ensure_running();
  if (cut_over_state(record_) == CutOverState::kSwitched) return stay();
  leave_out();
  check_new_dangers();
  remember_haproxy();
  save("begun");
  run_phase(record_, "cut over", [this] {
    fence();
    order_.door.take_out();
    if (!was_written_to()) {
      catch_up();
      begin_log();
      note_place();
    }
    hand_over();
    put_in();
  });
  save("switched");
}

/// Looked at before anything is saved or fenced: what is wrong then stands in nobody's way.
void CutOver::leave_out() {
  std::vector<std::string> more = order_.skip;
  std::erase_if(more,
                [&](const std::string& text) { return std::ranges::find(record_.skip, text) != record_.skip.end(); });
  if (more.empty()) return;
  RescueLog log(record_.log);
  const auto until = binlog::GtidPosition::parse(record_.until);
  for (const std::string& text : more) {
    const binlog::Gtid gtid = binlog::parse_gtid(text);
    if (!log.find(gtid)) {
      fail(Code::kNotFound, format("transaction {} is not in the log", text), "lifeboat log show lists what is.");
    }
    if (log.has(until, gtid)) {
      fail(Code::kRefused, format("rescue {} has {} already: it was replayed", record_.name, text),
           format("Bring up a fresh one without it: lifeboat rescue --name ANOTHER --skip {}", text));
    }
  }
  record_.skip.insert(record_.skip.end(), more.begin(), more.end());
}

void CutOver::check_order() const {
  check_not_home(record_);
  check_not_replaced(record_);
  if (!record_.ready) {
    fail(Code::kRefused, format("rescue {} is not ready", record_.name),
         format("Bring it to its end first: lifeboat rescue --name {}", record_.name));
  }
  if (!record_.loss.empty() && !order_.leave_rest) {
    fail(Code::kRefused, format("rescue {} has lost something: {}", record_.name, record_.loss),
         "If that cannot be had from elsewhere, give it up by the same command with --leave-rest.");
  }
  if (record_.cut_over.contains("has_writes")) {
    fail(Code::kRefused,
         format("rescue {} has taken writes, which were given up: it is no copy any more", record_.name),
         "Bring up a fresh one: lifeboat rescue --name ANOTHER");
  }
  order_.door.check();
  if (!order_.fence.empty() || order_.fenced || !order_.door.hook.empty()) return;
  fail(Code::kRefused, "nothing keeps the damaged servers from taking writes beside the rescued one",
       "Name each with --fence mysql://USER@HOST:PORT; or stop them yourself and pass --fenced.");
}

/// What destroys and came after the rescue was planned is nobody's decision yet.
void CutOver::check_new_dangers() const {
  if (!record_.follows_log()) return;
  RescueLog log(record_.log);
  const auto until = binlog::GtidPosition::parse(record_.until);
  const auto known = [&](const std::string& gtid) {
    return std::ranges::find(record_.skip, gtid) != record_.skip.end() ||
           std::ranges::find(order_.accept, gtid) != order_.accept.end();
  };
  for (const FoundDanger& danger : log.newest_dangers(kDangersLookedAt, until)) {
    const std::string gtid = format_gtid(danger.gtid);
    if (log.has(until, danger.gtid) || known(gtid)) continue;
    fail(Code::kRefused, format("since then {} came: {}", gtid, printable(danger.statement.substr(0, 200))),
         format("Leave it out with --skip {}, or take it over with --accept {}.", gtid, gtid));
  }
}

/// Once: after a kill it would be the state in the middle.
void CutOver::remember_haproxy() {
  const auto proxy = order_.door.haproxy();
  if (!proxy || record_.cut_over.contains("haproxy")) return;
  json::array servers;
  for (const std::string& name : order_.door.servers) {
    const HaproxyServer server = proxy->server(name);
    servers.push_back(json::object{
        {"name", server.name}, {"address", server.address}, {"port", server.port}, {"admin", server.admin}});
  }
  record_.cut_over["haproxy"] = {{"socket", order_.door.haproxy_socket.string()},
                                 {"backend", order_.door.backend},
                                 {"servers", std::move(servers)}};
}

void CutOver::fence() {
  if (!record_.cut_over.contains("fenced")) record_.cut_over["fenced"] = json::object();
  json::object& fenced = record_.cut_over["fenced"].as_object();
  for (const relay::SourceLogin& login : order_.fence) {
    const std::string address = login.address.text();
    if (const auto why = why_not_reached(login)) {
      if (!order_.fenced) {
        fail(Code::kUnavailable, format("{} is not reached: {}", address, *why),
             "If it is stopped, or cut off from the application, say so with --fenced.");
      }
      log::warn("{} is not reached, and you say that it is fenced: {}", address, *why);
      fenced.erase(address);
      save("begun");
      continue;
    }
    if (!fenced.contains(address)) {
      fenced[address] = is_read_only(login);
      save("begun");  // first: after a kill it would be what we set
    }
    for (const std::string& writer : fence_server(login)) {
      log::warn("{}: account {} is connected, and read_only does not stop it", address, printable(writer));
    }
  }
  call_hook({"fence"});
}

/// All that the damaged servers have acknowledged comes along, but what is left out.
void CutOver::catch_up() {
  const binlog::GtidPosition end = wait_for_log();
  check_new_dangers();
  run_.replay(end.format());
  record_.until = end.format();
  save_rescue(record_);
}

binlog::GtidPosition CutOver::wait_for_log() const {
  std::vector<binlog::GtidPosition> positions;
  for (const relay::SourceLogin& login : order_.fence) {
    if (!record_.cut_over.at("fenced").as_object().contains(login.address.text())) continue;
    positions.push_back(binlog::GtidPosition::parse(fenced_position(login)));
  }
  const auto deadline = std::chrono::steady_clock::now() + order_.patience;
  std::vector<std::string> missing = missing_in_log(positions);
  check_log_goes_on();
  while (!missing.empty() && !order_.leave_rest) {
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Code::kTimeout,
           lifeboat::format("the log ends before {}, which a damaged server has", fmt::join(missing, ", ")),
           format("Does the relay run? (lifeboat relay status.) --leave-rest gives up what is missing; "
                  "lifeboat rescue undo {} lets the damaged servers write again.",
                  record_.name));
    }
    throw_if_cancelled();
    std::this_thread::sleep_for(kLogLookEvery);
    missing = missing_in_log(positions);
    check_log_goes_on();
  }
  if (!missing.empty()) log::warn("given up: {}", fmt::join(missing, ", "));
  return record_.follows_log() ? RescueLog(record_.log).end() : binlog::GtidPosition::parse(record_.until);
}

/// A log that was begun anew may give numbers again that this one has: then nothing would seem to be missing.
void CutOver::check_log_goes_on() const {
  if (record_.relay.empty() || order_.leave_rest || !record_.follows_log()) return;
  const std::vector<Path> incarnations = relay::list_incarnations(record_.log.parent_path());
  if (incarnations.empty() || incarnations.back().filename() == record_.log.filename()) return;
  fail(Code::kRefused,
       format("the log that rescue {} goes by is not continued: the relay has begun {} of that source", record_.name,
              incarnations.back().filename().string()),
       "What came there is not in the rescue (why it began: lifeboat log ls). Bring up one by the new log: lifeboat "
       "rescue --name ANOTHER; or give it up by the same command with --leave-rest.");
}

std::vector<std::string> CutOver::missing_in_log(const std::vector<binlog::GtidPosition>& positions) const {
  if (!record_.follows_log()) return {};
  const binlog::GtidState state = relay::LogDirectory(record_.log).state();
  std::vector<std::string> missing;
  for (const binlog::GtidPosition& position : positions) {
    for (const binlog::Gtid& gtid : position.gtids()) {
      if (!state.covers(gtid)) missing.push_back(format_gtid(gtid));
    }
  }
  return missing;
}

void CutOver::put_in() {
  run_.connection().query("SET GLOBAL read_only = 0");
  order_.door.put_in(port());
  call_hook({"switch", order_.door.address, format("{}", port())});
}

/// By a cut-over that had put it in and did not come to its end: then it has all that it needs, and undo goes by where
/// it was then.
bool CutOver::was_written_to() {
  if (!record_.cut_over.contains("place")) return false;
  run_.connection().query("SET GLOBAL read_only = 1");
  return has_moved();
}

/// It may have been started anew since, under another port even; or the relay was not told then.
void CutOver::stay() {
  if (!record_.relay.empty()) hand_over();
}

/// An image's server has logged nothing of what it was brought to: what replicates from it would not know where it is.
void CutOver::begin_log() {
  server::Connection& branch = run_.connection();
  if (branch.value("SELECT @@GLOBAL.log_bin AND NOT @@GLOBAL.log_slave_updates") == "1") begin_own_log(branch);
}

/// Before anybody writes there, so that the relay has all of it.
void CutOver::hand_over() {
  if (record_.relay.empty()) {
    log::warn("no relay keeps what is written from now on: lifeboat relay run");
    return;
  }
  HandOver order{.by = record_.name, .address = cut_over_address(record_), .port = port(), .retired = {}};
  order.by_hand = order_.fenced || !order_.door.hook.empty();
  for (const relay::SourceLogin& login : order_.fence) order.retired.push_back(login.address.endpoint.text());
  hand_over_log(record_.relay, record_.log.parent_path().filename(), order, run_.connection());
}

/// From here on, what the branch logs is its own. Noted before anybody can write.
void CutOver::note_place() {
  auto status = run_.connection().named_row("SHOW MASTER STATUS");
  record_.cut_over["place"] = {{"gtid", run_.connection().value("SELECT @@GLOBAL.gtid_binlog_pos")},
                               {"file", status["File"]},
                               {"position", status["Position"]}};
  record_.cut_over["address"] = order_.door.address;
  record_.cut_over["time"] = format_time(now());
  save_rescue(record_);
}

void CutOver::call_hook(const std::vector<std::string>& words) const {
  order_.door.call_hook(words,
                        format("Mend it and give the same command again, or: lifeboat rescue undo {}", record_.name));
}

void CutOver::save(const std::string& state) {
  record_.cut_over["state"] = state;
  save_rescue(record_);
}

}  // namespace lifeboat::rescue
