#include "rescue/backup_stream.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/printable.h"
#include "binlog/event.h"
#include "vault/directory_nodes.h"

namespace lifeboat::rescue {

namespace {

constexpr std::string_view kMagic = "XBSTCK01";
constexpr std::size_t kHeadBytes = 14;         // magic, flags, type, size of the path
constexpr std::size_t kPayloadHeadBytes = 20;  // size, offset, checksum
constexpr std::uint8_t kIgnorable = 1;
constexpr std::uint8_t kRewrite = 2;
/// The tools refuse longer ones.
constexpr std::uint32_t kStreamPathMax = 512;
/// More than any file of a server: InnoDB ends at 64 TiB.
constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 50U;
/// Files that are open at once; the tools have one for each thread and a few more.
constexpr std::size_t kOpenFilesMax = 128;

constexpr std::string_view kRedoLog = "ib_logfile0";

/// Not a `.new`, which comes once the source's DDL is held back.
bool is_tablespace(std::string_view path) {
  if (path.ends_with(".ibd")) return true;
  return path.find('/') == std::string_view::npos && (path.starts_with("ibdata") || path.starts_with("undo"));
}

}  // namespace

void BackupStreamDecoder::bad(std::string_view why) const {
  const std::string name = path_.empty() ? "" : format(", in {}", printable(path_));
  fail(Code::kCorruption, format("backup stream: byte {}{}: {}", at_, name, why),
       "What comes must be the output of mariadb-backup --backup --stream=mbstream, and nothing else.");
}

std::string BackupStreamDecoder::checked_path(ByteView field) const {
  std::string_view path = as_text(field);
  if (path.starts_with("./")) path.remove_prefix(2);
  if (!vault::valid_path(path)) bad(format("'{}' is no path below a directory", printable(path)));
  return std::string(path);
}

std::size_t BackupStreamDecoder::wanted() const {
  switch (stage_) {
    case Stage::kHead:
      return kHeadBytes;
    case Stage::kPath:
    case Stage::kNewPath:
      return path_size_;
    case Stage::kPayloadHead:
      return kPayloadHeadBytes;
    case Stage::kSeek:
      return 8;
    case Stage::kNewPathSize:
      return 4;
    case Stage::kPayload:
      break;
  }
  return 0;
}

void BackupStreamDecoder::next(Stage stage) {
  stage_ = stage;
  if (stage != Stage::kHead) return;
  path_.clear();
  type_ = 0;
}

void BackupStreamDecoder::feed(ByteView bytes) {
  while (!bytes.empty()) {
    if (stage_ == Stage::kPayload) {
      bytes = bytes.subspan(take_payload(bytes));
      continue;
    }
    const std::size_t count = std::min(wanted() - field_.size(), bytes.size());
    field_.insert(field_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    at_ += count;
    if (field_.size() < wanted()) return;
    const Bytes field = std::exchange(field_, {});
    take_field(field);
  }
}

void BackupStreamDecoder::take_field(ByteView field) {
  switch (stage_) {
    case Stage::kHead:
      return take_head(field);
    case Stage::kPath:
      return take_path(field);
    case Stage::kPayloadHead:
      return take_payload_head(field);
    case Stage::kSeek:
      return seek(field);
    case Stage::kNewPathSize:
      return take_new_path_size(field);
    case Stage::kNewPath:
      sink_.rename(path_, checked_path(field));
      return next(Stage::kHead);
    case Stage::kPayload:
      break;
  }
}

void BackupStreamDecoder::take_head(ByteView field) {
  Decoder decoder(field, "backup stream");
  if (as_text(decoder.raw(kMagic.size())) != kMagic) bad("no chunk begins here");
  flags_ = decoder.u8();
  type_ = static_cast<char>(decoder.u8());
  path_size_ = decoder.u32();
  const bool known = std::string_view("PESRD").find(type_) != std::string_view::npos;
  if (!known && (flags_ & kIgnorable) == 0) bad(format("a chunk of type {}", static_cast<unsigned>(field[9])));
  if (path_size_ == 0 || path_size_ >= kStreamPathMax) bad(format("a path of {} bytes", path_size_));
  next(Stage::kPath);
}

void BackupStreamDecoder::take_path(ByteView field) {
  path_ = checked_path(field);
  switch (type_) {
    case 'E': {
      const auto ended = file();
      sink_.end(path_);
      open_.erase(ended);
      return next(Stage::kHead);
    }
    case 'S':
      return next(Stage::kSeek);
    case 'R':
      if (open_.contains(path_)) bad("a file that has not ended is renamed");
      return next(Stage::kNewPathSize);
    case 'D':
      if (open_.contains(path_)) bad("a file that has not ended is removed");
      sink_.remove(path_);
      return next(Stage::kHead);
    default:  // a payload; also that of a chunk that may be ignored
      return next(Stage::kPayloadHead);
  }
}

/// The file that the chunk is of; begun if need be.
BackupStreamDecoder::OpenFiles::iterator BackupStreamDecoder::file() {
  const auto found = open_.find(path_);
  if (found != open_.end()) return found;
  if (open_.size() >= kOpenFilesMax) bad(format("{} files have begun and not ended", open_.size()));
  sink_.begin(path_, (flags_ & kRewrite) != 0);
  return open_.emplace(path_, 0).first;
}

void BackupStreamDecoder::take_payload_head(ByteView field) {
  Decoder decoder(field, "backup stream");
  left_ = decoder.u64();
  const std::uint64_t offset = decoder.u64();
  checksum_ = decoder.u32();
  computed_ = 0;
  if (left_ > kFileBytesMax || offset > kFileBytesMax - left_) bad(format("{} bytes at {}", left_, offset));
  if (type_ == 'P') {
    writing_ = file();
    if (offset != writing_->second) bad(format("content for {}, and {} comes next", offset, writing_->second));
  }
  next(Stage::kPayload);
  if (left_ == 0) end_payload();
}

std::size_t BackupStreamDecoder::take_payload(ByteView bytes) {
  const ByteView content = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_)));
  if (type_ == 'P') {
    computed_ = binlog::crc32(content, computed_);
    sink_.write(path_, writing_->second, content);
    writing_->second += content.size();
    count(content.size());
  }
  left_ -= content.size();
  at_ += content.size();
  if (left_ == 0) end_payload();
  return content.size();
}

