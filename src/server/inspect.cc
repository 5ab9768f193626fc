#include "server/inspect.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "base/error.h"
#include "server/inspect_walk.h"
#include "server/redo_log.h"
#include "server/tablespace.h"
#include "server/version.h"

namespace lifeboat::server {
namespace {

/// Redo beyond this is not walked; then it is said that the amount is not known.
constexpr std::uint64_t kRedoWalkMax = std::uint64_t{2} << 30U;

std::optional<std::uint64_t> find_size(const Path& file) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    fail_errno(format("stat {}", file.string()), errno);
  }
  return S_ISREG(status.st_mode) ? std::optional(static_cast<std::uint64_t>(status.st_size)) : std::nullopt;
}

/// Keeps the newest version that any file names: each names the server that last wrote that file.
void offer_version(ServerInfo& info, Flavour flavour, std::string_view text, std::string_view source) {
  const std::optional<Version> version = find_version(text);
  if (!version) return;
  const std::optional<Version> known = find_version(info.version);
  if (known && *known >= *version) return;
  info.version = version->text();
  info.version_source = source;
  if (flavour != Flavour::kUnknown) info.flavour = flavour;
}

void look_for_version(const Path& directory, ServerInfo& info) {
  for (const char* name : {"mariadb_upgrade_info", "mysql_upgrade_info"}) {
    const auto content = find_and_read_file(directory / name, 4096);
    if (!content) continue;
    const std::string_view text = as_text(*content);
    const bool mariadb = text.find("MariaDB") != std::string_view::npos;
    offer_version(info, mariadb ? Flavour::kMariaDb : Flavour::kUnknown, text, name);
  }
  // u32 at 51 of a table definition: the server that wrote it, as 101119.
  constexpr std::size_t kFrmVersion = 51;
  const Path definition = directory / "mysql" / "db.frm";
  if (const auto frm = find_and_read_file(definition, std::size_t{1} << 20U); frm && frm->size() > kFrmVersion + 4) {
    Decoder decoder(ByteView(*frm).subspan(kFrmVersion), "mysql/db.frm");
    const std::uint32_t number = decoder.u32();
    const std::string text = format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
    offer_version(info, number >= 100000 ? Flavour::kMariaDb : Flavour::kUnknown, text, "mysql/db.frm");
  }
  // MySQL 8 and newer keep their dictionary in this tablespace.
  if (find_size(directory / "mysql.ibd")) info.flavour = Flavour::kMySql;
}

void look_at_redo(const Path& directory, ServerInfo& info) {
  const Path file = directory / "ib_logfile0";
  const auto size = find_size(file);
  if (!size || *size == 0) return;
  const RedoLog log = read_redo_log(file);
  info.redo_bytes = log.file_bytes;
  info.redo_encrypted = log.encrypted;
  info.checkpoint_lsn = log.checkpoint_lsn;
  const Flavour flavour = log.creator.starts_with("MySQL") ? Flavour::kMySql : Flavour::kMariaDb;
  offer_version(info, flavour, log.creator, "ib_logfile0");
  if (const auto end = find_redo_end(file, log, kRedoWalkMax)) info.redo_to_apply = *end - log.checkpoint_lsn;
}

TablespaceHeader read_tablespace(const Path& file) {
  const UniqueFd fd = open_file(file, O_RDONLY);
  Bytes head(kTablespaceHeadBytes);
  head.resize(pread_full(fd.get(), head, 0, file.string()));
  return parse_tablespace_header(head, file.string());
}

void look_at_system_tablespace(const Path& directory, ServerInfo& info) {
  for (unsigned number = 1;; ++number) {
    const std::string name = format("ibdata{}", number);
    const auto size = find_size(directory / name);
    if (!size) break;
    info.system_files.push_back({name, *size});
  }
  if (info.system_files.empty()) return;
  const TablespaceHeader header = read_tablespace(directory / "ibdata1");
  info.page_bytes = header.page_bytes;
  while (find_size(directory / format("undo{:03}", info.undo_tablespaces + 1))) ++info.undo_tablespaces;
}

/// "mysql-bin" of "./mysql-bin.000007"; empty if the name has no such end.
std::string binlog_base_of(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return "";
  const std::string_view digits = file_name.substr(dot + 1);
  const bool numbered = digits.size() >= 6 && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  return numbered ? std::string(file_name.substr(0, dot)) : "";
}

/// A binary log of this server's own, not a relay log: its first event says which.
bool is_binlog(const Path& file) {
  const UniqueFd fd = find_file(file, O_RDONLY);
  if (!fd.valid()) return false;
  constexpr std::size_t kFlags = 4 + 17;  // after the magic and 17 bytes of the event's header
  constexpr std::uint8_t kRelayLog = 0x40;
  Bytes head(kFlags + 2);
  if (pread_full(fd.get(), head, 0, file.string()) < head.size()) return false;
  return head[0] == 0xfe && as_text(ByteView(head).subspan(1, 3)) == "bin" && (head[kFlags] & kRelayLog) == 0;
}

void look_at_binlog_index(const Path& directory, const std::string& index, ServerInfo& info) {
  const auto content = find_and_read_file(directory / index, std::size_t{16} << 20U);
  if (!content) return;
  const std::string_view text = as_text(*content);
  const std::string first(Path(text.substr(0, text.find('\n'))).filename());
  const std::string base = binlog_base_of(first);
  if (!base.empty() && format("{}.index", base) == index && is_binlog(directory / first)) info.binlog_base = base;
}

bool is_replication_file(std::string_view name) {
  if (name == "master.info" || name == "relay-log.info") return true;
  return name.ends_with(".info") && (name.starts_with("master-") || name.starts_with("relay-log-"));
}

void look_at_top(const Path& directory, ServerInfo& info) {
  for (const std::string& name : list_directory(directory)) {
    if (name == "aria_log_control") info.aria = true;
    if (name == "grastate.dat" || name == "galera.cache") info.galera = true;
    // Every server makes the last one, empty; it names the connections where there are several.
    const bool several = name == "multi-master.info" && find_size(directory / name).value_or(0) > 0;
    if (is_replication_file(name) || several) info.replication_files.push_back(name);
    if (name.ends_with(".index")) look_at_binlog_index(directory, name, info);
  }
}

ServerInfo inspect_top(const Path& directory) {
  if (!std::filesystem::is_directory(directory)) {
    fail(Code::kNotFound, format("{} is not a directory", directory.string()),
         "Name the data directory itself: the one that holds ibdata1 and the directory mysql.");
  }
  ServerInfo info;
  look_for_version(directory, info);
  look_at_system_tablespace(directory, info);
  look_at_redo(directory, info);
  look_at_top(directory, info);
  return info;
}

}  // namespace

ServerInfo inspect_directory(const Path& directory) {
  ServerInfo info = inspect_top(directory);
  walk_directory(directory, info);
  return info;
}

ServerInfo inspect_for_boot(const Path& directory, const ServerInfo& walked) {
  ServerInfo info = inspect_top(directory);
  info.tables = walked.tables;
  info.encrypted_tables = walked.encrypted_tables;
  info.compressed_tables = walked.compressed_tables;
  info.engines = walked.engines;
  info.outside = walked.outside;
  info.unreadable = walked.unreadable;
  info.lower_case_table_names = walked.lower_case_table_names;
  info.settings = walked.settings;
  return info;
}

}  // namespace lifeboat::server
