// A journal's files. The input is the file in force, with its checks made right where lengths allow, so that what lies
// behind them is reached; the other file is empty. It opens, and opens again with one record more, or is refused.
#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "codec/hash.h"
#include "volume/journal.h"

namespace {

using namespace lifeboat;
using namespace lifeboat::volume;

constexpr std::size_t kCheckBytes = 8;

void put_check(ByteSpan to, std::initializer_list<ByteView> parts) {
  const codec::Hash256 hash = codec::sha256(parts);
  std::copy_n(hash.begin(), kCheckBytes, to.begin());
}

/// The first byte says at which record to stop.
Bytes with_checks(ByteView input) {
  std::size_t records = input[0];
  Bytes file(input.begin() + 1, input.end());
  const ByteSpan all(file);
  put_check(all.subspan(kJournalHeaderBytes - kCheckBytes, kCheckBytes),
            {all.first(kJournalHeaderBytes - kCheckBytes)});
  ByteSpan chain = all.subspan(kJournalHeaderBytes - kCheckBytes, kCheckBytes);
  std::size_t at = kJournalHeaderBytes;
  while (records-- > 0 && all.size() - at > 12) {
    const std::uint32_t length = Decoder(all.subspan(at), "fuzz").u32();
    if (length > all.size() - at - 12) break;
    put_check(all.subspan(at + 4, kCheckBytes), {chain, all.subspan(at, 4), all.subspan(at + 12, length)});
    chain = all.subspan(at + 4, kCheckBytes);
    at += 12 + length;
  }
  return file;
}

std::vector<Bytes> open_journal(const Path& directory, ByteView opened) {
  std::vector<Bytes> found;
  const Journal journal(directory, [&](ByteView each) { found.emplace_back(each.begin(), each.end()); }, opened);
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 + kJournalHeaderBytes) return 0;
  static const TempDir scratch;
  const Path& directory = scratch.path();
  for (const auto& [name, content] : {std::pair{"journal.0", with_checks({data, size})}, {"journal.1", Bytes()}}) {
    const UniqueFd fd = open_file(directory / name, O_WRONLY | O_CREAT | O_TRUNC);
    write_full(fd.get(), content, name);
  }
  try {
    std::vector<Bytes> found = open_journal(directory, Bytes{1, 2, 3});
    found.push_back({1, 2, 3});
    LIFEBOAT_CHECK(open_journal(directory, Bytes{4}) == found);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) __builtin_trap();
  }
  return 0;
}
