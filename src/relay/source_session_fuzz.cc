// A whole conversation of the following side with a source that sends any bytes: greeting, login, answers, and the
// stream of events as it is judged before it is kept.

#include <sys/socket.h>

#include "base/error.h"
#include "relay/file_progress.h"
#include "relay/source_dump.h"
#include "relay/source_watch.h"

namespace {

using namespace lifeboat;

/// Fits into a socket's buffer, so that one thread can play both ends.
constexpr std::size_t kMaxSize = std::size_t{64} << 10U;

void follow(relay::SourceConnection& source) {
  relay::SourceDump dump(source, {.file = "mysql-bin.000001", .server_id = 9, .gtid_position = {}});
  relay::FileProgress progress("mysql-bin.000001", {});
  while (const auto piece = dump.next()) {
    if (!piece->first) {
      progress.more(piece->bytes);
    } else if (!binlog::decode_header(piece->bytes).has(binlog::kFlagArtificial)) {
      progress.begin(piece->bytes);
    }
    LIFEBOAT_CHECK(progress.boundary().position <= progress.position());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMaxSize) return 0;
  const net::Cancel cancel;
  int fds[2] = {-1, -1};
  try {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) fail_errno("socketpair", errno);
    net::Stream near(UniqueFd(fds[0]), "source", {}, cancel);
    net::Stream far(UniqueFd(fds[1]), "far", {}, cancel);
    far.write_all({data + 1, size - 1});
    ::shutdown(fds[1], SHUT_WR);
    relay::SourceConnection source({.address = {.endpoint = {.host = "source", .port = 1}, .user = "u"},
                                    .password = codec::Secret("secret"),
                                    .tls = {},
                                    .limits = {}},
                                   std::move(near));
    if (data[0] % 4 == 0) {
      LIFEBOAT_CHECK(relay::ask_source(source).warnings.size() <= 3);
    } else {
      follow(source);
    }
  } catch (const Exception&) {  // refused, as it should be
  }
  return 0;
}
