#include "relay/log_scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "binlog/event.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20U;
constexpr std::size_t kNameMax = 255;

/// A window that moves over the file.
class Window {
 public:
  Window(const Path& path, std::uint64_t end)
      : file_(open_file(path, O_RDONLY)), name_(path.string()), buffer_(kBufferSize) {
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) fail_errno(format("stat {}", name_), errno);
    end_ = std::min<std::uint64_t>(end, static_cast<std::uint64_t>(status.st_size));
  }
  std::uint64_t end() const { return end_; }

  /// Up to `wanted` bytes at `at`, fewer at the end.
  ByteView at(std::uint64_t at, std::size_t wanted) {
    const std::uint64_t until = std::min(at + wanted, end_);
    if (at < begin_ || until > begin_ + filled_) {
      begin_ = at;
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kBufferSize, end_ - std::min(at, end_)));
      filled_ = pread_full(file_.get(), ByteSpan(buffer_).first(size), at, name_);
    }
    const std::uint64_t held = begin_ + filled_;
    const std::size_t size = held > at ? static_cast<std::size_t>(std::min<std::uint64_t>(wanted, held - at)) : 0;
    return ByteView(buffer_).subspan(static_cast<std::size_t>(at - begin_), size);
  }

 private:
  UniqueFd file_;
  std::string name_;
  Bytes buffer_;
  std::uint64_t end_ = 0;
  std::uint64_t begin_ = 0;
  std::size_t filled_ = 0;
};

[[noreturn]] void fail_torn(const std::string& file, std::uint64_t event) {
  fail(Code::kCorruption, format("{}: ends inside the event at {}", file, event));
}

/// One event at the progress's position; false at the end of the file.
bool take_event(Window& window, FileProgress& progress) {
  const std::uint64_t begin = progress.position();
  const ByteView head = window.at(begin, binlog::kEventHeaderSize);
  if (head.empty()) return false;
  const std::uint32_t size = binlog::decode_header(head).size;
  const ByteView first = window.at(begin, std::min<std::size_t>(size, kBufferSize));
  if (first.size() < std::min<std::size_t>(size, kBufferSize)) fail_torn(progress.file(), begin);
  progress.begin(first);
  for (std::uint64_t at = begin + first.size(); !progress.between_events();) {
    const ByteView part =
        window.at(at, static_cast<std::size_t>(std::min<std::uint64_t>(kBufferSize, begin + size - at)));
    if (part.empty()) fail_torn(progress.file(), begin);
    progress.more(part);
    at += part.size();
  }
  return true;
}

/// The digits after the last dot; empty if it is no log file's name.
std::string_view number_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  const std::string_view digits = name.substr(dot + 1);
  const bool all = digits.size() >= 6 && digits.size() <= 19 &&
                   std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return all ? digits : std::string_view();
}

}  // namespace

LogScan scan_log_file(const Path& path, const binlog::GtidState& before, const OnEvent& on_event, std::uint64_t limit) {
  return continue_scan(path, FileProgress(path.filename().string(), before), on_event, limit);
}

LogScan continue_scan(const Path& path, FileProgress progress, const OnEvent& on_event, std::uint64_t limit) {
  Window window(path, limit);
  LogScan scan{.progress = std::move(progress), .size = window.end()};
  if (as_text(window.at(0, binlog::kFileMagic.size())) != binlog::kFileMagic) {
    scan.is_log = false;
    scan.why_stopped = format("{}: is no binary log", scan.progress.file());
    return scan;
  }
  try {
    while (take_event(window, scan.progress)) {
      if (on_event && !on_event(scan.progress)) return scan;
    }
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
    scan.why_stopped = e.error().message;
  }
  return scan;
}

LogFileScan::LogFileScan(Path path, const binlog::GtidState& before)
    : path_(std::move(path)), progress_(path_.filename().string(), before) {}

void LogFileScan::advance(std::uint64_t limit, const OnEvent& on_event) {
  if (!damage_.empty() || limit < progress_.position() + binlog::kEventHeaderSize) return;
  Window window(path_, limit);
  try {
    for (;;) {
      const ByteView head = window.at(progress_.position(), binlog::kEventHeaderSize);
      if (head.size() < binlog::kEventHeaderSize) return;
      if (progress_.position() + binlog::decode_header(head).size > window.end()) return;
      if (!take_event(window, progress_) || (on_event && !on_event(progress_))) return;
    }
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUnsupported) throw;
    damage_ = e.error().message;
  }
}

std::optional<LogHead> read_log_head(const Path& path) {
  // What follows the Format_description is a Gtid_list, perhaps after a Start_encryption.
  int events = 0;
  const LogScan scan = scan_log_file(path, {}, [&](const FileProgress& progress) {
    return !progress.head() && !progress.group_ended() && ++events < 4;
  });
  if (!scan.progress.has_format()) return std::nullopt;
  return LogHead{*scan.progress.identity(), scan.progress.head()};
}

std::uint64_t log_file_number(std::string_view name) {
  const std::string_view digits = number_of(name);
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

bool is_log_file_name(std::string_view name) {
  return name.size() <= kNameMax && name.find('/') == std::string_view::npos && !name.starts_with('.') &&
         !number_of(name).empty();
}

std::vector<std::string> list_log_files(const Path& directory) {
  std::vector<std::string> names = list_directory(directory);
  std::erase_if(names, [](const std::string& name) { return !is_log_file_name(name); });
  std::ranges::sort(names, {}, [](const std::string& name) {
    const std::string_view number = number_of(name);
    return std::pair(number.size(), std::string(number));
  });
  return names;
}

}  // namespace lifeboat::relay
