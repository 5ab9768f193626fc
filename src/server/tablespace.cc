#include "server/tablespace.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "server/big_endian.h"

namespace lifeboat::server {
namespace {

// FIL header (38 bytes), then the FSP header; all integers are big-endian.
constexpr std::size_t kPageNumber = 4;
constexpr std::size_t kPageLsn = 16;
constexpr std::size_t kSpaceId = 38;
constexpr std::size_t kSpacePages = 46;
constexpr std::size_t kSpaceFlags = 54;
constexpr std::size_t kHeaderBytes = 150;  // FIL and FSP headers; extent descriptors follow
// What precedes MariaDB's encryption data, which lies behind the extent descriptors.
constexpr std::array<std::uint8_t, 6> kCryptMagic = {'s', 0x0e, 0x0c, 'R', 'E', 't'};
constexpr std::uint32_t kSmallestPage = 4096;
constexpr std::uint32_t kLargestPage = 65536;

/// Bits of the flags word of a full_crc32 tablespace (MariaDB 10.4 and newer).
void apply_full_crc32_flags(std::uint32_t flags, TablespaceHeader& header) {
  header.page_bytes = 512U << (flags & 15U);
  header.physical_bytes = header.page_bytes;
  header.page_compressed = ((flags >> 5U) & 7U) != 0;
}

/// Bits of the flags word as before that, and as MySQL writes it.
void apply_classic_flags(std::uint32_t flags, TablespaceHeader& header) {
  const std::uint32_t page_shift = (flags >> 6U) & 15U;
  const std::uint32_t zip_shift = (flags >> 1U) & 15U;
  header.page_bytes = page_shift == 0 ? 16384U : 512U << page_shift;
  header.physical_bytes = zip_shift == 0 ? header.page_bytes : 512U << zip_shift;
  header.page_compressed = ((flags >> 16U) & 1U) != 0;
  header.encrypted = ((flags >> 13U) & 1U) != 0;  // MySQL's; MariaDB never sets it
}

bool is_page_size(std::uint32_t bytes, std::uint32_t smallest) {
  return bytes >= smallest && bytes <= kLargestPage && (bytes & (bytes - 1)) == 0;
}

void apply_crypt_data(ByteView page, TablespaceHeader& header) {
  const auto rest = page.subspan(kHeaderBytes);
  const auto found = std::ranges::search(rest, kCryptMagic);
  if (found.empty()) return;
  // magic, u8 scheme, u8 IV length (16), IV, u32 least key version, u32 key id, u8 wish (0 default, 1 on, 2 off)
  constexpr std::size_t kLength = 6 + 1 + 1 + 16 + 4 + 4 + 1;
  const ByteView data(found.begin(), rest.end());
  if (data.size() < kLength || data[7] != 16) return;
  constexpr std::uint8_t kEncrypted = 1;
  header.encrypted = header.encrypted || data[6] == kEncrypted;
  header.key_id = big_u32(data, 28);
}

}  // namespace

TablespaceHeader parse_tablespace_header(ByteView head, std::string_view name) {
  const auto bad = [&](std::string_view why) { fail(Code::kCorruption, format("tablespace {}: {}", name, why)); };
  if (head.size() < kSmallestPage / 4) bad("shorter than a page");
  if (big_u32(head, kPageNumber) != 0) bad("its first page has another number");
  TablespaceHeader header;
  header.lsn = big_u64(head, kPageLsn);
  header.space_id = big_u32(head, kSpaceId);
  header.pages = big_u32(head, kSpacePages);
  const std::uint32_t flags = big_u32(head, kSpaceFlags);
  constexpr std::uint32_t kFullCrc32 = 1U << 4U;
  if ((flags & kFullCrc32) != 0) {
    apply_full_crc32_flags(flags, header);
  } else {
    apply_classic_flags(flags, header);
  }
  if (!is_page_size(header.page_bytes, kSmallestPage) || !is_page_size(header.physical_bytes, 1024)) {
    bad("its header names an impossible page size");
  }
  apply_crypt_data(head.first(std::min<std::size_t>(head.size(), header.physical_bytes)), header);
  return header;
}

}  // namespace lifeboat::server
