#include "rescue/drill_state.h"

#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "server/branch.h"

namespace lifeboat::rescue {
namespace {

constexpr std::string_view kLockFile = "lock";
constexpr std::chrono::seconds kRemovePatience{30};
constexpr std::chrono::milliseconds kLookAgainEvery{50};

Path drills_directory(const Path& state_root) {
  return state_root / "drills";
}

}  // namespace

Path drill_directory(const Path& state_root, const std::string& id) {
  return drills_directory(state_root) / id;
}

std::string drill_branch(const std::string& id) {
  return "drill-" + id;
}

FileLock lock_drills(const Path& state_root) {
  make_directories(drills_directory(state_root));
  try {
    return {drills_directory(state_root) / kLockFile, "drills"};
  } catch (const Exception& e) {
    if (e.code() != Code::kBusy) throw;
    fail(Code::kBusy, "another drill runs on this host: they run one at a time", "Wait for it; see: lifeboat drill ls");
  }
}

std::optional<FileLock> try_lock_drills(const Path& state_root) {
  if (!std::filesystem::is_directory(drills_directory(state_root))) return std::nullopt;
  try {
    return lock_drills(state_root);
  } catch (const Exception& e) {
    if (e.code() != Code::kBusy) throw;
    return std::nullopt;
  }
}

void remove_drill(const Path& state_root, const std::string& id) {
  const auto deadline = std::chrono::steady_clock::now() + kRemovePatience;
  while (const auto branch = server::find_branch(state_root, drill_branch(id))) {
    try {
      server::discard_branch(*branch);
    } catch (const Exception& e) {
      // Busy while what a killed drill had just begun is on its way out: the process of its volume may not even be on
      // record yet.
      if (e.code() != Code::kBusy || std::chrono::steady_clock::now() > deadline) throw;
      std::this_thread::sleep_for(kLookAgainEvery);
    }
  }
  std::filesystem::remove_all(drill_directory(state_root, id));
}

std::vector<std::string> remove_dead_drills(const Path& state_root) {
  std::vector<std::string> removed;
  for (const std::string& id : list_directory(drills_directory(state_root))) {
    if (id == kLockFile) continue;
    try {
      remove_drill(state_root, id);
    } catch (const Exception& e) {
      log::warn("drill {} was killed, and what it left cannot be removed: {}", id, e.error().text());
      continue;
    }
    log::warn("drill {} was killed: what it left is removed", id);
    removed.push_back(id);
  }
  return removed;
}

}  // namespace lifeboat::rescue
