#include "rescue/backup_facts.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "server/inspect.h"
#include "server/inspect_walk.h"
#include "server/option_file.h"
#include "server/settings.h"

namespace lifeboat::rescue {

namespace {

/// The tool's own files have new names since 11.1.
constexpr std::array<std::string_view, 2> kInfoPrefixes = {"mariadb_backup_", "xtrabackup_"};
constexpr std::string_view kSettingsFile = "backup-my.cnf";

std::optional<ByteView> find_info(const BackupFiles& files, std::string_view name) {
  for (std::string_view prefix : kInfoPrefixes) {
    if (const auto head = files.head(std::string(prefix).append(name))) return head;
  }
  return std::nullopt;
}

/// Whether the tool has prepared it.
bool check_whole(const BackupFiles& files) {
  const std::optional<ByteView> checkpoints = find_info(files, "checkpoints");
  const std::string_view words = checkpoints ? as_text(*checkpoints) : std::string_view();
  // Since 10.2 the second, which the tool's ancestor called what it had not prepared to the end.
  const bool prepared = words.find("backup_type = full-prepared") != std::string_view::npos ||
                        words.find("backup_type = log-applied") != std::string_view::npos;
  for (const char* name : {"ibdata1", "ib_logfile0"}) {
    if (files.contains(name) || (prepared && std::string_view(name) == "ib_logfile0")) continue;
    fail(Code::kCorruption, format("the backup holds no {}", name),
         "What comes must be a full backup: mariadb-backup --backup --stream=mbstream, without --tables or "
         "--databases.");
  }
  if (!prepared && words.find("backup_type = full-backuped") == std::string_view::npos) {
    fail(Code::kUnsupported, "the backup does not say that it is a full one",
         "Make a full backup: mariadb-backup --backup --stream=mbstream.");
  }
  return prepared;
}

/// The heads of the files at the top, as sparse files of the right size, for the eyes of server::inspect_for_boot.
class Sketch {
 public:
  explicit Sketch(const BackupFiles& files) : directory_("lifeboat-backup") {
    for (const auto& [path, entry] : files.entries()) {
      const std::optional<ByteView> head = files.head(path);
      if (!head || entry.type != vault::FileType::kFile || (head->empty() && entry.size != 0)) continue;
      const Path file = directory_.path() / path;
      make_directories(file.parent_path());
      const UniqueFd fd = open_file(file, O_WRONLY | O_CREAT | O_EXCL);
      write_full(fd.get(), *head, file.string());
      if (::ftruncate(fd.get(), static_cast<off_t>(entry.size)) != 0) fail_errno(format("size {}", path), errno);
    }
  }
  const Path& path() const { return directory_.path(); }

 private:
  TempDir directory_;
};

server::ServerInfo walk(const BackupFiles& files) {
  server::ServerInfo info;
  server::FileNotes notes(info);
  for (const auto& [path, entry] : files.entries()) {
    if (entry.type == vault::FileType::kDirectory) {
      notes.directory(path);
      continue;
    }
    notes.file(path);
    const bool table = path.ends_with(".ibd") && path.find('/') != std::string::npos;
    if (table) notes.tablespace(path, files.tablespace(path));
  }
  notes.finish();
  return info;
}

}  // namespace

std::optional<BackupPosition> find_folder_position(const Path& folder) {
  for (const std::string_view prefix : kInfoPrefixes) {
    const auto info = find_and_read_file(folder / std::string(prefix).append("binlog_info"));
    if (info) return parse_binlog_info(as_text(*info));
  }
  return std::nullopt;
}

BackupPosition parse_binlog_info(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::size_t tab = std::min(line.find('\t'), line.size());
  BackupPosition position{.file = std::string(line.substr(0, tab))};
  std::string_view rest = line.substr(std::min(tab + 1, line.size()));
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), position.position);
  rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
  if (position.file.empty() || read.ec != std::errc{} || (!rest.empty() && rest.front() != '\t')) {
    fail(Code::kCorruption, format("the backup's position makes no sense: '{}'", printable(line)));
  }
  if (!rest.empty()) position.gtid = rest.substr(1);
  return position;
}

BackupFacts facts_of(const BackupFiles& files) {
  BackupFacts facts;
  facts.prepared = check_whole(files);
  const Sketch sketch(files);
  server::ServerInfo walked = walk(files);
  const Path settings = sketch.path() / kSettingsFile;
  if (std::filesystem::exists(settings)) {
    walked.settings = server::relevant_settings(server::read_server_options(settings, ""));
  }
  facts.server = server::inspect_for_boot(sketch.path(), walked);
  facts.server.redo_to_apply.reset();  // a head does not tell
  if (const auto info = find_info(files, "binlog_info")) facts.position = parse_binlog_info(as_text(*info));
  return facts;
}

}  // namespace lifeboat::rescue
