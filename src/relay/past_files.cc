#include "relay/past_files.h"

#include "base/error.h"
#include "base/log.h"
#include "binlog/event.h"
#include "relay/log_part_record.h"
#include "relay/source_log.h"

namespace lifeboat::relay {
namespace {

/// The Gtid_list among a file's first events; empty if there is none.
std::vector<binlog::Gtid> head_in(const std::string& name, ByteView content) {
  FileProgress progress(name, {});
  ByteView rest = content.subspan(std::min(content.size(), binlog::kFileMagic.size()));
  while (!progress.head() && !progress.group_ended() && rest.size() >= binlog::kEventHeaderSize) {
    const std::size_t size = binlog::decode_header(rest).size;
    if (size > rest.size()) break;
    progress.begin(rest.first(size));
    rest = rest.subspan(size);
  }
  return progress.head().value_or(std::vector<binlog::Gtid>());
}

}  // namespace

PastFile PastFiles::describe(const std::vector<vault::ListedLogPart>& parts) {
  const vault::LogCover cover = vault::cover_log_file(parts);
  if (cover.parts.empty()) fail(Code::kCorruption, "its beginning is missing");
  const vault::ListedLogPart& first = cover.parts.front();
  const LogPartRecord record = decode_log_part_record(vault::read_log_metadata(vault(), first));
  PastFile past{.name = record.file, .head = record.before.list(), .parts = {}};
  // A part that was sealed before the list was there does not tell it.
  if (past.head.empty()) past.head = head_in(past.name, vault::read_log_part(vault(), first.name).content);
  return past;
}

std::map<std::uint64_t, PastFile> PastFiles::list() {
  const std::vector<ServedLog::File> here = log_->files();
  std::map<std::uint64_t, PastFile> past;
  if (here.empty()) return past;
  std::map<std::uint64_t, std::vector<vault::ListedLogPart>> listed;
  for (auto& parts : vault::split_by_file(vault::list_log_parts(vault(), stream_id(log_->path())))) {
    listed[parts.front().name.file] = std::move(parts);
  }
  for (std::uint64_t number = log_file_number(here.front().name); number-- > 0;) {
    const auto parts = listed.find(number);
    if (parts == listed.end()) break;
    try {
      if (!known_.contains(number)) known_[number] = describe(parts->second);
    } catch (const Exception& e) {
      if (e.code() != Code::kCorruption && e.code() != Code::kNotFound) throw;
      log::warn("log file {} in the vault cannot be served, nor those before it: {}", number, e.what());
      break;
    }
    past[number] = known_[number];
    past[number].parts = parts->second;
  }
  return past;
}

}  // namespace lifeboat::relay
