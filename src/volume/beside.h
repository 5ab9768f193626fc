/// A piece of work on a thread of its own beside the caller. Destruction waits for it.
#pragma once

#include <exception>
#include <thread>
#include <utility>

namespace lifeboat::volume {

class Beside {
 public:
  template <typename Work>
  explicit Beside(Work work)
      : thread_([this, work = std::move(work)] {
          try {
            work();
          } catch (...) {
            error_ = std::current_exception();
          }
        }) {}
  /// Throws what the work threw.
  void wait() {
    thread_.join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
  std::jthread thread_;
};

}  // namespace lifeboat::volume
