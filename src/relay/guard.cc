#include "relay/guard.h"

#include "base/error.h"
#include "base/log.h"
#include "codec/hash.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::milliseconds kLookEvery{250};

/// Nothing if there is no such file.
std::string config_text(const Path& file) {
  return file.empty() ? std::string() : std::string(as_text(read_file(file, kGuardConfigMax)));
}

}  // namespace

Guard::Guard(const Path& relay_directory, Path config_file)
    : config_file_(std::move(config_file)), book_(relay_directory) {
  take_up(config_text(config_file_));
  look_at_book();  // so that what was decided is known before anything is served
  thread_ = std::thread([this] { run(); });
  notifier_ = std::make_unique<GuardNotifier>(book_, [this] { return config(); });
  statistics_ = std::make_unique<GuardStatistics>([this] { return config(); });
}

Guard::~Guard() {
  statistics_.reset();
  notifier_.reset();
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

std::shared_ptr<const GuardConfig> Guard::config() const {
  const std::scoped_lock lock(mutex_);
  return config_;
}

/// Parses before anything changes.
void Guard::take_up(const std::string& text) {
  auto config = std::make_shared<const GuardConfig>(parse_guard_config(text, config_file_.string()));
  const std::scoped_lock lock(mutex_);
  config_ = std::move(config);
  config_text_ = text;
  config_problem_.clear();
}

void Guard::look_at_config() {
  try {
    const std::string text = config_text(config_file_);
    {
      const std::scoped_lock lock(mutex_);
      if (text == config_text_ && config_problem_.empty()) return;
    }
    take_up(text);
    log::info("guard: rules read again from {}", config_file_.string());
  } catch (...) {
    set_problem(config_problem_, current_error().text() + "; the rules read before stay in force");
  }
}

/// The audit log is told of rules and approvers that it did not see in force last. Nothing of what may fail here lets
/// a danger pass: it is held without a record.
void Guard::look_at_book() {
  try {
    book_.refresh();
    book_.note_approvers("relay");
    note_rules();
    set_problem(book_problem_, "");
  } catch (...) {
    set_problem(book_problem_, current_error().text());
  }
}

void Guard::note_rules() {
  std::string hash;
  std::size_t rules = 0;
  {
    const std::scoped_lock lock(mutex_);
    hash = to_hex(codec::sha256(as_bytes(config_text_)));
    rules = config_->rules.size();
  }
  if (book_.last_told("rules", "sha256") == hash) return;
  book_.note("rules", {{"by", "relay"}, {"file", config_file_.string()}, {"sha256", hash}, {"rules", rules}});
}

/// Logged when it is new.
void Guard::set_problem(std::string& which, std::string text) {
  const std::scoped_lock lock(mutex_);
  if (which == text) return;
  which = std::move(text);
  if (!which.empty()) log::error("guard: {}", which);
}

void Guard::run() noexcept {
  for (;;) {
    look_at_config();
    look_at_book();
    std::unique_lock lock(mutex_);
    if (stop_.wait_for(lock, kLookEvery, [this] { return stopping_; })) return;
  }
}

void Guard::count_warning(const std::string& text) {
  log::warn("guard: {}", text);
  const std::scoped_lock lock(mutex_);
  ++warnings_;
  last_warning_ = text;
}

json::object Guard::status() const {
  const std::string telling = notifier_->problem();
  json::value statistics = statistics_->status();
  const std::string asking = statistics.is_object() ? json_string(statistics.as_object(), "problem") : "";
  const std::scoped_lock lock(mutex_);
  std::string problem;
  for (const std::string& each : {config_problem_, book_problem_, telling, asking}) {
    if (!each.empty()) problem += (problem.empty() ? "" : "; ") + each;
  }
  return {{"config", config_file_.string()}, {"rules", config_->rules.size()}, {"problem", problem},
          {"warnings", warnings_},           {"last_warning", last_warning_},  {"statistics", std::move(statistics)}};
}

}  // namespace lifeboat::relay
