#include "vault/log_cover.h"

#include <algorithm>
#include <tuple>

namespace lifeboat::vault {
namespace {

/// Reaches farther; where that is equal, says that the file ends there.
bool better(const ListedLogPart& a, const ListedLogPart& b) {
  return std::tuple(a.name.end, a.name.closes) > std::tuple(b.name.end, b.name.closes);
}

}  // namespace

LogCover cover_log_file(std::vector<ListedLogPart> parts) {
  std::ranges::sort(parts, {}, [](const ListedLogPart& part) { return part.name.begin; });
  LogCover cover;
  for (const ListedLogPart& part : parts) cover.known_end = std::max(cover.known_end, part.name.end);
  for (std::size_t at = 0; at < parts.size();) {
    const ListedLogPart* best = nullptr;
    for (; at < parts.size() && parts[at].name.begin <= cover.end; ++at) {
      if (best == nullptr || better(parts[at], *best)) best = &parts[at];
    }
    if (best == nullptr) return cover;  // a hole
    const bool closes = best->name.closes && best->name.end == cover.end && !cover.closed;
    if (best->name.end <= cover.end && !closes) continue;
    cover.parts.push_back(*best);
    cover.end = best->name.end;
    cover.closed = best->name.closes;
  }
  return cover;
}

std::vector<std::vector<ListedLogPart>> split_by_file(const std::vector<ListedLogPart>& parts) {
  std::vector<std::vector<ListedLogPart>> files;
  for (const ListedLogPart& part : parts) {
    const bool same = !files.empty() && files.back().front().name.stream == part.name.stream &&
                      files.back().front().name.file == part.name.file;
    if (!same) files.emplace_back();
    files.back().push_back(part);
  }
  return files;
}

LogPartsSplit split_superseded(std::vector<ListedLogPart> parts) {
  // The larger first, so that whatever holds a part's bytes comes before it.
  std::ranges::sort(parts, {}, [](const ListedLogPart& part) {
    return std::tuple(part.name.begin, ~part.name.end, !part.name.closes, part.name.unique);
  });
  LogPartsSplit split;
  std::uint64_t held = 0;  // the farthest end of the needed ones so far
  bool closed = false;     // one of those that reach it says that the file ends there
  for (const ListedLogPart& part : parts) {
    const bool inside = !split.needed.empty() && part.name.end <= held && (!part.name.closes || closed);
    if (!inside) {
      closed = part.name.closes || (closed && part.name.end <= held);
      held = std::max(held, part.name.end);
    }
    (inside ? split.superseded : split.needed).push_back(part);
  }
  return split;
}

}  // namespace lifeboat::vault
