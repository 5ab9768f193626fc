// What a source may send, of any bytes: its greeting, its answers, its events. The first byte chooses.

#include <sys/socket.h>

#include "base/error.h"
#include "relay/file_progress.h"
#include "relay/reply.h"
#include "relay/server_greeting.h"

namespace {

using namespace lifeboat;

/// Fits into a socket's buffer, so that one thread can play both ends.
constexpr std::size_t kMaxSize = std::size_t{64} << 10U;

void follow_events(relay::PacketReader& reader) {
  relay::FileProgress progress("mysql-bin.000001", {});
  while (const auto piece = reader.next_piece()) {
    if (!progress.between_events()) {
      progress.more(piece->bytes);
    } else {
      progress.begin(piece->bytes);
    }
    LIFEBOAT_CHECK(progress.boundary().position <= progress.position());
  }
}

void answer(std::uint8_t kind, ByteView bytes) {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) fail_errno("socketpair", errno);
  const net::Cancel cancel;
  net::Stream near(UniqueFd(fds[0]), "near", {}, cancel);
  {
    net::Stream far(UniqueFd(fds[1]), "far", {}, cancel);
    far.write_all(bytes);
  }
  relay::PacketChannel channel(near);
  if (kind % 2 == 0) {
    const relay::TextResult result = relay::read_result(channel, "far");
    for (const auto& row : result.rows) LIFEBOAT_CHECK(row.size() == result.columns.size());
  } else {
    channel.reader().allow_restarts();
    follow_events(channel.reader());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > kMaxSize) return 0;
  try {
    if (data[0] % 3 == 0) {
      LIFEBOAT_CHECK(relay::decode_greeting({data + 1, size - 1}).scramble.size() == 20);
    } else {
      answer(data[0] % 3, {data + 1, size - 1});
    }
  } catch (const Exception&) {  // refused, as it should be
  }
  return 0;
}
