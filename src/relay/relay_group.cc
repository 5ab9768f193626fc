#include "relay/relay_group.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::seconds kTryAgainAfter{1};
/// So long after a change somebody may wait for what comes of it.
constexpr std::chrono::seconds kWatchedFor{15};

}  // namespace

RelayGroup::RelayGroup(Path directory, Guard& guard, const std::vector<Source>& sources, Prepare prepare)
    : directory_(std::move(directory)), guard_(guard), prepare_(std::move(prepare)) {
  for (const Source& source : sources) {
    Member& member = members_.emplace_back(Member{.source = source, .problem = {}, .relay = {}});
    member.relay = std::make_unique<Relay>(prepare_(source.login, source.listen), guard_);
  }
  update();
}

bool RelayGroup::update() {
  Succession now_said = succession_;
  std::string problem;
  try {
    now_said = read_succession(directory_);
  } catch (const Exception& e) {
    problem = e.what();
    if (problem != problem_) log::warn("{}", problem);
  }
  problem_ = problem;
  const auto time = std::chrono::steady_clock::now();
  if (now_said != succession_) {
    changed_ = time;
    succession_ = std::move(now_said);
    std::erase_if(members_, [&](const Member& member) {
      return member.successor && std::ranges::none_of(succession_.successors, [&](const Successor& each) {
               return each.source == member.source.login.address && each.listen == member.source.listen;
             });
    });
    for (const Successor& each : succession_.successors) {
      if (find(each.source) == nullptr) add(each);
    }
  }
  for (Member& member : members_) {
    if (member.relay == nullptr && time - member.tried > kTryAgainAfter) start(member);
  }
  return time - changed_ < kWatchedFor;
}

void RelayGroup::add(const Successor& successor) {
  const Member* like = find(successor.like);
  if (like == nullptr) {
    log::warn("{} is not followed: its account is that of {}, which is no source of this relay",
              successor.source.text(), successor.like.text());
    return;
  }
  Source source{.login = like->source.login, .listen = successor.listen};
  source.login.address = successor.source;
  // A rescued server on this host has no certificate, and nobody is in between.
  if (successor.source.endpoint.is_loopback()) source.login.tls.reset();
  log::info("{} has taken the place of {} ({}): it is followed from now on", successor.source.text(),
            successor.like.text(), successor.by);
  members_.push_back({.source = std::move(source), .successor = true, .problem = {}, .relay = {}});
}

void RelayGroup::start(Member& member) {
  member.tried = std::chrono::steady_clock::now();
  try {
    RelayOptions options = prepare_(member.source.login, member.source.listen);
    options.follow.start_file.clear();  // of another server's log
    member.relay = std::make_unique<Relay>(std::move(options), guard_);
    member.problem.clear();
  } catch (const Exception& e) {
    if (member.problem != e.what()) log::warn("{}: {}", member.source.login.address.text(), e.what());
    member.problem = e.what();
  }
}

const RelayGroup::Member* RelayGroup::find(const SourceAddress& address) const {
  const auto found =
      std::ranges::find_if(members_, [&](const Member& each) { return each.source.login.address == address; });
  return found == members_.end() ? nullptr : &*found;
}

json::array RelayGroup::status() const {
  json::array all;
  for (const Member& each : members_) all.push_back(status_of(each));
  return all;
}

json::object RelayGroup::status_of(const Member& member) const {
  json::object status;
  if (member.relay != nullptr) {
    status = member.relay->status();
  } else {
    FollowStatus none;
    none.source = member.source.login.address.text();
    none.state = "waiting";
    none.problem = member.problem;
    status = status_to_json(none);
    status["vault"] = nullptr;
  }
  const Retired* retired = succession_.find_retired(source_name(member.source.login.address.endpoint));
  if (retired != nullptr) status["retired"] = retired->by;
  return status;
}

}  // namespace lifeboat::relay
