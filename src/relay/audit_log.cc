#include "relay/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "codec/hash.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kBlock = std::size_t{1} << 20U;
constexpr std::chrono::seconds kClockTolerance{5};

std::string chain(std::string_view before, std::string_view payload) {
  return to_hex(codec::sha256({as_bytes(before), as_bytes(" "), as_bytes(payload)}));
}

struct stat status_of(int fd, const Path& file) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) fail_errno(format("stat {}", file.string()), errno);
  return status;
}

}  // namespace

AuditLog::AuditLog(Path file, std::function<SystemTime()> clock) : file_(std::move(file)), clock_(std::move(clock)) {
  start_over();
}

void AuditLog::start_over() {
  fd_.reset();
  inode_ = 0;
  offset_ = 0;
  head_ = std::string(kHashDigits, '0');
  entries_ = 0;
  last_time_ = {};
  broken_.reset();
}

void AuditLog::broken(std::string_view why) {
  broken_ = Error{Code::kCorruption,
                  format("{} line {}: {}", file_.string(), entries_ + 1, why),
                  "The guard trusts nothing from this line on. Keep the file as evidence: move it away, and a new one "
                  "begins; what is held is then held anew.",
                  {},
                  {}};
  throw Exception(*broken_);
}

/// Whether another file stands there than was read so far.
bool AuditLog::open_if_replaced() {
  const bool had_one = fd_.valid();
  struct stat status{};
  if (::stat(file_.c_str(), &status) != 0) {
    if (errno != ENOENT) fail_errno(format("stat {}", file_.string()), errno);
    start_over();
    return had_one;
  }
  if (had_one && status.st_ino == inode_) return false;
  start_over();
  fd_ = open_file(file_, O_RDWR | O_APPEND);
  inode_ = status_of(fd_.get(), file_).st_ino;
  return had_one;
}

void AuditLog::read_new(const OnEntry& on_entry, const std::function<void()>& on_new_file) {
  if (open_if_replaced() && on_new_file) on_new_file();
  if (broken_) throw Exception(*broken_);
  if (!fd_.valid()) return;
  const auto size = static_cast<std::uint64_t>(status_of(fd_.get(), file_).st_size);
  if (size < offset_) broken("the file has become shorter: entries that were there are gone");
  if (size == offset_) return;
  sync_data(fd_.get(), file_.string());  // nobody acts on an entry that a power cut could take back
  std::string text;
  Bytes block(kBlock);
  for (std::uint64_t at = offset_; at < size;) {
    const std::size_t n = pread_full(fd_.get(), block, at, file_.string());
    if (n == 0) break;
    at += n;
    text.append(as_text(ByteView(block).first(n)));
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      const AuditEntry entry = check_line(std::string_view(text).substr(begin, end - begin));
      offset_ += end + 1 - begin;
      on_entry(entry);
      begin = end + 1;
    }
    text.erase(0, begin);
    if (text.size() > kLineMax) broken("longer than an entry can be");
  }
}

AuditEntry AuditLog::check_line(std::string_view line) {
  if (line.size() < kHashDigits + 2 || line[kHashDigits] != ' ') broken("not an entry");
  const std::string_view payload = line.substr(kHashDigits + 1);
  AuditEntry entry;
  entry.hash = chain(head_, payload);
  if (entry.hash != line.substr(0, kHashDigits)) {
    broken("its hash does not fit: it, or a line before it, was changed, added or removed");
  }
  try {
    entry.body = parse_json(payload, "entry").as_object();
    entry.number = static_cast<std::uint64_t>(json_integer(entry.body, "number"));
    entry.time = from_unix_ms(json_integer(entry.body, "time_ms"));
    entry.event = json_string(entry.body, "event");
  } catch (const std::exception& e) {
    broken(e.what());
  }
  if (entry.number != entries_ + 1) broken(format("entry {} stands where {} should", entry.number, entries_ + 1));
  check_time(entry);
  head_ = entry.hash;
  ++entries_;
  last_time_ = entry.time;
  return entry;
}

void AuditLog::check_time(const AuditEntry& entry) {
  if (entry.time < last_time_) broken("it is older than the entry before it");
  if (entry.time <= clock_() + kClockTolerance) return;
  fail(
      Code::kCorruption,
      format("{} line {}: it is of {}, which is still to come", file_.string(), entries_ + 1, format_time(entry.time)),
      "A clock was wrong when it was written, or is now, or somebody wrote a false time. The guard trusts nothing from "
      "this line on until that time has come.");
}

std::unique_ptr<FileLock> AuditLog::lock(std::chrono::milliseconds patience) const {
  return std::make_unique<FileLock>(file_.string() + ".lock", "the guard's audit log", patience);
}

AuditEntry AuditLog::append(std::string_view event, json::object body) {
  if (broken_) throw Exception(*broken_);
  const bool is_new = !fd_.valid();
  if (is_new) {
    fd_ = open_file(file_, O_RDWR | O_APPEND | O_CREAT);
    inode_ = status_of(fd_.get(), file_).st_ino;
  }
  AuditEntry entry{.number = entries_ + 1,
                   .time = std::max(clock_(), last_time_),
                   .event = std::string(event),
                   .body = {},
                   .hash = {}};
  entry.body = {{"number", entry.number},
                {"time", format_time(entry.time)},
                {"time_ms", unix_ms(entry.time)},
                {"event", entry.event}};
  for (auto& [key, value] : body) entry.body[key] = std::move(value);
  const std::string payload = json::serialize(entry.body);
  if (payload.size() + kHashDigits + 2 >= kLineMax) {
    fail(Code::kUnsupported,
         format("{}: an entry of {} is longer than one can be", event, format_size(payload.size())));
  }
  entry.hash = chain(head_, payload);
  const std::string line = format("{} {}\n", entry.hash, payload);
  // Half a line that a crash left, or a full disk, goes first: what begins after it could not be told from it.
  const auto cut = [this] {
    if (::ftruncate(fd_.get(), static_cast<off_t>(offset_)) != 0) fail_errno(format("cut {}", file_.string()), errno);
  };
  cut();
  try {
    write_full(fd_.get(), as_bytes(line), file_.string());
    sync_data(fd_.get(), file_.string());
    if (is_new) sync_directory(file_.parent_path());
  } catch (const Exception&) {
    cut();
    throw;
  }
  offset_ += line.size();
  head_ = entry.hash;
  entries_ = entry.number;
  last_time_ = entry.time;
  return entry;
}

}  // namespace lifeboat::relay
