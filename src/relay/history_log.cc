#include "relay/history_log.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/units.h"
#include "relay/sql_error.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::seconds kVaultRetry{2};
constexpr std::chrono::milliseconds kVaultLook{500};

}  // namespace

HistoryLog::Brought::Brought(std::string file, Path to, std::vector<vault::ListedLogPart> of)
    : Held{std::move(to)}, name(std::move(file)), parts(std::move(of)), scan(path, binlog::GtidState()) {}

HistoryLog::Brought::~Brought() {
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

HistoryLog::HistoryLog(std::shared_ptr<LogDirectory> log, std::shared_ptr<VaultDoor> door, Path directory,
                       std::chrono::milliseconds patience)
    : log_(std::move(log)), past_of_(log_, std::move(door)), directory_(std::move(directory)), patience_(patience) {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);  // of one that was killed
  thread_ = std::thread([this] { run(); });
}

HistoryLog::~HistoryLog() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  grown_.notify_all();
  thread_.join();
}

// What a dump asks.

std::vector<ServedLog::File> HistoryLog::all_files() {
  std::vector<File> here = log_->files();
  if (here.empty()) return here;
  const std::uint64_t oldest = log_file_number(here.front().name);
  std::unique_lock lock(mutex_);
  const bool is_news = listed_for_ != oldest || Clock::now() - listed_ > kVaultRetry;
  if (!past_.contains(oldest - 1) && is_news) await_list(lock);
  std::vector<File> all;
  for (const auto& [number, past] : past_) {
    if (number < oldest && past_.contains(oldest - 1)) {
      all.push_back({.name = past.name, .path = {}, .head = past.head, .here = false});
    }
  }
  all.insert(all.end(), here.begin(), here.end());
  return all;
}

void HistoryLog::await_list(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t wanted = ++lists_wanted_;
  wake_.notify_all();
  if (!grown_.wait_for(lock, patience_, [&] { return lists_made_ >= wanted || stopping_; })) {
    fail_reading_log_now(
        format("older log is in the vault, which has not answered for {}", format_duration(patience_)));
  }
  if (!list_problem_.empty()) {
    fail_reading_log_now(format("older log is in the vault, which cannot be read now: {}", list_problem_));
  }
}

bool HistoryLog::is_here(const std::string& name) const {
  return std::ranges::any_of(log_->files(), [&](const File& file) { return file.name == name; });
}

std::shared_ptr<HistoryLog::Brought> HistoryLog::find(const std::string& name) const {
  const auto found = brought_.find(name);
  return found == brought_.end() ? nullptr : found->second.lock();
}

ServedLog::End HistoryLog::end_of(const std::string& name) const {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto file = find(name)) {
      return {.readable = file->readable, .closed = file->whole, .coming = !file->whole};
    }
    const auto past = past_.find(log_file_number(name));  // nobody holds it: nothing of it is here
    if (past != past_.end() && past->second.name == name && !is_here(name)) return {.coming = true};
  }
  return log_->end_of(name);
}

std::shared_ptr<const ServedLog::Held> HistoryLog::hold(const std::string& name) {
  if (auto here = log_->hold(name)) return here;
  std::unique_lock lock(mutex_);
  const std::uint64_t number = log_file_number(name);
  if (!past_.contains(number)) await_list(lock);
  if (auto file = find(name)) return file;
  const auto past = past_.find(number);
  if (past == past_.end() || past->second.name != name) return nullptr;
  make_directories(directory_);
  auto file = std::make_shared<Brought>(name, directory_ / format("{}-{}", ++copies_, name), past->second.parts);
  static_cast<void>(open_file(file->path, O_WRONLY | O_CREAT));
  brought_[name] = file;
  wake_.notify_all();
  log::info("{}: is brought from the vault for a replica", name);
  return file;
}

