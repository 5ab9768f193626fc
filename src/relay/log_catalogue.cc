#include "relay/log_catalogue.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/error.h"
#include "vault/damage.h"

namespace lifeboat::relay {
namespace {

/// Reads the name of the log from whichever of its files tells it.
void describe(vault::Vault& vault, SealedLog& log, std::vector<std::string>& damaged) {
  for (const SealedFile& file : log.files) {
    try {
      const LogPartRecord record = first_record(vault, file);
      log.source = record.source;
      log.incarnation = record.incarnation;
      log.note = record.note;
      return;
    } catch (const Exception& e) {
      if (!vault::is_damaged_or_gone(e)) throw;
      damaged.push_back(e.error().message);
    }
  }
}

}  // namespace

LogPartRecord first_record(vault::Vault& vault, const SealedFile& file) {
  std::optional<Error> error;
  for (const vault::ListedLogPart& part : file.parts) {
    try {
      return decode_log_part_record(vault::read_log_metadata(vault, part));
    } catch (const Exception& e) {
      if (!vault::is_damaged_or_gone(e)) throw;
      error = e.error();
    }
  }
  throw Exception(error.value_or(Error{Code::kCorruption, "a log file without parts", {}, {}, {}}));
}

std::vector<SealedLog> list_sealed_logs(vault::Vault& vault, std::vector<std::string>& damaged) {
  std::vector<SealedLog> logs;
  for (std::vector<vault::ListedLogPart>& parts : vault::split_by_file(vault::list_log_parts(vault))) {
    const vault::Id stream = parts.front().name.stream;
    if (logs.empty() || logs.back().stream != stream) {
      logs.emplace_back();
      logs.back().stream = stream;
    }
    for (const vault::ListedLogPart& part : parts) {
      logs.back().last_stored = std::max(logs.back().last_stored, part.stored);
    }
    logs.back().files.push_back({std::move(parts)});
  }
  for (SealedLog& log : logs) describe(vault, log, damaged);
  std::erase_if(logs, [](const SealedLog& log) { return log.source.empty(); });
  std::ranges::sort(logs, {},
                    [](const SealedLog& log) { return std::tuple(log.source, log.incarnation, log.last_stored); });
  return logs;
}

}  // namespace lifeboat::relay
