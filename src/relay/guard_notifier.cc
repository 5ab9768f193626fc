#include "relay/guard_notifier.h"

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "net/http_client.h"
#include "relay/follow_status.h"

namespace lifeboat::relay {
namespace {

constexpr std::chrono::milliseconds kTellEvery{250};
constexpr std::chrono::milliseconds kFirstPause{1'000};
constexpr std::chrono::milliseconds kLongestPause{300'000};
constexpr std::chrono::minutes kStillNews{10};  ///< a hold that was decided before anybody was told of it

void run_hook(const GuardNotify& notify, const std::string& text, const std::stop_token& stop) {
  ChildProcess hook({.argv = notify.hook, .stdin_text = text, .new_session = true});
  const auto deadline = std::chrono::steady_clock::now() + notify.hook_timeout;
  while (!hook.wait_for(std::chrono::milliseconds(50))) {
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if (!late && !stop.stop_requested()) continue;
    ::kill(-hook.pid(), SIGKILL);  // what it started goes with it
    if (!late) fail(Code::kCancelled, "the relay stops");
    fail(Code::kTimeout, format("{} ran longer than {}", notify.hook.front(), format_duration(notify.hook_timeout)));
  }
  if (const int status = *hook.poll(); status != 0) {
    fail(Code::kUnavailable, format("{} ended with wait status {}", notify.hook.front(), status));
  }
}

void post_webhook(const GuardNotify& notify, const std::string& text, const std::stop_token& stop) {
  const net::HttpLimits limits{.connect = std::chrono::seconds(5), .stall = std::chrono::seconds(10)};
  net::HttpClient client(limits, notify.webhook_ca);
  const net::HttpAnswer answer = client.send({.method = "POST",
                                              .url = notify.webhook,
                                              .headers = {{"content-type", "application/json"}},
                                              .body = as_bytes(text),
                                              .target = {},
                                              .stop = stop});
  if (answer.status / 100 != 2) fail(Code::kUnavailable, format("the webhook answered {}", answer.status));
}

json::object change_to_json(const ApproversChange& change) {
  return {{"notice", "approvers"},
          {"id", change.id},
          {"time", format_time(change.time)},
          {"by", change.by},
          {"approvers", texts_to_json(change.names)},
          {"new_keys", texts_to_json(change.new_keys)},
          {"counts_from", format_time(change.time + kBreakGlassAfter)},
          {"text", "Who may release what is held was changed. If nobody of you did that, somebody else did."}};
}

}  // namespace

GuardNotifier::GuardNotifier(HoldBook& book, Config config)
    : book_(book), config_(std::move(config)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

GuardNotifier::~GuardNotifier() = default;

std::string GuardNotifier::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_;
}

void GuardNotifier::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      tell_all(stop);
    } catch (...) {
      log::error("guard: {}", current_error().text());
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, kTellEvery, [] { return false; });
  }
}

void GuardNotifier::tell_all(const std::stop_token& stop) {
  const std::shared_ptr<const GuardConfig> config = config_();
  const GuardNotify& notify = config->notify;
  std::vector<std::string> channels;
  if (!notify.hook.empty()) channels.emplace_back("hook");
  if (!notify.webhook.empty()) channels.emplace_back("webhook");
  bool all_told = true;
  for (const std::string& channel : channels) {
    for (const Notice& notice : untold(channel)) {
      all_told = false;
      if (stop.stop_requested()) return;
      const auto attempt = attempts_.find(notice.id + notice.kind + channel);
      if (attempt == attempts_.end() || Clock::now() >= attempt->second.next) tell(notice, channel, notify, stop);
    }
  }
  if (!all_told) return;
  const std::scoped_lock lock(mutex_);
  problem_.clear();
}

/// Of holds that wait, or did just now, of glass that was broken, and of each change of approvers.
std::vector<GuardNotifier::Notice> GuardNotifier::untold(const std::string& channel) const {
  std::vector<Notice> notices;
  for (const ApproversChange& each : book_.approvers_changes()) {
    if (each.told.contains(channel)) continue;
    json::object body = change_to_json(each);
    body["audit_head"] = book_.head();
    notices.push_back({.id = each.id, .kind = "approvers", .body = std::move(body)});
  }
  const auto add = [&](const Hold& hold, const std::string& kind) {
    const auto told = hold.notices.find(kind);
    if (told != hold.notices.end() && told->second.contains(channel)) return;
    json::object body = hold_to_json(hold, now());
    body["notice"] = kind;
    body["audit_head"] = book_.head();
    body["text"] = kind == "hold" ? "Held before any replica saw it. Production is untouched: it ran there already."
                                  : "One person released alone what two should have: everybody is to know.";
    notices.push_back({.id = hold.subject.id, .kind = kind, .body = std::move(body)});
  };
  for (const Hold& hold : book_.list()) {
    if (hold.open() || now() - hold.since < kStillNews) add(hold, "hold");
    if (!hold.break_glass.empty()) add(hold, "break_glass");
  }
  return notices;
}

void GuardNotifier::tell(const Notice& notice, const std::string& channel, const GuardNotify& notify,
                         const std::stop_token& stop) {
  const std::string key = notice.id + notice.kind + channel;
  try {
    const std::string text = json::serialize(notice.body) + "\n";
    if (channel == "hook") {
      run_hook(notify, text, stop);
    } else {
      post_webhook(notify, text, stop);
    }
    book_.note_notice(notice.id, notice.kind, channel);
    attempts_.erase(key);
  } catch (...) {
    const Error error = current_error();
    Attempt& attempt = attempts_[key];
    attempt.pause = std::clamp(attempt.pause * 2, kFirstPause, kLongestPause);
    attempt.next = Clock::now() + attempt.pause;
    log::warn("guard: {} of {} {}: {}; again in {}", channel, notice.kind, notice.id, error.text(),
              format_duration(attempt.pause));
    const std::scoped_lock lock(mutex_);
    problem_ = format("{} of {} {}: {}", channel, notice.kind, notice.id, error.text());
  }
}

}  // namespace lifeboat::relay
