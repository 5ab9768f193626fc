#include "server/inspect_walk.h"

#include <fcntl.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "server/tablespace.h"

namespace lifeboat::server {
namespace {

constexpr std::size_t kListMax = 100;  ///< of names kept of one kind: enough to show, bounded

void keep_name(std::vector<std::string>& names, const std::string& name) {
  if (names.size() < kListMax) names.push_back(name);
}

/// Engines by the files they leave.
const std::map<std::string, std::string, std::less<>>& engines_by_extension() {
  static const std::map<std::string, std::string, std::less<>> kEngines = {
      {".ibd", "InnoDB"}, {".MYD", "MyISAM"},     {".MAD", "Aria"},    {".ARZ", "ARCHIVE"},
      {".CSV", "CSV"},    {".MRG", "MRG_MyISAM"}, {".mrn", "Mroonga"}, {".TokuDB", "TokuDB"}};
  return kEngines;
}

/// Whether a table's or schema's name has capitals as its owner wrote them. InnoDB's own full-text tables have
/// some always, and so has what follows '#' (partitions).
bool has_capitals(std::string_view name) {
  if (name.starts_with("FTS_")) return false;
  name = name.substr(0, name.find('#'));
  return std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool at_top(const Path& path) {
  return !path.has_parent_path();
}

std::optional<TablespaceHeader> find_header(const Path& file, const std::string& name) {
  Bytes head(kTablespaceHeadBytes);
  const UniqueFd fd = open_file(file, O_RDONLY);
  head.resize(pread_full(fd.get(), head, 0, file.string()));
  try {
    return parse_tablespace_header(head, name);
  } catch (const Exception&) {
    return std::nullopt;  // the import goes on: a damaged table is no reason to have no image
  }
}

}  // namespace

void FileNotes::directory(const Path& path) {
  const std::string name = path.string();
  if (at_top(path) && has_capitals(name) && !name.starts_with('#')) info_.lower_case_table_names = 0;
}

void FileNotes::file(const Path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".isl") keep_name(info_.outside, path.string());  // InnoDB's pointer to a tablespace elsewhere
  if (at_top(path)) return;
  if (const auto engine = engines_by_extension().find(extension); engine != engines_by_extension().end()) {
    engines_.insert(engine->second);
  }
  if (extension == ".frm" && has_capitals(path.stem().string())) info_.lower_case_table_names = 0;
}

void FileNotes::tablespace(const std::string& path, const std::optional<TablespaceHeader>& header) {
  ++info_.tables;
  if (!header) return keep_name(info_.unreadable, path);
  if (header->encrypted) ++info_.encrypted_tables;
  if (header->page_compressed || header->physical_bytes < header->page_bytes) ++info_.compressed_tables;
}

/// Links are stored as they are, so an absolute one leads a branch to the production server's own files.
void FileNotes::link(const Path& path, const Path& target) {
  const Path inside = (path.parent_path() / target).lexically_normal();
  const bool leaves = target.is_absolute() || (!inside.empty() && *inside.begin() == "..");
  if (leaves) keep_name(info_.outside, path.string());
}

void FileNotes::finish() {
  info_.engines.assign(engines_.begin(), engines_.end());
  std::ranges::sort(info_.outside);
}

void walk_directory(const Path& directory, ServerInfo& info) {
  namespace fs = std::filesystem;
  FileNotes notes(info);
  for (auto entry = fs::recursive_directory_iterator(directory); entry != fs::recursive_directory_iterator(); ++entry) {
    const Path relative = entry->path().lexically_relative(directory);
    if (entry->is_symlink()) {
      notes.link(relative, fs::read_symlink(entry->path()));
    } else if (entry->is_directory()) {
      notes.directory(relative);
    } else if (entry->is_regular_file()) {
      notes.file(relative);
      const bool table = !at_top(relative) && relative.extension() == ".ibd";
      if (table) notes.tablespace(relative.string(), find_header(entry->path(), relative.string()));
    }
  }
  notes.finish();
}

}  // namespace lifeboat::server
