#include "rescue/standby_takeover.h"

#include <signal.h>

#include <algorithm>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "relay/guard_gate.h"
#include "relay/hold_book.h"
#include "rescue/standby_status.h"

namespace lifeboat::rescue {
namespace {

/// It looks every 50 ms, but for what it says to its server: then it may take as long as its patience with that.
constexpr std::chrono::seconds kLetGoPatience{15};
constexpr std::chrono::milliseconds kTakeoverLookEvery{20};

void note_taken(const server::BranchRecord& standby, const std::string& rescue) {
  const FileLock lock(standby.directory / "standby-taken.lock", format("standby {}", standby.name));
  const auto taken = find_standby_taken(standby.directory);
  if (!taken) return save_standby_taken(standby.directory, {.rescue = rescue, .time = now()});
  if (taken->rescue == rescue) return;
  fail(Code::kConflict, format("standby {} was promoted by rescue {}", standby.name, taken->rescue),
       "See: lifeboat rescue ls");
}

/// It survives that: server and volume go on.
void end_run(const server::BranchRecord& standby) {
  const auto status = find_standby_status(standby.directory);
  if (!status || !status->process.alive()) return;
  log::warn("standby {}: its process {} does not let go, and is ended", standby.name, status->process.pid);
  ::kill(status->process.pid, SIGKILL);
}

std::optional<FileLock> try_lock(const server::BranchRecord& standby) {
  const Path path = standby.directory / "standby.lock";
  if (FileLock::held(path)) return std::nullopt;
  try {
    return FileLock(path, format("standby {}", standby.name));
  } catch (const Exception& e) {
    if (e.code() != Code::kBusy) throw;
    return std::nullopt;
  }
}

}  // namespace

FileLock take_standby(const server::BranchRecord& standby, const std::string& rescue) {
  note_taken(standby, rescue);
  const auto begun = std::chrono::steady_clock::now();
  bool ended = false;
  for (;;) {
    if (auto lock = try_lock(standby)) return std::move(*lock);
    throw_if_cancelled();
    const auto waited = std::chrono::steady_clock::now() - begun;
    if (waited > kLetGoPatience && !std::exchange(ended, true)) end_run(standby);
    if (waited > 2 * kLetGoPatience) {
      fail(Code::kUnavailable, format("standby {}: another process works on it, and does not let go", standby.name),
           format("Find it: fuser {}", (standby.directory / "standby.lock").string()));
    }
    std::this_thread::sleep_for(kTakeoverLookEvery);
  }
}

void skip_at_guard(const RescueRecord& record, std::uint32_t server_id, const std::string& by) {
  if (record.relay.empty() || !std::filesystem::exists(relay::guard_directory(record.relay))) return;
  relay::HoldBook book(record.relay);
  book.refresh();
  const std::string stream = relay::stream_name({.user = {}, .server_id = server_id});
  for (const relay::Hold& hold : book.list()) {
    const bool here = is_of_log(hold.subject, record.log);
    const bool left_out = std::ranges::find(record.skip, hold.subject.gtid) != record.skip.end();
    if (!here || !left_out || !hold.open() || hold.state_of(stream) != relay::HoldState::kHeld) continue;
    book.skip({.id = hold.subject.id, .stream = stream}, by);
    log::info("guard: {} ({}) is skipped for standby {}", hold.subject.id, hold.subject.gtid, record.standby);
  }
}

}  // namespace lifeboat::rescue
