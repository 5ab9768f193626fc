#include "relay/guard_scan.h"

#include <algorithm>

#include "base/error.h"
#include "relay/log_scan.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::milliseconds kScanPatience{50};
constexpr std::chrono::milliseconds kAheadTime{2};
constexpr std::uint64_t kAhead = std::uint64_t{256} << 10U;
constexpr std::chrono::seconds kScanRetry{5};
constexpr std::chrono::seconds kHoldIdle{60};

/// The file that a walk was reading went into the vault.
struct FileGone {
  std::string file;
};

std::size_t index_of(const std::vector<ServedLog::File>& files, std::string_view name) {
  const auto found = std::ranges::find(files, name, &ServedLog::File::name);
  if (found == files.end()) fail(Code::kNotFound, format("the log has no file {}", name));
  return static_cast<std::size_t>(found - files.begin());
}

/// Where a walk towards `files[at]` begins. Of what is brought from the vault, one file has to do.
std::size_t first_to_walk(const std::vector<ServedLog::File>& files, std::size_t at, const GuardConfig& config) {
  const std::chrono::seconds longest = config.longest_window();
  const auto asked = files[at].here ? read_log_head(files[at].path) : std::nullopt;
  std::size_t first = at == 0 ? 0 : at - 1;
  while (first > 0 && asked && files[first].here) {
    const auto head = read_log_head(files[first].path);
    if (!head || head->identity.made_at + longest.count() <= asked->identity.made_at) break;
    --first;
  }
  return first;
}

}  // namespace

/// What is on the disk, if that will do.
std::vector<ServedLog::File> GuardScan::files_with(const std::string& name) {
  std::vector<ServedLog::File> files = log_.files();
  const bool here = std::ranges::find(files, name, &ServedLog::File::name) != files.end();
  return here ? files : log_.all_files();
}

GuardScan::Finding GuardScan::look(const GroupPlace& place, const std::shared_ptr<const GuardConfig>& config) {
  std::shared_ptr<Walk> walk;
  try {
    {
      const std::scoped_lock lock(mutex_);
      if (config_ != config) walks_.clear();
      config_ = config;
      forget_idle();
      if (const auto found = find_known(place)) return *found;
    }
    const std::vector<ServedLog::File> files = files_with(std::string(place.file));  // may take a while
    {
      const std::scoped_lock lock(mutex_);
      walk = walk_towards(place, files, *config);
      if (!walk->failed.empty()) return {.failed = true, .waiting = walk->failed, .group = nullptr};
    }
    const std::unique_lock busy(walk->busy, kScanPatience);
    if (busy.owns_lock()) advance(*walk, place, *config);
  } catch (const FileGone& gone) {
    const std::scoped_lock lock(mutex_);
    std::erase(walks_, walk);  // the next begins with what there is now
    return {.waiting = format("reads the log before it serves it; {} is not on the disk any more", gone.file),
            .group = nullptr};
  } catch (...) {  // also for want of memory: a walk that goes on has passed over what it could not read
    const std::string why = current_error().text();
    const std::scoped_lock lock(mutex_);
    if (walk != nullptr) walk->failed = why;
    return {.failed = true, .waiting = why, .group = nullptr};
  }
  const std::scoped_lock lock(mutex_);
  if (const auto found = find_known(place)) return *found;
  return {.waiting = format("reads the log before it serves it: {} at {}", walk->file, walk->position),
          .group = nullptr};
}

/// What failed is tried again, and what its replica left in the past holds no file there.
void GuardScan::forget_idle() {
  std::erase_if(walks_, [](const auto& walk) {
    const auto idle = Clock::now() - walk->used;
    return (!walk->failed.empty() && idle > kScanRetry) || (walk->holds && idle > kHoldIdle);
  });
}

std::optional<GuardScan::Finding> GuardScan::find_known(const GroupPlace& place) {
  for (const auto& walk : walks_) {
    for (const Known& known : walk->known) {
      if (known.file != place.file || place.position < known.from || place.position >= known.to) continue;
      walk->used = Clock::now();
      auto after = known.groups.upper_bound(place.position);
      if (after == known.groups.begin()) return Finding{.known = true, .waiting = {}, .group = nullptr};
      const auto& group = std::prev(after)->second;
      return Finding{.known = true, .waiting = {}, .group = place.position < group->end ? group : nullptr};
    }
  }
  return std::nullopt;
}

/// The walk that comes by there next, or a new one.
std::shared_ptr<GuardScan::Walk> GuardScan::walk_towards(const GroupPlace& place,
                                                         const std::vector<ServedLog::File>& files,
                                                         const GuardConfig& config) {
  const std::size_t at = index_of(files, place.file);
  std::shared_ptr<Walk> best;
  for (const auto& walk : walks_) {
    const bool here = walk->file == place.file && walk->position <= place.position;
    const bool warms_up = !walk->warmed_up && walk->towards == place.file;
    const bool before = warms_up || (at > 0 && walk->warmed_up && walk->file == files[at - 1].name &&
                                     walk->position >= log_.end_of(walk->file).readable);
    if (here || (before && best == nullptr)) best = walk;
    if (here) break;
  }
  if (best == nullptr) best = start_walk(files, at, config);
  if (best->failed.empty()) best->used = Clock::now();
  return best;
}

