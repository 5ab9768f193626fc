#include "rescue/standby_next.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "relay/relay.h"
#include "relay/succession.h"
#include "rescue/cut_over.h"
#include "rescue/rescue_record.h"
#include "rescue/standby_commit.h"
#include "rescue/standby_judgement.h"
#include "rescue/standby_relay.h"
#include "rescue/standby_status.h"

namespace lifeboat::rescue {
namespace {

constexpr std::chrono::milliseconds kLookEvery{200};

/// Where production is since a rescue, if that is in place and behind a relay of this host.
struct NewPrimary {
  std::string branch;
  Path relay;
  net::Endpoint listen;
  std::string source;
};

std::optional<NewPrimary> find_new_primary(const Path& state_root, const std::string& rescue) {
  const auto record = find_rescue(state_root, rescue);
  if (!record || cut_over_state(*record) != CutOverState::kSwitched || record->relay.empty()) return std::nullopt;
  const relay::Succession succession = relay::read_succession(record->relay);
  const auto found = std::ranges::find(succession.successors, rescue, &relay::Successor::by);
  if (found == succession.successors.end() || found->listen.empty()) return std::nullopt;
  return NewPrimary{.branch = record->branch(),
                    .relay = record->relay,
                    .listen = net::Endpoint::parse(found->listen),
                    .source = found->source.endpoint.text()};
}

/// Chosen once.
std::string chosen_name(const Path& state_root, const std::string& before) {
  const Path directory = server::branches_directory(state_root) / before;
  std::string name = find_next_standby(directory);
  if (!name.empty()) return name;
  name = next_standby_name(state_root, before);
  save_next_standby(directory, name);
  return name;
}

StandbyOptions next_options(const StandbyOptions& before, const NewPrimary& primary) {
  const Path& state_root = before.boot.mount.state_root;
  StandbyOptions next = before;
  next.name = chosen_name(state_root, before.name);
  next.relay = from_this_host(primary.listen);
  next.relay_directory = primary.relay;
  next.image.clear();
  if (server::find_branch(state_root, next.name)) return next;  // by a run that was killed
  next.image = commit_primary({.branch = server::open_branch(state_root, primary.branch),
                               .source = primary.source,
                               .logins = before.logins,
                               .boot = {}})
                   .image;
  log::info("image {} is of what production runs on since {}; standby {} begins with it", next.image, primary.branch,
            next.name);
  return next;
}

}  // namespace

std::string rescue_instead_of(const StandbyOptions& standby) {
  const Path directory = server::branches_directory(standby.boot.mount.state_root) / standby.name;
  if (const auto taken = find_standby_taken(directory)) return taken->rescue;
  const auto origin = find_standby_origin(directory);
  if (standby.relay_directory.empty() || !origin) return {};
  try {
    return StandbyRelay(standby.relay_directory).source(standby.relay, origin->source, {}).replaced_by;
  } catch (const Exception&) {
    return {};  // it says so itself
  }
}

std::string next_standby_name(const Path& state_root, const std::string& name) {
  const std::size_t dash = name.rfind('-');
  std::size_t number = 1;
  std::string stem = name;
  if (dash != std::string::npos) {
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + dash + 1, end, number);
    if (read.ec == std::errc{} && read.ptr == end) {
      stem = name.substr(0, dash);
    } else {
      number = 1;
    }
  }
  for (;;) {
    std::string next = format("{}-{}", stem, ++number);
    if (!server::find_branch(state_root, next) && !volume::find_volume(state_root, next)) return next;
  }
}

std::optional<StandbyOptions> await_next_standby(const StandbyOptions& before, const std::string& rescue,
                                                 const std::atomic<bool>& stop) {
  log::info("standby {} is one no more since rescue {}; the next begins when what was rescued is in place", before.name,
            rescue);
  RetryClock clock;
  while (!stop) {
    std::this_thread::sleep_for(kLookEvery);
    if (!clock.due(std::chrono::steady_clock::now())) continue;
    try {
      if (rescue_instead_of(before).empty()) return before;  // it would not do, or was undone: a standby again
      if (const auto primary = find_new_primary(before.boot.mount.state_root, rescue)) {
        return next_options(before, *primary);
      }
    } catch (const Exception& e) {
      if (e.code() == Code::kCancelled) return std::nullopt;
      clock.failed(std::chrono::steady_clock::now());
      log::warn("no standby follows what production runs on yet: {}", e.error().text());
    }
  }
  return std::nullopt;
}

}  // namespace lifeboat::rescue
