#include "rescue/adopt_kind.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "base/printable.h"
#include "binlog/event.h"
#include "relay/log_scan.h"

namespace lifeboat::rescue {

namespace {

constexpr std::string_view kKinds =
    "What can be adopted: a dump (.sql, also .gz or .zst), a folder of mydumper's, a stream or folder of "
    "mariadb-backup's, a data directory.";

/// A statement that a dump may begin with.
constexpr std::array<std::string_view, 13> kFirstWords = {
    "--", "/*", "#", "ALTER", "BEGIN", "CREATE", "DROP", "INSERT", "LOCK", "REPLACE", "SET", "START", "USE"};

bool is_text(std::string_view text) {
  return std::ranges::none_of(text.substr(0, 512), [](char c) { return c == '\0'; });
}

bool looks_like_sql(std::string_view text) {
  if (!is_text(text)) return false;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return std::ranges::any_of(kFirstWords, [&](std::string_view word) {
    return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) {
             return a == static_cast<char>(std::toupper(static_cast<unsigned char>(b)));
           });
  });
}

bool looks_like_tar(std::string_view text) {
  constexpr std::size_t kTarMagic = 257;
  return text.size() > kTarMagic + 5 && text.substr(kTarMagic, 5) == "ustar";
}

bool has(const Path& directory, std::string_view name) {
  return std::filesystem::exists(directory / name);
}

bool has_schema_files(const std::vector<std::string>& names) {
  return std::ranges::any_of(names, [](const std::string& name) {
    return name.find("-schema.sql") != std::string::npos || name.find("-schema-create.sql") != std::string::npos;
  });
}

}  // namespace

std::string_view kind_name(BackupKind kind) {
  switch (kind) {
    case BackupKind::kSql:
      return "a dump";
    case BackupKind::kStream:
      return "a backup's stream";
    case BackupKind::kBackupFolder:
      return "a backup's folder";
    case BackupKind::kMydumper:
      return "a mydumper folder";
    case BackupKind::kDataDirectory:
      break;
  }
  return "a data directory";
}

BackupKind kind_of_directory(const Path& directory) {
  const std::vector<std::string> names = list_directory(directory);
  if (has_schema_files(names)) {
    if (has(directory, "metadata")) return BackupKind::kMydumper;
    if (has(directory, "metadata.partial")) {
      fail(Code::kCorruption, format("{}: mydumper did not come to its end", directory.string()),
           "It calls its file `metadata` only then: take an older backup.");
    }
  }
  for (const char* checkpoints : {"xtrabackup_checkpoints", "mariadb_backup_checkpoints"}) {
    if (has(directory, checkpoints)) return BackupKind::kBackupFolder;
  }
  if (has(directory, "ibdata1")) return BackupKind::kDataDirectory;
  const bool holds_logs = !relay::list_log_files(directory).empty();
  fail(Code::kUnsupported,
       format("{}: is no backup that could be told{}", directory.string(),
              holds_logs ? "; it holds binary logs, which are given with --log" : ""),
       std::string(kKinds));
}

BackupKind kind_of_content(ByteView head, const std::string& name) {
  const std::string_view text = as_text(head);
  if (text.starts_with("XBSTCK01")) return BackupKind::kStream;
  if (looks_like_sql(text)) return BackupKind::kSql;
  std::string looks = format("begins with '{}'", printable(text.substr(0, 16)));
  if (text.empty()) looks = "is empty";
  if (text.starts_with(binlog::kFileMagic)) looks = "is a binary log, which is given with --log";
  if (looks_like_tar(text)) looks = "is a tar archive: unpack it, and give the folder";
  fail(Code::kUnsupported, format("{}: is no backup that could be told: it {}", name, looks), std::string(kKinds));
}

}  // namespace lifeboat::rescue
