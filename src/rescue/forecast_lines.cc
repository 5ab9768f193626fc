#include "rescue/forecast_lines.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/error.h"

namespace lifeboat::rescue {
namespace {

bool ends_inside_a_line(int fd, const Path& file) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) fail_errno(format("stat {}", file.string()), errno);
  if (status.st_size == 0) return false;
  Bytes last(1);
  pread_full(fd, last, static_cast<std::uint64_t>(status.st_size) - 1, file.string());
  return as_text(last) != "\n";
}

}  // namespace

void append_line(const Path& file, const json::object& object) {
  const std::string line = json::serialize(object);
  if (line.size() > kForecastLineMax) {
    fail(Code::kUnsupported, format("{}: a line of {} is longer than one can be", file.string(), line.size()));
  }
  make_directories(file.parent_path());
  const UniqueFd fd = open_file(file, O_RDWR | O_APPEND | O_CREAT);
  const std::string text = (ends_inside_a_line(fd.get(), file) ? "\n" : "") + line + "\n";
  write_full(fd.get(), as_bytes(text), file.string());
  sync_data(fd.get(), file.string());
  sync_directory(file.parent_path());
}

ForecastLines read_lines(const Path& file) {
  ForecastLines read;
  const auto content = find_and_read_file(file);
  if (!content) return read;
  const std::string_view text = as_text(*content);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    json::error_code error;
    json::value value;
    if (line.size() <= kForecastLineMax) value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error || !value.is_object()) {
      ++read.damaged;
    } else {
      read.objects.push_back(std::move(value.get_object()));
    }
  }
  return read;
}

}  // namespace lifeboat::rescue