std::shared_ptr<GuardScan::Walk> GuardScan::start_walk(const std::vector<ServedLog::File>& files, std::size_t at,
                                                       const GuardConfig& config) {
  if (walks_.size() >= kWalksMax) {
    walks_.erase(std::ranges::min_element(walks_, {}, [](const auto& walk) { return walk->used; }));
  }
  const std::shared_ptr<Walk> walk = walks_.emplace_back(std::make_shared<Walk>(config));
  const std::size_t first = first_to_walk(files, at, config);
  walk->towards = files[at].name;
  walk->file = files[first].name;
  walk->warmed_up = first == at;
  return walk;
}

/// With the walk's own mutex held.
void GuardScan::enter(Walk& walk, const ServedLog::File& file) {
  walk.held = file.here ? nullptr : log_.hold(file.name);
  if (!file.here && walk.held == nullptr) fail(Code::kNotFound, format("{} is not kept any more", file.name));
  walk.at_end = false;
  walk.walk.open(file.name, file.here ? file.path : walk.held->path);
  const std::scoped_lock lock(mutex_);
  walk.holds = !file.here;
  walk.warmed_up = walk.warmed_up || file.name == walk.towards;
  walk.file = file.name;
  walk.position = walk.walk.position();
  if (!walk.warmed_up) return;
  walk.known.push_back({.file = file.name, .from = 0, .to = 0, .groups = {}});
  if (walk.known.size() > kFilesMax) walk.known.pop_front();
}

void GuardScan::remember(Walk& walk, FoundGroup&& group, const GuardConfig& config) {
  const bool matters = may_matter(group.facts, config);
  const std::scoped_lock lock(mutex_);
  if (!walk.warmed_up) return;
  Known& known = walk.known.back();
  known.to = group.end;
  if (!matters) return;
  const std::uint64_t begin = group.begin;  // the right side of an assignment comes first
  known.groups[begin] = std::make_shared<const FoundGroup>(std::move(group));
  if (known.groups.size() <= kGroupsMax) return;
  known.from = known.groups.begin()->second->end;
  known.groups.erase(known.groups.begin());
}

void GuardScan::advance(Walk& walk, const GroupPlace& place, const GuardConfig& config) {
  const auto begun = Clock::now();
  GuardWalk& reader = walk.walk;
  bool covered = false;
  const auto on_group = [&](FoundGroup&& group) {
    covered = covered || (reader.file() == place.file && group.end > place.position);
    remember(walk, std::move(group), config);
  };
  const auto go_on = [&] {
    const auto spent = Clock::now() - begun;
    if (!covered) return spent < kScanPatience;
    return spent < kAheadTime && reader.position() < place.position + kAhead;
  };
  if (reader.file().empty()) {
    const std::vector<ServedLog::File> files = files_with(walk.file);
    enter(walk, files[index_of(files, walk.file)]);
  }
  while (walk.at_end || read_on(walk, go_on, on_group)) {
    if (reader.file() == place.file) return;
    const std::vector<ServedLog::File> files = files_with(reader.file());
    enter(walk, files.at(index_of(files, reader.file()) + 1));
  }
}

/// A walk holds no file that is on the disk, for it would keep it there long after the last replica has left. So the
/// file may be removed under it; then it is said to come from the vault, and does not: nobody asks for it.
ServedLog::End GuardScan::end_of(const Walk& walk) const {
  const std::string& file = walk.walk.file();
  try {
    const ServedLog::End end = log_.end_of(file);
    if (end.coming && walk.held == nullptr) throw FileGone{file};
    return end;
  } catch (const Exception& e) {
    if (e.code() != Code::kNotFound) throw;
    throw FileGone{file};
  }
}

/// Whether all of the file was read, and it will not grow.
bool GuardScan::read_on(Walk& walk, const std::function<bool()>& go_on, const GuardWalk::OnGroup& on_group) {
  GuardWalk& reader = walk.walk;
  for (;;) {
    const ServedLog::End end = end_of(walk);
    const bool reached = reader.step(end.readable, go_on, on_group);
    if (reached && end.closed) reader.end_file(on_group);
    {
      const std::scoped_lock lock(mutex_);
      walk.position = reader.position();
      if (reached && end.closed && walk.warmed_up) walk.known.back().to = reader.position();
    }
    if (reached && end.closed) break;
    if (!reached || !end.coming || !go_on()) return false;
    log_.wait_beyond(reader.file(), end.readable, kAheadTime);
  }
  walk.at_end = true;
  walk.held = nullptr;
  const std::scoped_lock lock(mutex_);
  walk.holds = false;
  return true;
}

}  // namespace lifeboat::relay
