#include "server/instance.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <thread>

#include "base/error.h"
#include "base/units.h"

namespace lifeboat::server {
namespace {

using std::chrono::milliseconds;

/// Between looks at the socket: short beside a boot of half a second, and free beside its work.
constexpr milliseconds kLookAgain{3};
constexpr std::chrono::seconds kKnockPatience{10};
constexpr milliseconds kStopPatience = std::chrono::seconds(30);

constexpr std::string_view kUndecided = "prepared transactions";

/// What to do about the failures that a rescue meets, by words of the error log.
std::string advice_for(std::string_view log) {
  struct Advice {
    std::string_view words;
    std::string_view advice;
  };
  static constexpr Advice kAdvice[] = {
      {kUndecided,
       "The image lacks the binary log that would tell the fate of prepared transactions. Import the data directory "
       "together with its binary logs, or start a server by hand with --tc-heuristic-recover=COMMIT."},
      {"Upgrade after a crash is not supported", "Start it once with the MariaDB series it was last used with."},
      {"Unable to lock", "Another server has these files open: stop it first."},
      {"No space left on device", "Free space where the branch's state lies, then start it again."},
      {"Address already in use", "Choose another port with --port."},
      {"decrypt", "The encryption keys do not fit: import again with the right my.cnf as --defaults-file."},
  };
  for (const Advice& advice : kAdvice) {
    if (log.find(advice.words) != std::string_view::npos) return std::string(advice.advice);
  }
  return "Read the server's error log above; an older image may boot (lifeboat image ls).";
}

/// The errors among the lines of this start, the first being the cause; without any, the last lines.
std::string telling_lines(std::string_view log) {
  const std::size_t start = log.rfind("Starting MariaDB");
  std::string errors;
  int kept = 0;
  std::string_view rest = start == std::string_view::npos ? log : log.substr(start);
  while (!rest.empty() && kept < 8) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find("[ERROR]") == std::string_view::npos) continue;
    errors += format("{}{}", kept++ == 0 ? "" : "\n", line);
  }
  if (kept > 0) return errors;
  return std::string(log.substr(log.size() - std::min<std::size_t>(log.size(), 1000)));
}

[[noreturn]] void fail_ended(const StartRequest& request, int status) {
  const std::string how = WIFSIGNALED(status) ? format("was killed by signal {}", WTERMSIG(status))
                                              : format("ended with status {}", WEXITSTATUS(status));
  const std::string log = last_lines(request.error_log, 200);
  fail(Code::kUnavailable, format("the server {} before it answered; its log says:\n{}", how, telling_lines(log)),
       advice_for(log));
}

bool socket_exists(const Path& socket) {
  struct stat status{};
  return ::stat(socket.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// Binds a socket to a port (0: any) and returns the port; 0 if somebody has it.
std::uint16_t try_bind(std::uint16_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) fail_errno("socket", errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = loopback(port);
  socklen_t length = sizeof address;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) {
    if (errno == EADDRINUSE) return 0;
    fail_errno(format("bind 127.0.0.1:{}", port), errno);
  }
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) fail_errno("getsockname", errno);
  return ntohs(address.sin_port);
}

/// Says how a long start is coming along.
class StartTeller {
 public:
  explicit StartTeller(const StartRequest& request) : request_(request) {}
  void at(double seconds) {
    if (!request_.while_starting || seconds < next_) return;
    request_.while_starting(seconds, last_lines(request_.error_log, 1));
    next_ = seconds + std::chrono::duration<double>(request_.tell_every).count();
  }

 private:
  const StartRequest& request_;
  double next_ = std::chrono::duration<double>(request_.tell_every).count();
};

}  // namespace

bool tells_undecided(const Error& error) {
  return error.message.find(kUndecided) != std::string::npos;
}

StartedServer start_server(const StartRequest& request) {
  std::error_code ignored;
  std::filesystem::remove(request.socket, ignored);  // of a server that was killed: it would be knocked at in vain
  ProcessOptions options;
  options.argv = request.argv;
  options.stdout_file = request.error_log;
  options.stderr_file = request.error_log;
  options.new_session = true;
  // What a shell has set for the host's own server must not reach this one; nor must the keys to the vault, which the
  // data of an image (a user-defined function, say) could read.
  options.unset_env = {"MYSQL_HOME",    "MARIADB_HOME", "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT",
                       "NOTIFY_SOCKET", "AWS_*",        "LIFEBOAT_*"};
  if (request.before_run) {
    options.before_run = [&](pid_t pid) { request.before_run(ProcessIdentity::of(pid)); };
  }
  const Stopwatch watch;
  StartTeller teller(request);
  ChildProcess child(options);
  StartedServer started;
  started.process = ProcessIdentity::of(child.pid());
  while (!started.ready) {
    if (const auto status = child.wait_for(kLookAgain)) fail_ended(request, *status);
    if (request.cancelled != nullptr && request.cancelled->load()) {
      stop_server(started.process, kStopPatience);
      fail(Code::kCancelled, "stopped while the server was starting", "Start it again when you are ready.");
    }
    if (socket_exists(request.socket)) {
      KnockResult result = knock(request.socket, request.logins, kKnockPatience);
      started.answered = result.knock == Knock::kWelcome;
      started.ready = result.knock != Knock::kSilent;
      started.connection = std::move(result.connection);
      started.why_not = result.why;
    }
    started.seconds = watch.seconds();
    if (!started.ready) teller.at(started.seconds);
    if (!started.ready && request.patience && started.seconds * 1000 > static_cast<double>(request.patience->count()))
      break;
  }
  child.detach();
  return started;
}

bool stop_server(const ProcessIdentity& process, milliseconds patience) {
  if (process.ended()) return true;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (int looks = 0; std::chrono::steady_clock::now() < deadline; ++looks) {
    if (process.ended()) return true;
    // Again every second: a mariadbd that is just setting up what it does with signals loses one.
    if (looks % 100 == 0 && process.alive()) ::kill(process.pid, SIGTERM);
    std::this_thread::sleep_for(milliseconds(10));
  }
  if (process.alive()) ::kill(process.pid, SIGKILL);
  while (!process.ended()) std::this_thread::sleep_for(milliseconds(10));
  return false;
}

std::string last_lines(const Path& log, std::size_t lines) {
  const UniqueFd fd = find_file(log, O_RDONLY);
  if (!fd.valid()) return "";
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return "";
  constexpr std::int64_t kTail = std::int64_t{64} << 10U;
  const std::int64_t from = std::max<std::int64_t>(0, status.st_size - kTail);
  Bytes tail(static_cast<std::size_t>(status.st_size - from));
  tail.resize(pread_full(fd.get(), tail, static_cast<std::uint64_t>(from), log.string()));
  std::string_view text = as_text(tail);
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t at = text.size();
  while (lines-- > 0 && at != std::string_view::npos) at = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

std::uint16_t pick_free_port() {
  const std::uint16_t port = try_bind(0);
  if (port == 0) fail(Code::kBusy, "no port of 127.0.0.1 is free", "Stop branches that are not needed.");
  return port;
}

void check_port_free(std::uint16_t port) {
  if (try_bind(port) == 0) {
    fail(Code::kBusy, format("port {} of 127.0.0.1 is taken", port), "Choose another with --port, or leave it out.");
  }
}

}  // namespace lifeboat::server