void BackupStreamDecoder::count(std::size_t bytes) {
  if (path_ == kRedoLog) content_.redo_log += bytes;
  if (is_tablespace(path_)) content_.tablespaces += bytes;
}

void BackupStreamDecoder::end_payload() {
  if (type_ == 'P' && computed_ != checksum_) bad("the chunk before does not fit its checksum");
  next(Stage::kHead);
}

void BackupStreamDecoder::seek(ByteView field) {
  const std::uint64_t offset = Decoder(field, "backup stream").u64();
  if (offset > kFileBytesMax) bad(format("a seek to {}", offset));
  file()->second = offset;
  next(Stage::kHead);
}

void BackupStreamDecoder::take_new_path_size(ByteView field) {
  path_size_ = Decoder(field, "backup stream").u32();
  if (path_size_ == 0 || path_size_ >= kStreamPathMax) bad(format("a path of {} bytes", path_size_));
  next(Stage::kNewPath);
}

void BackupStreamDecoder::finish() const {
  const bool whole = stage_ == Stage::kHead && field_.empty() && open_.empty();
  if (whole && at_ > 0) return;
  const std::string within = open_.empty() ? "" : format(", with {} not at its end", printable(open_.begin()->first));
  fail(Code::kUnavailable, format("the backup's stream ended too early, after {} bytes{}", at_, within),
       "Nothing was made of it. Look at what the backup tool said, and begin again.");
}

}  // namespace lifeboat::rescue
