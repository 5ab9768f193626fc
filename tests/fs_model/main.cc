// Random file-system operations against a model, on a mounted volume, crashes included.
//
//   fs_model DIR OPERATIONS SEED THREADS CRASHES
//
// Works in DIR/0 … DIR/<threads-1>, whose content at the start counts as durable. Who starts it holds the other end of
// stdin and stdout: at each crash it prints `kill` while its threads go on, then, when they have all felt it,
// `remount`, then, when what is left was found right, `check`; each is answered with a line when done. Closes with
// `done <operations>`. Says on stderr what is wrong, and exits with 1.

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "worker.h"

namespace lifeboat::fs_model {
namespace {

struct Plan {
  Path top;
  std::uint64_t operations = 0;
  std::uint64_t seed = 0;
  unsigned threads = 0;
  unsigned crashes = 0;
};

void ask(const std::string& what) {
  std::cout << what << std::endl;
  std::string answer;
  if (!std::getline(std::cin, answer) || answer != "ok") {
    fail(Code::kCancelled, format("{}: answered \"{}\"", what, answer));
  }
}

class Run {
 public:
  explicit Run(const Plan& plan) : plan_(plan) {
    for (unsigned i = 0; i < plan.threads; ++i) {
      const Path top = plan.top / std::to_string(i);
      std::filesystem::create_directory(top);
      workers_.push_back(std::make_unique<Worker>(top, plan.seed * 1000 + i, crash_expected_, done_));
    }
  }

  void go() {
    const unsigned rounds = plan_.crashes + 1;
    for (unsigned round = 0; round < rounds; ++round) {
      const std::uint64_t target = plan_.operations * (round + 1) / rounds;
      const bool crashes = round + 1 < rounds;
      work_until(target, crashes);
      if (crashes) {
        ask("remount");
        crash_expected_ = false;
        for (auto& each : workers_) each->take_over_after_crash();
        ask("check");
      } else {
        for (auto& each : workers_) each->compare();
      }
    }
    std::cout << "done " << done_ << std::endl;
  }

 private:
  void work_until(std::uint64_t target, bool crashes) {
    std::vector<std::exception_ptr> errors(workers_.size());
    std::vector<std::thread> threads;
    // With a crash to come the workers have no end of their own: they feel it in the middle of what they do.
    const std::uint64_t own_end = crashes ? ~std::uint64_t{0} : target;
    std::atomic<bool> failed{false};
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      threads.emplace_back([&, i] {
        try {
          workers_[i]->run(own_end);
        } catch (...) {
          errors[i] = std::current_exception();
          failed = true;
        }
      });
    }
    std::exception_ptr crash_error;
    if (crashes) {
      while (done_ < target && !failed) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      crash_expected_ = true;
      try {
        ask("kill");
      } catch (...) {
        crash_error = std::current_exception();
      }
    }
    for (std::thread& each : threads) each.join();
    for (const std::exception_ptr& each : errors) {
      if (each) std::rethrow_exception(each);
    }
    if (crash_error) std::rethrow_exception(crash_error);
  }

  Plan plan_;
  std::atomic<bool> crash_expected_{false};
  std::atomic<std::uint64_t> done_{0};
  std::vector<std::unique_ptr<Worker>> workers_;
};

int run(const std::vector<std::string>& words) {
  if (words.size() != 5) {
    std::cerr << "usage: fs_model DIR OPERATIONS SEED THREADS CRASHES\n";
    return 2;
  }
  const Plan plan{.top = words[0],
                  .operations = std::stoull(words[1]),
                  .seed = std::stoull(words[2]),
                  .threads = static_cast<unsigned>(std::stoul(words[3])),
                  .crashes = static_cast<unsigned>(std::stoul(words[4]))};
  std::cerr << "seed " << plan.seed << "\n";
  ::umask(0);
  Run(plan).go();
  return 0;
}

}  // namespace
}  // namespace lifeboat::fs_model

int main(int argc, char** argv) {
  try {
    return lifeboat::fs_model::run({argv + 1, argv + argc});
  } catch (...) {
    lifeboat::log::error("{}", lifeboat::current_error().text());
    return 1;
  }
}
