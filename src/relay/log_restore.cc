#include "relay/log_restore.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "relay/log_fetch.h"
#include "relay/log_scan.h"
#include "relay/source_log.h"
#include "vault/session.h"

namespace lifeboat::relay {
namespace {

/// Keeps prunes from sweeping what is read, as far as can be: nothing may stop a restore.
std::unique_ptr<vault::Session> begin_session(vault::Vault& vault) {
  try {
    return std::make_unique<vault::Session>(vault, vault::SessionKind::kWrite);
  } catch (const Exception& e) {
    log::warn("a prune will not know that the log is being restored: {}", e.what());
    return nullptr;
  }
}

/// Two relays may have counted the incarnations of one source alike: then theirs are counted anew.
void number_anew(std::vector<SealedLog>& logs) {
  std::map<std::string, std::vector<SealedLog*>> by_source;
  for (SealedLog& log : logs) by_source[log.source].push_back(&log);
  for (auto& [source, of_source] : by_source) {
    const auto twin = std::ranges::adjacent_find(of_source, {}, &SealedLog::incarnation);
    if (twin == of_source.end()) continue;
    std::ranges::sort(of_source, {}, &SealedLog::last_stored);
    for (std::size_t i = 0; i < of_source.size(); ++i) of_source[i]->incarnation = format("{:06}", i + 1);
  }
}

class Restore {
 public:
  Restore(vault::Vault& vault, const LogRestoreOptions& options) : vault_(vault), options_(options) {}

  LogRestoreReport run() {
    const auto session = begin_session(vault_);
    std::vector<SealedLog> logs = list_sealed_logs(vault_, report_.damaged);
    if (!options_.source.empty()) {
      std::erase_if(logs, [&](const SealedLog& log) { return log.source != options_.source; });
    }
    if (logs.empty()) {
      fail(Code::kNotFound,
           options_.source.empty() ? format("{}: no log in this vault", vault_.store().url())
                                   : format("{}: no log of {}", vault_.store().url(), options_.source),
           "`lifeboat log ls` on the vault names the sources whose log it has.");
    }
    number_anew(logs);
    for (const SealedLog& log : logs) {
      if (exists(path_of(log))) {
        fail(Code::kExists, format("{}: there is a log already", path_of(log).string()),
             "Restore into an empty directory.");
      }
    }
    for (SealedLog& log : logs) choose_files(log);
    tell_total(logs);
    for (const SealedLog& log : logs) restore_log(log);
    report_.damaged.insert(report_.damaged.end(), damaged_.begin(), damaged_.end());
    return std::move(report_);
  }

 private:
  Path path_of(const SealedLog& log) const { return options_.directory / log.source / log.incarnation; }

  /// Leaves out the files that end before the place asked for.
  void choose_files(SealedLog& log) {
    if (!options_.from_gtid && !options_.from_time && !options_.from_position) return;
    const auto first =
        std::find_if(log.files.rbegin(), log.files.rend(), [&](const SealedFile& file) { return begins_before(file); });
    if (first != log.files.rend()) log.files.erase(log.files.begin(), std::prev(first.base()));
  }

  bool begins_before(const SealedFile& file) {
    const LogPartRecord record = first_record(vault_, file);
    if (options_.from_gtid && record.before.covers(*options_.from_gtid)) return false;
    if (options_.from_position && !options_.from_position->reached(record.before.position())) return false;
    const auto first = from_unix_ms(std::int64_t{record.first_time} * 1000);
    return !options_.from_time || (record.first_time != 0 && first <= *options_.from_time);
  }

  void tell_total(const std::vector<SealedLog>& logs) {
    if (options_.progress == nullptr) return;
    std::uint64_t total = 0;
    for (const SealedLog& log : logs) {
      for (const SealedFile& file : log.files) total += file.cover().end;
    }
    options_.progress->set_total(total);
  }

  void restore_log(const SealedLog& log) {
    const Path final_path = path_of(log);
    const Path path = final_path.parent_path() / (".restoring-" + log.incarnation);
    std::filesystem::remove_all(path);
    make_directories(path);
    binlog::GtidState state;
    for (const SealedFile& file : log.files) restore_file(log, file, path, state);
    if (!log.note.empty()) write_incarnation_note(path, log.note);
    write_stream_id(path, log.stream);
    sync_directory(path);
    std::filesystem::rename(path, final_path);
    sync_directory(final_path.parent_path());
  }

  void restore_file(const SealedLog& log, const SealedFile& file, const Path& directory, binlog::GtidState& state) {
    RestoredFile restored{.source = log.source, .incarnation = log.incarnation};
    vault::LogCover cover;
    try {
      restored.file = first_record(vault_, file).file;
      cover = fetch_sealed_file(vault_, file, directory / restored.file, damaged_, options_.progress);
    } catch (const Exception& e) {
      if (e.code() != Code::kCorruption && e.code() != Code::kNotFound) throw;
      restored.problem = format("cannot be read: {}", e.error().message);
      report_.files.push_back(std::move(restored));
      return;
    }
    restored.bytes = cover.end;
    restored.closed = cover.closed;
    restored.problem = judge(directory / restored.file, cover, state);
    restored.gtid = state.position().format();
    report_.bytes += cover.end;
    report_.files.push_back(std::move(restored));
  }

  /// What is wrong with a file that was written; `state` is moved on by it.
  static std::string judge(const Path& path, const vault::LogCover& cover, binlog::GtidState& state) {
    std::string problem;
    if (!cover.whole()) {
      problem = format("bytes {} to {} are missing", cover.end, cover.known_end);
    }
    const LogScan scan = scan_log_file(path, state);
    if (const auto& head = scan.progress.head(); head && !state.empty() && problem.empty()) {
      const binlog::GtidState before = binlog::GtidState::from_list(*head);
      if (before != state) {
        problem = format("gap: it begins after {}, and the file before it ends at {}", before.position().format(),
                         state.position().format());
      }
    }
    if (problem.empty() && !scan.why_stopped.empty()) problem = scan.why_stopped;
    state = scan.progress.boundary().state;
    return problem;
  }

  vault::Vault& vault_;
  const LogRestoreOptions& options_;
  std::set<std::string> damaged_;  ///< parts that can't be read
  LogRestoreReport report_;
};

}  // namespace

LogRestoreReport restore_log(vault::Vault& vault, const LogRestoreOptions& options) {
  return Restore(vault, options).run();
}

}  // namespace lifeboat::relay
