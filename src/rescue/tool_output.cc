#include "rescue/tool_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "server/instance.h"

namespace lifeboat::rescue {

namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr int kLookForStopMs = 200;
constexpr std::size_t kLastLines = 5;

std::string ending_text(int status) {
  return WIFEXITED(status) ? format("ended with status {}", WEXITSTATUS(status))
                           : format("was killed by signal {}", WTERMSIG(status));
}

}  // namespace

ToolOutput::ToolOutput(const Tool& tool)
    : name_(Path(tool.argv.front()).filename()), advice_(tool.advice), scratch_("lifeboat-tool") {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe", errno);
  output_ = UniqueFd(ends[0]);
  const UniqueFd write_end(ends[1]);
  ::fcntl(output_.get(), F_SETPIPE_SZ, kPipeBytes);  // fewer switches; where it is not allowed, more
  try {
    process_.emplace(ProcessOptions{.argv = tool.argv,
                                    .stderr_file = scratch_.path() / "stderr",
                                    .stdin_fd = tool.stdin_fd,
                                    .stdout_fd = write_end.get(),
                                    .stdin_text = tool.stdin_text,
                                    .die_with_parent = true});
  } catch (const Exception& e) {
    if (e.code() != Code::kNotFound) throw;
    fail(Code::kNotFound, format("{} is not installed here", name_),
         format("Install the package {}.{}", tool.package, tool.advice.empty() ? "" : " " + tool.advice));
  }
}

ByteView ToolOutput::read(ByteSpan buffer) {
  for (;;) {
    throw_if_cancelled();
    pollfd ready{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kLookForStopMs) <= 0) continue;
    const ssize_t n = ::read(output_.get(), buffer.data(), buffer.size());
    if (n >= 0) return buffer.first(static_cast<std::size_t>(n));
    if (errno != EINTR) fail_errno(format("read from {}", name_), errno);
  }
}

std::string ToolOutput::last_words() const {
  return printable(server::last_lines(scratch_.path() / "stderr", kLastLines));
}

void ToolOutput::finish() {
  std::optional<int> status;
  while (!(status = process_->wait_for(std::chrono::milliseconds(kLookForStopMs)))) throw_if_cancelled();
  if (*status == 0) return;
  fail(Code::kUnavailable, format("{} {}; it said: {}", name_, ending_text(*status), last_words()),
       format("Nothing was made of what it gave.{}", advice_.empty() ? "" : " " + advice_));
}

void run_tool(const Tool& tool) {
  ToolOutput output(tool);
  Bytes ignored(std::size_t{64} << 10U);
  while (!output.read(ignored).empty()) {
  }
  output.finish();
}

namespace {

bool become_gentle() {
  constexpr int kLowest = 19;
  return give_way(kLowest);
}

bool become_idle() {
  const sched_param none{};
  return ::sched_setscheduler(0, SCHED_IDLE, &none) == 0;
}

void run_apart(bool (*become)(), const std::function<void()>& work) {
  std::exception_ptr error;
  std::thread([&] {
    if (!become()) log::debug("the copy does not give way to others: {}", std::strerror(errno));
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error) std::rethrow_exception(error);
}

}  // namespace

void run_gently(const std::function<void()>& work) {
  run_apart(become_gentle, work);
}

void run_idly(const std::function<void()>& work) {
  run_apart(become_idle, work);
}

}  // namespace lifeboat::rescue
