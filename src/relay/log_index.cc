#include "relay/log_index.h"

#include <algorithm>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

/// Whether a file that begins with `head` and is followed by one with `next` may hold it, as far as numbers tell.
bool may_hold(const ServedLog::File& file, const ServedLog::File* next, const binlog::Gtid& gtid) {
  if (file.head && binlog::GtidState::from_list(*file.head).covers(gtid)) return false;
  return next == nullptr || !next->head || binlog::GtidState::from_list(*next->head).covers(gtid);
}

std::optional<binlog::Gtid> as_mariadb_gtid(const std::string& text) {
  try {
    return binlog::parse_gtid(text);
  } catch (const Exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<IndexOwner> index_owner(const Path& log_file) {
  const auto head = read_log_head(log_file);
  if (!head) return std::nullopt;
  return IndexOwner{.made_at = head->identity.made_at, .server_id = head->identity.server_id};
}

void LogIndex::visit(const ServedLog::File& file, const OnEntry& on_entry) const {
  const auto owner = index_owner(file.path);
  if (!owner) return;
  const std::uint64_t bound = log_.end_of(file.name).readable;
  std::uint64_t end = 0;
  bool more = true;
  read_index(index_path(file.path), *owner, [&](const IndexEntry& entry) {
    if (entry.end > bound || entry.begin < end) return false;
    end = entry.end;
    more = on_entry(entry);
    return more;
  });
  if (!more) return;
  GroupStream stream(file.path);
  stream.seek(end, bound);
  while (const auto group = stream.next(bound)) {
    if (!on_entry(group->entry)) return;
  }
}

std::optional<LogIndex::Found> LogIndex::find(const std::string& gtid) const {
  const std::vector<ServedLog::File> files = log_.files();
  const auto number = as_mariadb_gtid(gtid);
  std::vector<const ServedLog::File*> order;
  for (const bool likely : {true, false}) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const ServedLog::File* next = i + 1 < files.size() ? &files[i + 1] : nullptr;
      if ((!number || may_hold(files[i], next, *number)) == likely) order.push_back(&files[i]);
    }
  }
  for (const ServedLog::File* file : order) {
    std::optional<Found> found;
    visit(*file, [&](const IndexEntry& entry) {
      if (number ? entry.gtid == number : entry.gtid_text() == gtid) found = Found{*file, entry};
      return !found;
    });
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<LogIndex::Found> LogIndex::find_time(std::uint32_t time) const {
  const std::vector<ServedLog::File> files = log_.files();
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ServedLog::File& file = files[i];
    // All of a file was written before the next one was made.
    const auto next = i + 1 < files.size() ? index_owner(files[i + 1].path) : std::nullopt;
    if (next && next->made_at < time) continue;
    std::optional<Found> found;
    visit(file, [&](const IndexEntry& entry) {
      if (entry.time >= time) found = Found{file, entry};
      return !found;
    });
    if (found) return found;
  }
  return std::nullopt;
}

LogGroup LogIndex::load(const Found& found) {
  GroupStream stream(found.file.path);
  stream.seek(found.entry.begin, found.entry.end);
  auto group = stream.next(found.entry.end);
  if (!group) {
    fail(Code::kCorruption,
         format("{} at {}: no group there, as the index says", found.file.path.string(), found.entry.begin),
         "Remove the directory `index` beside it; the relay makes it anew.");
  }
  return *std::move(group);
}

}  // namespace lifeboat::relay
