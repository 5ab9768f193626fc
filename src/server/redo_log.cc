#include "server/redo_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "server/big_endian.h"
#include "server/crc32c.h"

namespace lifeboat::server {
namespace {

// Header block: u32 format, u32 0, u64 first LSN, 32 bytes creator, …, u32 CRC-32C at 508.
constexpr std::size_t kFirstLsn = 8;
constexpr std::size_t kCreator = 16;
constexpr std::size_t kCreatorBytes = 32;
constexpr std::size_t kHeaderCrc = 508;
// Checkpoint blocks: u64 checkpoint LSN, u64 LSN of its own record, zeros, u32 CRC-32C at 60.
constexpr std::array<std::size_t, 2> kCheckpoints = {4096, 8192};
constexpr std::size_t kCheckpointCrc = 60;
constexpr std::uint64_t kRecordsStart = 12288;

constexpr std::uint32_t kFormat10_8 = 0x50687973;                // "Phys"
constexpr std::uint32_t kFormatEncrypted = 0xf09f979d;           // the same, encrypted
constexpr std::uint32_t kEncryptedBit = 1U << 31U;               // how older formats, and early 10.8, say so
constexpr std::size_t kCryptVersion = kCreator + kCreatorBytes;  // u32, not 0 if encrypted

constexpr std::size_t kMiniTransactionMax = std::size_t{1} << 20U;
/// What may be looked at behind a record: another's head, or end byte, nonce and checksum.
constexpr std::size_t kTrailerMax = 16;

/// The circular part of the file as one endless row of bytes by LSN. Reads little at first and more as the walk goes
/// on: a log with nothing to apply costs one small read.
class RecordStream {
 public:
  RecordStream(int fd, const RedoLog& log, std::string name) : fd_(fd), log_(log), name_(std::move(name)) {}

  /// At least `size` bytes from `lsn`; valid until the next call. Calls never go back.
  ByteView at(std::uint64_t lsn, std::size_t size) {
    if (lsn + size > start_ + buffer_.size()) refill(lsn, size);
    return ByteView(buffer_).subspan(lsn - start_);
  }

 private:
  void refill(std::uint64_t lsn, std::size_t size) {
    constexpr std::size_t kFirstRead = std::size_t{64} << 10U;
    buffer_.resize(std::max({size, kFirstRead, std::min(2 * buffer_.size(), 4 * kMiniTransactionMax)}));
    start_ = lsn;
    const std::uint64_t capacity = log_.file_bytes - kRecordsStart;
    for (std::size_t filled = 0; filled < buffer_.size();) {
      const std::uint64_t offset = (lsn + filled - log_.first_lsn) % capacity;
      const std::size_t want = std::min<std::uint64_t>(buffer_.size() - filled, capacity - offset);
      const std::size_t got = pread_full(fd_, ByteSpan(buffer_).subspan(filled, want), kRecordsStart + offset, name_);
      if (got < want) fail(Code::kCorruption, format("redo log {}: shorter than it was", name_));
      filled += want;
    }
  }

