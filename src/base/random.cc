#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <bit>
#include <cerrno>

#include "base/error.h"

namespace lifeboat {

void random_fill(ByteSpan out) {
  while (!out.empty()) {
    const ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno("getrandom", errno);
    }
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

Bytes random_bytes(std::size_t size) {
  Bytes out(size);
  random_fill(out);
  return out;
}

std::uint64_t random_number() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  random_fill(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

std::string random_hex(std::size_t bytes) {
  return to_hex(random_bytes(bytes));
}

}  // namespace lifeboat
