#include "cli/ask_secret.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"

namespace lifeboat::cli {
namespace {

constexpr std::size_t kLongest = 1024;

/// The terminal shows nothing of what is typed, from here to its end.
class Quiet {
 public:
  explicit Quiet(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal_, &before_) != 0) fail_errno("ask the terminal", errno);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~Quiet() { ::tcsetattr(terminal_, TCSAFLUSH, &before_); }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  int terminal_;
  termios before_{};
};

}  // namespace

codec::Secret ask_secret(const std::string& prompt, const std::string& file) {
  if (!file.empty()) return codec::Secret(read_secret_file(file));
  const UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.valid()) fail(Code::kUsage, "no terminal to ask for the passphrase", "Give --secret-file.");
  const Quiet quiet(terminal.get());
  write_full(terminal.get(), as_bytes(prompt + ": "), "terminal");
  Bytes typed(kLongest);
  const ssize_t n = ::read(terminal.get(), typed.data(), typed.size());
  write_full(terminal.get(), as_bytes("\n"), "terminal");
  if (n < 0) fail_errno("read from the terminal", errno);
  typed.resize(static_cast<std::size_t>(n));
  if (!typed.empty() && typed.back() == '\n') typed.pop_back();
  return codec::Secret(std::move(typed));
}

}  // namespace lifeboat::cli
