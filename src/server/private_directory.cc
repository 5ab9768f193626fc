#include "server/private_directory.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace lifeboat::server {
namespace {

constexpr std::array<std::string_view, 6> kAllowed = {"auth_pam_tool_dir", "file_key_management.so", "ha_archive.so",
                                                      "ha_blackhole.so",   "ha_mroonga.so",          "parsec.so"};

constexpr std::size_t kIndexMax = std::size_t{16} << 20U;

}  // namespace

bool plugin_allowed(std::string_view library) {
  // Accounts' ways to log in, compression of pages, and column types carry data; they reach no other host.
  for (const std::string_view kind : {"auth_", "provider_", "type_"}) {
    if (library.starts_with(kind) && library.ends_with(".so")) return true;
  }
  return std::ranges::find(kAllowed, library) != kAllowed.end();
}

void prepare_private_directory(const PrivateDirectory& directory, const ServerBinary& binary) {
  // Links of an earlier start may lead to another server's plugins.
  std::filesystem::remove_all(directory.plugins());
  for (const Path& made : {directory.plugins(), directory.temporary(), directory.exchange(), directory.replication()}) {
    make_directories(made);
  }
  if (binary.plugin_directory.empty()) return;
  for (const std::string& name : list_directory(binary.plugin_directory)) {
    if (!plugin_allowed(name)) continue;
    std::filesystem::create_symlink(binary.plugin_directory / name, directory.plugins() / name);
  }
}

void confine_binlog_index(const Path& data_directory, const std::string& binlog_base) {
  if (binlog_base.empty()) return;
  const Path index = data_directory / (binlog_base + ".index");
  const Bytes before = read_file(index, kIndexMax);
  std::string after;
  std::string_view text = as_text(before);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string name = Path(text.substr(0, end)).filename();
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!name.empty() && std::filesystem::exists(data_directory / name)) after += format("./{}\n", name);
  }
  if (after != as_text(before)) write_file_durably(index, as_bytes(after), 0660);
}

}  // namespace lifeboat::server
