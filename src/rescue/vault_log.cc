#include "rescue/vault_log.h"

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "relay/group_stream.h"
#include "relay/index_file.h"
#include "relay/log_directory.h"
#include "relay/log_index.h"
#include "relay/log_restore.h"
#include "relay/relay.h"
#include "relay/source_log.h"

namespace lifeboat::rescue {
void index_log_file(const relay::LogDirectory& log, const relay::ServedLog::File& file) {
  const auto owner = relay::index_owner(file.path);
  if (!owner) return;
  const std::uint64_t end = log.end_of(file.name).readable;
  relay::IndexFileWriter writer(relay::index_path(file.path), *owner, end);
  relay::GroupStream stream(file.path);
  if (!stream.read_again_if_beyond(writer.end(), end)) return;  // all of it is indexed
  while (const auto group = stream.next(end)) {
    throw_if_cancelled();
    writer.add(group->entry);
  }
  writer.flush();
}

Path bring_vault_log(vault::Vault& vault, const Path& directory, const VaultLogRequest& request) {
  Path unfinished = directory;
  unfinished += ".new";
  std::filesystem::remove_all(unfinished);
  std::filesystem::remove_all(directory);
  const relay::LogRestoreReport report =
      relay::restore_log(vault, {.directory = unfinished,
                                 .source = request.source,
                                 .from_gtid = {},
                                 .from_time = request.from ? std::nullopt : request.from_time,
                                 .from_position = request.from,
                                 .progress = request.progress});
  for (const relay::RestoredFile& file : report.files) {
    if (!file.problem.empty()) log::warn("{} {}: {}", file.source, file.file, file.problem);
  }
  const auto sources = relay::list_source_directories(unfinished);
  if (sources.size() != 1) {
    std::vector<std::string> names;
    for (const Path& source : sources) names.push_back(source.filename().string());
    fail(Code::kUsage, lifeboat::format("the vault keeps the logs of {}", fmt::join(names, ", ")),
         "Name one with --source.");
  }
  const Path newest = relay::list_incarnations(sources.front()).back();
  const relay::LogDirectory log(newest);
  for (const relay::ServedLog::File& file : log.files()) index_log_file(log, file);
  std::filesystem::rename(unfinished, directory);
  sync_directory(directory.parent_path());
  return directory / newest.parent_path().filename() / newest.filename();
}

}  // namespace lifeboat::rescue
