#include "rescue/dump_text.h"

#include <algorithm>
#include <charconv>

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kGlimpseHeadBytes = std::size_t{64} << 10U;
constexpr std::size_t kGlimpseTailBytes = 16384;
constexpr std::string_view kTrailer = "\n-- Dump completed";

/// What follows the last such line's beginning up to `end`; a line may be commented out. Nothing if there is none.
std::optional<std::string_view> after_line(std::string_view text, std::string_view begins, std::string_view end) {
  for (std::size_t at = text.rfind(begins); at != std::string_view::npos; at = text.rfind(begins, at - 1)) {
    std::string_view before = text.substr(0, at);
    if (before.ends_with("-- ")) before.remove_suffix(3);
    if (before.empty() || before.back() == '\n') {
      text.remove_prefix(at + begins.size());
      const std::size_t size = text.find(end);
      return size == std::string_view::npos ? std::nullopt : std::optional(text.substr(0, size));
    }
    if (at == 0) break;
  }
  return std::nullopt;
}

std::optional<std::string_view> find_in(std::string_view head, std::string_view tail, std::string_view begins,
                                        std::string_view end) {
  const auto found = after_line(tail, begins, end);
  return found ? found : after_line(head, begins, end);
}

/// What follows MASTER_LOG_FILE=' in the statement that leads on from the dump. With --dump-slave MariaDB names the
/// connection, also where its name is empty.
std::optional<std::string_view> find_change_master(std::string_view head, std::string_view tail) {
  if (const auto found = find_in(head, tail, "CHANGE MASTER TO MASTER_LOG_FILE='", ";")) return found;
  const auto named = find_in(head, tail, "CHANGE MASTER '", ";");
  constexpr std::string_view kFile = "' TO MASTER_LOG_FILE='";
  const std::size_t at = named ? named->find(kFile) : std::string_view::npos;
  return at == std::string_view::npos ? std::nullopt : std::optional(named->substr(at + kFile.size()));
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

}  // namespace

void DumpGlimpse::see(ByteView piece) {
  if (head_.size() < kGlimpseHeadBytes) head_.append(as_text(piece).substr(0, kGlimpseHeadBytes - head_.size()));
  tail_.append(as_text(piece));
  if (tail_.size() > kGlimpseTailBytes) tail_.erase(0, tail_.size() - kGlimpseTailBytes);
}

bool DumpGlimpse::complete() const {
  return tail_.find(kTrailer) != std::string::npos;
}

std::optional<BackupPosition> find_dump_position(std::string_view head, std::string_view tail) {
  BackupPosition position;
  constexpr std::string_view kBetween = "', MASTER_LOG_POS=";
  if (const auto words = find_change_master(head, tail)) {
    const std::size_t at = words->find(kBetween);
    if (at != std::string_view::npos) {
      const std::string_view number = words->substr(at + kBetween.size());
      const auto read = std::from_chars(number.data(), number.data() + number.size(), position.position);
      if (read.ec == std::errc{}) position.file = words->substr(0, at);
    }
  }
  const auto gtid = find_in(head, tail, "SET GLOBAL gtid_slave_pos='", "'");
  if (gtid) position.gtid = *gtid;
  if (position.file.empty() && position.gtid.empty()) return std::nullopt;
  return position;
}

DumpHead read_dump_head(std::string_view head) {
  DumpHead found;
  const std::string_view first = head.substr(0, 1024);
  found.has_comments = first.find("-- MariaDB dump ") != std::string_view::npos ||
                       first.find("-- MySQL dump ") != std::string_view::npos;
  if (const auto version = after_line(first, "Server version\t", "\n")) found.version = trimmed(*version);
  const auto host = after_line(first, "Host: ", "\n");
  const bool names_databases = head.find("\n-- Current Database: `") != std::string_view::npos;
  if (host && !names_databases) {
    constexpr std::string_view kDatabaseHeading = " Database: ";
    const std::size_t at = host->find(kDatabaseHeading);
    if (at != std::string_view::npos) found.database = trimmed(host->substr(at + kDatabaseHeading.size()));
  }
  return found;
}

}  // namespace lifeboat::rescue
