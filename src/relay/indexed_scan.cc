#include "relay/indexed_scan.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "relay/index_file.h"

namespace lifeboat::relay {
namespace {

/// Where to begin: the last group that is indexed, which is read again, to see that it is the one.
struct IndexedStart {
  FileProgress progress;
  IndexEntry last;
};

/// Nothing if there is no index that fits the file, or if it has no Gtid_list at its head to reckon from.
std::optional<IndexedStart> find_indexed_start(const Path& path, std::uint64_t limit) {
  FileProgress progress =
      scan_log_file(path, {}, [](const FileProgress& seen) { return !seen.head() && !seen.group_ended(); }).progress;
  if (!progress.head()) return std::nullopt;
  const IndexOwner owner{.made_at = progress.identity()->made_at, .server_id = progress.identity()->server_id};
  FileProgress::Boundary before{.position = progress.position(), .state = progress.boundary().state};
  std::optional<IndexEntry> last;
  bool ascends = true;
  read_index(index_path(path), owner, [&](const IndexEntry& entry) {
    ascends = entry.begin >= before.position && (!last || entry.begin >= last->end);
    if (!ascends) return false;
    if (last && last->gtid) before.state.update(*last->gtid);
    last = entry;
    return true;
  });
  // The size is asked last: a relay may be writing both.
  if (!last || !ascends || last->end > std::min(limit, std::filesystem::file_size(path))) return std::nullopt;
  before.position = last->begin;
  progress.pass_over(std::move(before));
  return IndexedStart{.progress = std::move(progress), .last = *last};
}

/// Whether a file's last bytes are an event of that type and size.
bool ends_with(const Path& path, binlog::EventType type, std::size_t event_size) {
  const UniqueFd file = open_file(path, O_RDONLY);
  const std::uint64_t size = std::filesystem::file_size(path);
  std::array<std::uint8_t, binlog::kEventHeaderSize> head{};
  if (size < event_size || pread_full(file.get(), head, size - event_size, path.string()) < head.size()) return false;
  Decoder in(head, "the head of an event");
  in.u32();  // its time
  const bool right_type = in.u8() == static_cast<std::uint8_t>(type);
  in.u32();  // its server
  const bool right_size = in.u32() == event_size;
  return right_type && right_size && in.u32() == static_cast<std::uint32_t>(size);
}

}  // namespace

std::uint64_t find_closed_end(const Path& path, binlog::Checksum checksum, std::string_view next) {
  constexpr std::size_t kRotatePosition = 8;
  const std::size_t bare = binlog::kEventHeaderSize + binlog::checksum_size(checksum);
  const bool in_order = ends_with(path, binlog::EventType::kRotate, bare + kRotatePosition + next.size()) ||
                        ends_with(path, binlog::EventType::kStop, bare);
  if (in_order) return std::filesystem::file_size(path);
  const LogScan scan = scan_indexed_file(path);
  // Damage is for who reads the file to meet, not to be passed over.
  return scan.why_stopped.empty() ? scan.progress.boundary().position : std::filesystem::file_size(path);
}

LogScan scan_indexed_file(const Path& path, std::uint64_t limit) {
  if (auto start = find_indexed_start(path, limit)) {
    bool met = false;
    const auto on_event = [&](const FileProgress& progress) {
      if (met || !progress.group_ended()) return true;
      const auto& gtid = progress.group().gtid;
      const bool same_gtid = gtid ? start->last.gtid == gtid->gtid : !start->last.gtid;
      met = same_gtid && progress.position() == start->last.end;
      return met;
    };
    LogScan scan = continue_scan(path, std::move(start->progress), on_event, limit);
    if (met) return scan;
  }
  return scan_log_file(path, {}, nullptr, limit);
}

}  // namespace lifeboat::relay