void HistoryLog::wait_beyond(const std::string& name, std::uint64_t position, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const auto file = find(name);
  if (file == nullptr) {
    lock.unlock();
    return log_->wait_beyond(name, position, patience);
  }
  const auto has_more = [&] { return file->readable > position || file->whole; };
  grown_.wait_for(lock, patience, [&] { return has_more() || file->broken || stopping_; });
  if (has_more()) return;
  if (file->broken) fail_reading_log(format("{} comes from the vault, where {}", name, file->problem));
  if (Clock::now() - file->last_came < patience_) return;
  fail_reading_log_now(format("{} comes from the vault, which {}", name,
                              file->problem.empty() ? "does not answer" : "cannot be read now: " + file->problem));
}

// What the thread does.

void HistoryLog::run() noexcept {
  for (;;) {
    std::uint64_t wanted = 0;
    std::shared_ptr<Brought> file;
    {
      std::unique_lock lock(mutex_);
      const auto has_work = [&] { return stopping_ || lists_wanted_ > lists_made_ || (file = next_file()) != nullptr; };
      wake_.wait_for(lock, kVaultLook, has_work);
      if (stopping_) return;
      wanted = lists_wanted_ > lists_made_ ? lists_wanted_ : 0;
    }
    if (wanted > 0) list(wanted);
    if (file != nullptr) bring_part(*file);
  }
}

/// Those that are brought take turns, a part each.
std::shared_ptr<HistoryLog::Brought> HistoryLog::next_file() {
  std::erase_if(brought_, [](const auto& each) { return each.second.expired(); });
  std::shared_ptr<Brought> first;
  for (const auto& [name, each] : brought_) {
    std::shared_ptr<Brought> file = each.lock();
    if (file == nullptr || file->whole || file->broken || Clock::now() < file->next_try) continue;
    if (name > last_brought_) {
      last_brought_ = name;
      return file;
    }
    if (first == nullptr) first = std::move(file);
  }
  if (first != nullptr) last_brought_ = first->name;
  return first;
}

void HistoryLog::bring_part(Brought& file) {
  std::string problem;
  bool more = true;
  try {
    if (!file.fetch) file.fetch.emplace(past_of_.vault(), file.parts, file.path, file.damaged);
    more = file.fetch->step();
    file.scan.advance(file.fetch->written());
  } catch (...) {
    problem = current_error().text();
  }
  const std::scoped_lock lock(mutex_);
  if (problem.empty()) {
    note_progress(file, more);
  } else {
    file.next_try = Clock::now() + kVaultRetry;
  }
  if (file.problem != problem && !problem.empty()) log::warn("{} cannot be brought: {}", file.name, problem);
  if (!file.broken) file.problem = std::move(problem);
  grown_.notify_all();
}

void HistoryLog::note_progress(Brought& file, bool more) {
  const FileProgress& progress = file.scan.progress();
  file.readable = progress.has_format() ? progress.boundary().position : 0;
  file.last_came = Clock::now();
  const vault::LogCover cover = file.fetch->cover();
  file.whole = !more && cover.whole() && cover.closed && file.scan.damage().empty();
  file.broken = !file.whole && (!more || !file.scan.damage().empty());
  if (!file.broken) return;
  file.problem = file.scan.damage().empty() ? format("bytes {} to {} are missing", cover.end, cover.known_end)
                                            : file.scan.damage();
  log::error("{} in the vault: {}", file.name, file.problem);
}

void HistoryLog::list(std::uint64_t wanted) {
  std::string problem;
  std::map<std::uint64_t, PastFile> past;
  const std::vector<File> here = log_->files();
  try {
    past = past_of_.list();
  } catch (...) {
    problem = current_error().text();
    log::warn("{}: older log in the vault cannot be listed: {}", log_->path().string(), problem);
  }
  const std::scoped_lock lock(mutex_);
  if (problem.empty()) past_ = std::move(past);
  list_problem_ = std::move(problem);
  lists_made_ = wanted;
  listed_for_ = here.empty() ? 0 : log_file_number(here.front().name);
  listed_ = Clock::now();
  grown_.notify_all();
}

}  // namespace lifeboat::relay