  int fd_;
  const RedoLog& log_;
  std::string name_;
  Bytes buffer_;
  std::uint64_t start_ = 0;
};

/// A record's first byte has its length in the low four bits; zero means that a number follows, in InnoDB's own
/// variable length, which counts from there on and lacks 15. Returns the bytes after the first one.
std::optional<std::size_t> record_length(std::uint8_t first, ByteView next5) {
  if ((first & 15U) != 0) return first & 15U;
  const std::uint32_t lead = next5[0];
  std::uint64_t value = 0;
  if (lead < 0x80) {
    value = lead;
  } else if (lead < 0xc0) {
    value = 0x80U + ((lead & 0x3fU) << 8U | next5[1]);
  } else if (lead < 0xe0) {
    value = 0x4080U + ((lead & 0x1fU) << 16U | std::uint32_t{next5[1]} << 8U | next5[2]);
  } else {
    return std::nullopt;  // larger than any mini-transaction
  }
  if (value >= kMiniTransactionMax) return std::nullopt;
  return value + 15;
}

/// Where the records of the mini-transaction at the start of `bytes` end, at the byte that says so; empty if there is
/// none. `needs_more` is set if `bytes` ends before it.
std::optional<std::size_t> records_end(ByteView bytes, bool& needs_more) {
  needs_more = false;
  if (bytes[0] <= 1) return std::nullopt;
  std::size_t at = 0;
  while (bytes[at] > 1) {
    const auto record = record_length(bytes[at], bytes.subspan(at + 1, 5));
    if (!record) return std::nullopt;
    at += 1 + *record;
    if (at >= kMiniTransactionMax) return std::nullopt;
    needs_more = at + kTrailerMax > bytes.size();
    if (needs_more) return std::nullopt;
  }
  return at;
}

/// The length of the whole mini-transaction at `lsn`, or empty if there is none: the end of the log.
std::optional<std::size_t> mini_transaction_length(RecordStream& stream, std::uint64_t lsn, const RedoLog& log) {
  bool needs_more = false;
  ByteView bytes = stream.at(lsn, 4096);
  std::optional<std::size_t> end = records_end(bytes, needs_more);
  if (needs_more) {
    bytes = stream.at(lsn, kMiniTransactionMax + kTrailerMax);
    end = records_end(bytes, needs_more);
  }
  if (!end) return std::nullopt;
  // The byte that ends it says how often the file has been gone round, so that an older round is not taken for more.
  const std::uint64_t round = (lsn + *end - log.first_lsn) / (log.file_bytes - kRecordsStart);
  if (bytes[*end] != ((round & 1U) == 0 ? 1 : 0)) return std::nullopt;
  const std::size_t nonce = log.encrypted ? 8 : 0;
  std::uint32_t crc = crc32c(bytes.first(*end));
  crc = crc32c(bytes.subspan(*end + 1, nonce), crc);
  if (crc != big_u32(bytes, *end + 1 + nonce)) return std::nullopt;
  return *end + 1 + nonce + 4;
}

std::string creator_of(ByteView head) {
  const std::string_view text = as_text(head.subspan(kCreator, kCreatorBytes));
  std::string creator(text.substr(0, text.find('\0')));
  std::ranges::replace_if(creator, [](char c) { return c < ' ' || c > '~'; }, '?');
  return creator;
}

/// Written by mariadb-backup, which ends it where the backup ended.
bool is_of_backup(const RedoLog& log) {
  return log.creator.starts_with("Backup");
}

std::uint64_t newest_checkpoint(ByteView head, std::uint64_t first_lsn) {
  std::uint64_t newest = 0;
  for (const std::size_t at : kCheckpoints) {
    const ByteView block = head.subspan(at, kCheckpointCrc + 4);
    const std::uint64_t lsn = big_u64(block, 0);
    if (lsn < first_lsn || big_u64(block, 8) < lsn) continue;
    if (crc32c(block.first(kCheckpointCrc)) != big_u32(block, kCheckpointCrc)) continue;
    newest = std::max(newest, lsn);
  }
  return newest;
}

}  // namespace

RedoLog parse_redo_head(ByteView head, std::uint64_t file_bytes, std::string_view name) {
  const auto bad = [&](std::string_view why) { fail(Code::kCorruption, format("redo log {}: {}", name, why)); };
  if (head.size() < 512) bad("shorter than its header");
  RedoLog log;
  log.file_bytes = file_bytes;
  log.creator = creator_of(head);
  const std::uint32_t format_word = big_u32(head, 0);
  const bool known = format_word == kFormatEncrypted || (format_word & ~kEncryptedBit) == kFormat10_8;
  if (!known) {
    log.format = RedoFormat::kOlder;
    log.encrypted = (format_word & kEncryptedBit) != 0;
    return log;
  }
  log.encrypted = format_word != kFormat10_8 || big_u32(head, kCryptVersion) != 0;
  constexpr std::uint64_t kSmallestFile = std::uint64_t{1} << 20U;  // than which no server makes one
  const std::uint64_t smallest = is_of_backup(log) ? kRecordsStart + 1 : kSmallestFile;
  if (head.size() < kRedoHeadBytes || file_bytes < smallest) bad("shorter than any server makes one");
  if (crc32c(head.first(kHeaderCrc)) != big_u32(head, kHeaderCrc)) bad("its header's checksum does not match");
  log.first_lsn = big_u64(head, kFirstLsn);
  log.checkpoint_lsn = newest_checkpoint(head, log.first_lsn);
  constexpr std::uint64_t kLsnMax = std::uint64_t{1} << 62U;  // keeps sums of positions from overflowing
  if (log.checkpoint_lsn == 0 || log.checkpoint_lsn > kLsnMax) bad("no valid checkpoint");
  return log;
}

RedoLog read_redo_log(const Path& file) {
  const UniqueFd fd = open_file(file, O_RDONLY);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) fail_errno(format("stat {}", file.string()), errno);
  Bytes head(kRedoHeadBytes);
  head.resize(pread_full(fd.get(), head, 0, file.string()));
  return parse_redo_head(head, static_cast<std::uint64_t>(status.st_size), file.string());
}

std::optional<std::uint64_t> find_redo_end(const Path& file, const RedoLog& log, std::uint64_t limit) {
  if (log.format != RedoFormat::kMariaDb10_8 || is_of_backup(log)) return std::nullopt;
  const UniqueFd fd = open_file(file, O_RDONLY);
  RecordStream stream(fd.get(), log, file.string());
  std::uint64_t lsn = log.checkpoint_lsn;
  const std::uint64_t stop = log.checkpoint_lsn + std::min(limit, log.file_bytes);
  while (lsn < stop) {
    const auto length = mini_transaction_length(stream, lsn, log);
    if (!length) return lsn;
    lsn += *length;
  }
  return std::nullopt;
}

}  // namespace lifeboat::server
