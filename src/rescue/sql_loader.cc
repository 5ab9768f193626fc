#include "rescue/sql_loader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/cancel.h"
#include "base/error.h"
#include "base/printable.h"
#include "server/instance.h"

namespace lifeboat::rescue {

SqlLoader::SqlLoader(const Path& socket, const std::string& database, const std::string& first)
    : scratch_("lifeboat-load") {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe", errno);
  const UniqueFd read_end(ends[0]);
  input_ = UniqueFd(ends[1]);
  std::vector<std::string> argv = {
      "mariadb",       "--no-defaults",           format("--socket={}", socket.string()), "--user=root", "--batch",
      "--binary-mode", "--max-allowed-packet=1G", "--default-character-set=utf8mb4"};
  if (!first.empty()) argv.push_back("--init-command=" + first);
  if (!database.empty()) argv.push_back("--database=" + database);
  process_.emplace(ProcessOptions{.argv = std::move(argv),
                                  .stdout_file = "/dev/null",
                                  .stderr_file = scratch_.path() / "stderr",
                                  .stdin_fd = read_end.get(),
                                  .die_with_parent = true});
}

void SqlLoader::write(ByteView statements) {
  throw_if_cancelled();
  while (!statements.empty()) {
    const ssize_t n = ::write(input_.get(), statements.data(), statements.size());
    if (n >= 0) {
      statements = statements.subspan(static_cast<std::size_t>(n));
    } else if (errno == EPIPE) {
      fail_with_words();
    } else if (errno != EINTR) {
      fail_errno("write to the mariadb client", errno);
    }
  }
}

void SqlLoader::finish() {
  input_.reset();
  std::optional<int> status;
  while (!(status = process_->wait_for(std::chrono::milliseconds(200)))) throw_if_cancelled();
  if (*status != 0) fail_with_words();
}

void SqlLoader::fail_with_words() {
  fail(Code::kUnavailable,
       format("the branch's server does not take the dump: {}",
              printable(server::last_lines(scratch_.path() / "stderr", 3))),
       "Is this host's mariadbd of the source's series?");
}

}  // namespace lifeboat::rescue
