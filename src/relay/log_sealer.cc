#include "relay/log_sealer.h"

#include <unistd.h>

#include "base/log.h"
#include "relay/source_log.h"

namespace lifeboat::relay {

bool SealStatus::within_promise() const {
  return up_to && now() - *up_to <= promised;
}

json::object status_to_json(const SealStatus& status) {
  json::object object{{"vault", status.vault},
                      {"incarnation", status.incarnation},
                      {"file", status.sealed.file},
                      {"position", status.sealed.position},
                      {"up_to", nullptr},
                      {"age_ms", nullptr},
                      {"promised_ms", status.promised.count()},
                      {"within_promise", status.within_promise()},
                      {"problem", status.problem},
                      {"hint", status.hint},
                      {"local_bytes_removed", status.local_bytes_removed}};
  if (status.up_to) {
    object["up_to"] = format_time(*status.up_to);
    object["age_ms"] = (now() - *status.up_to).count();
  }
  return object;
}

LogSealer::LogSealer(Path directory, SealOptions options)
    : directory_(std::move(directory)), options_(std::move(options)) {
  status_.vault = options_.door->url();
  status_.promised = options_.tail_interval;
  thread_ = std::thread([this] { run(); });
}

LogSealer::~LogSealer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogSealer::follow(const std::shared_ptr<LogDirectory>& log) {
  const std::scoped_lock lock(mutex_);
  new_logs_.push_back(log);
  status_.incarnation = log->path().filename().string();
  status_.sealed = {};
  status_.up_to.reset();
  wake_.notify_all();
}

SealStatus LogSealer::status() const {
  const std::scoped_lock lock(mutex_);
  return status_;
}

bool LogSealer::stopping() const {
  const std::scoped_lock lock(mutex_);
  return stopping_;
}

void LogSealer::run() noexcept {
  bool well = true;
  for (bool last = false; !last;) {
    {
      // Half the interval, so that the other half is left for the upload.
      std::unique_lock lock(mutex_);
      if (!streams_.empty() || !well) {
        wake_.wait_for(lock, options_.tail_interval / 2, [&] { return stopping_ || (well && !new_logs_.empty()); });
      } else {
        wake_.wait(lock, [&] { return stopping_ || !new_logs_.empty(); });
      }
      last = stopping_;
    }
    if (last && !well) return;
    try {
      take_up_logs();
      seal_all();
      well = true;
    } catch (...) {
      well = false;
      const Error error = current_error();
      const std::scoped_lock lock(mutex_);
      if (status_.problem != error.text()) log::warn("the vault lags: {}", error.text());
      status_.problem = error.text();
      status_.hint = error.hint;
    }
  }
}

void LogSealer::take_up_logs() {
  std::list<std::shared_ptr<LogDirectory>> logs;
  {
    const std::scoped_lock lock(mutex_);
    logs = new_logs_;
  }
  if (!logs.empty() && !std::exchange(found_older_, true)) take_up_older(logs.front()->path());
  for (const std::shared_ptr<LogDirectory>& log : logs) {
    streams_.push_back(std::make_unique<StreamSealer>(directory_.filename().string(), log));
    const std::scoped_lock lock(mutex_);
    new_logs_.pop_front();
  }
  for (const auto& stream : streams_) {
    if (stream != streams_.back()) stream->finish();
  }
}

void LogSealer::take_up_older(const Path& than) {
  for (const Path& path : list_incarnations(directory_)) {
    if (path >= than) break;
    try {
      auto log = std::make_shared<LogDirectory>(path);
      streams_.push_back(std::make_unique<StreamSealer>(directory_.filename().string(), std::move(log)));
    } catch (const Exception& e) {
      log::warn("{}: does not go to the vault: {}", path.string(), e.what());
    }
  }
}

void LogSealer::seal_all() {
  if (streams_.empty()) return;
  const SystemTime begun = now();
  // On the way out one more round is made, for as long as the store may take anyway.
  const bool leaving = stopping();
  const auto stop = [&] { return leaving ? now() - begun > options_.tail_interval : stopping(); };
  // The newest first: its tail is what is promised.
  for (auto stream = streams_.rbegin(); stream != streams_.rend(); ++stream) {
    (*stream)->seal(options_.door->vault(), stop);
  }
  if (stop()) return;
  {
    const std::scoped_lock lock(mutex_);
    if (new_logs_.empty()) {
      status_.sealed = streams_.back()->sealed();
      status_.up_to = begun;
    }
    status_.problem.clear();
    status_.hint.clear();
  }
  if (options_.keep_local) return trim();
  std::erase_if(streams_, [&](const auto& stream) { return stream != streams_.back() && stream->done(); });
}

/// The newest file of the newest incarnation always stays: it is being written.
void LogSealer::trim() {
  std::uint64_t bytes = 0;
  for (const auto& stream : streams_) bytes += stream->log().bytes();
  for (const auto& stream : streams_) {
    for (const std::string& name : stream->whole_files()) {
      if (bytes <= *options_.keep_local) return;
      const std::uint64_t freed = stream->log().remove_oldest(name);
      if (freed == 0) break;  // a replica reads it, or it is the last of its incarnation
      log::info("{}: removed from the disk, it is in the vault ({})", name, format_size(freed));
      bytes -= std::min(bytes, freed);
      const std::scoped_lock lock(mutex_);
      status_.local_bytes_removed += freed;
    }
  }
}

}  // namespace lifeboat::relay
