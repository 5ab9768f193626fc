/// Tells people of what the guard holds, of who may release it, and of what was decided in a way that everybody is to
/// know: runs the hook of the config with JSON on its stdin, and posts the same JSON to the webhook. Each channel once
/// for each notice; what fails is tried again, later and later, and nothing waits for it. After a crash between the
/// telling and its record, a notice may come twice: its "id" and "notice" are the same then.
///
/// Threads: it has one of its own. Errors: none escape; what a channel said last is in `problem`. Ownership: borrows
/// the book.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "relay/guard_config.h"
#include "relay/hold_book.h"

namespace lifeboat::relay {

class GuardNotifier {
 public:
  using Config = std::function<std::shared_ptr<const GuardConfig>()>;

  GuardNotifier(HoldBook& book, Config config);
  ~GuardNotifier();
  GuardNotifier(const GuardNotifier&) = delete;
  GuardNotifier& operator=(const GuardNotifier&) = delete;

  /// What failed last, of what is not told yet; empty: nothing.
  std::string problem() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Notice {
    std::string id;
    std::string kind;  ///< "hold", "break_glass", "approvers"
    json::object body;
  };
  struct Attempt {
    Clock::time_point next;
    std::chrono::milliseconds pause{0};
  };

  void run(const std::stop_token& stop);
  void tell_all(const std::stop_token& stop);
  void tell(const Notice& notice, const std::string& channel, const GuardNotify& notify, const std::stop_token& stop);
  std::vector<Notice> untold(const std::string& channel) const;

  HoldBook& book_;
  Config config_;
  std::map<std::string, Attempt> attempts_;  ///< by id, kind and channel; of what failed
  mutable std::mutex mutex_;                 ///< guards problem_
  std::string problem_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace lifeboat::relay
