#include "server/inspect_walk.h"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <set>

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

class Walk {
 public:
  Walk(const Path& directory, ServerInfo& info) : directory_(directory), info_(info), head_(kTablespaceHeadBytes) {}

  void run() {
    namespace fs = std::filesystem;
    for (auto entry = fs::recursive_directory_iterator(directory_); entry != fs::recursive_directory_iterator();
         ++entry) {
      const std::string relative = entry->path().lexically_relative(directory_).string();
      if (entry->is_symlink()) {
        look_at_link(entry->path(), relative);
      } else if (entry->is_directory()) {
        look_at_name(entry->path().filename().string(), entry.depth());
      } else if (entry->is_regular_file()) {
        look_at_file(entry->path(), relative, entry.depth());
      }
    }
    info_.engines.assign(engines_.begin(), engines_.end());
    std::ranges::sort(info_.outside);
  }

 private:
  /// Links are stored as they are, so an absolute one leads a branch to the production server's own files.
  void look_at_link(const Path& path, const std::string& relative) {
    const Path target = std::filesystem::read_symlink(path);
    const Path inside = (Path(relative).parent_path() / target).lexically_normal();
    const bool leaves = target.is_absolute() || (!inside.empty() && *inside.begin() == "..");
    if (leaves) keep_name(info_.outside, relative);
  }

  void look_at_name(const std::string& name, int depth) {
    if (depth == 0 && has_capitals(name) && !name.starts_with('#')) info_.lower_case_table_names = 0;
  }

  void look_at_file(const Path& path, const std::string& relative, int depth) {
    const std::string extension = path.extension().string();
    if (extension == ".isl") keep_name(info_.outside, relative);  // InnoDB's pointer to a tablespace elsewhere
    if (depth == 0) return;
    if (const auto engine = engines_by_extension().find(extension); engine != engines_by_extension().end()) {
      engines_.insert(engine->second);
    }
    if (extension == ".frm" && has_capitals(path.stem().string())) info_.lower_case_table_names = 0;
    if (extension == ".ibd") look_at_tablespace(path, relative);
  }

  void look_at_tablespace(const Path& path, const std::string& relative) {
    ++info_.tables;
    const UniqueFd fd = open_file(path, O_RDONLY);
    head_.resize(kTablespaceHeadBytes);
    head_.resize(pread_full(fd.get(), head_, 0, path.string()));
    try {
      const TablespaceHeader header = parse_tablespace_header(head_, relative);
      if (header.encrypted) ++info_.encrypted_tables;
      if (header.page_compressed || header.physical_bytes < header.page_bytes) ++info_.compressed_tables;
    } catch (const Exception&) {
      keep_name(info_.unreadable, relative);  // the import goes on: a damaged table is no reason to have no image
    }
  }

  const Path& directory_;
  ServerInfo& info_;
  std::set<std::string> engines_;
  Bytes head_;
};

}  // namespace

void walk_directory(const Path& directory, ServerInfo& info) {
  Walk(directory, info).run();
}

}  // namespace lifeboat::server
