#include "volume/commit_call.h"

#include "base/error.h"
#include "base/log.h"

namespace lifeboat::volume {
namespace {

void give_up(const Path& state_dir) noexcept {
  try {
    control_call(state_dir, "confirm", {{"give_up", true}});
  } catch (...) {
    log::debug("a commit is given up by its time-out: {}", current_error().text());
  }
}

void confirm(const Path& state_dir, const DescribedCommit& commit) {
  json::object members;
  try {
    members = commit.at_snapshot();
  } catch (...) {
    give_up(state_dir);
    throw;
  }
  control_call(state_dir, "confirm", {{"server", std::move(members)}});
}

}  // namespace

json::object commit_described(const Path& state_dir, const DescribedCommit& commit) {
  const auto deadline = std::chrono::steady_clock::now() + commit.snapshot_patience;
  bool taken = false;
  return control_call(state_dir, "commit", {{"confirm", true}}, commit.snapshot_patience,
                      [&](const json::object& line) {
                        if (line.contains("snapshot")) {
                          taken = true;
                          confirm(state_dir, commit);
                        } else if (!taken && std::chrono::steady_clock::now() > deadline) {
                          fail(Code::kTimeout, "the volume did not take its snapshot in time");
                        } else if (commit.on_progress) {
                          commit.on_progress(line);
                        }
                      });
}

}  // namespace lifeboat::volume
