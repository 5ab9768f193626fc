#include "rescue/adopt_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "binlog/control_events.h"
#include "relay/relay.h"
#include "relay/source_log.h"
#include "relay/stream_sealer.h"
#include "rescue/adopt_input.h"
#include "rescue/vault_log.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20U;
constexpr std::chrono::milliseconds kLookForLock{200};
/// In an incarnation that was adopted: which files it was made of, and what was not taken of them.
constexpr std::string_view kGivenFile = "adopted.json";
constexpr std::string_view kEncryptedMagic{"\xfd\x62\x69\x6e", 4};

struct GivenLog {
  Path path;
  std::string name;  ///< as the server gave it
  std::uint64_t bytes = 0;
};

/// By its server: MySQL's hides all of a file, MariaDB's all after the first event.
bool is_encrypted(ByteView head) {
  if (as_text(head).starts_with(kEncryptedMagic)) return true;
  if (!as_text(head).starts_with(binlog::kFileMagic)) return false;
  try {
    ByteView rest = head.subspan(binlog::kFileMagic.size());
    rest = rest.subspan(std::min<std::size_t>(binlog::decode_header(rest).size, rest.size()));
    binlog::Event second;
    second.header = binlog::decode_header(rest);
    return binlog::begins_encryption(second);
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption) throw;
    return false;  // whoever scans it says what it is
  }
}

FileLock wait_for_lock(const Path& path, const std::string& what) {
  for (bool said = false;;) {
    try {
      return {path, what};
    } catch (const Exception& e) {
      if (e.code() != Code::kBusy) throw;
      if (!std::exchange(said, true)) log::info("{}; waiting for it", e.error().message);
    }
    throw_if_cancelled();
    std::this_thread::sleep_for(kLookForLock);
  }
}

/// The files themselves, oldest first.
std::vector<GivenLog> find_given(const std::vector<Path>& paths) {
  std::vector<GivenLog> given;
  const auto add = [&](const Path& path) {
    given.push_back({.path = path,
                     .name = name_without_packing(path.filename().string()),
                     .bytes = std::filesystem::file_size(path)});
  };
  for (const Path& path : paths) {
    if (!std::filesystem::exists(path)) fail(Code::kNotFound, format("{}: is not there", path.string()));
    if (!std::filesystem::is_directory(path)) {
      add(path);
      continue;
    }
    for (const std::string& name : list_directory(path)) {
      if (relay::is_log_file_name(name_without_packing(name))) add(path / name);
    }
  }
  for (const GivenLog& each : given) {
    if (relay::is_log_file_name(each.name)) continue;
    fail(Code::kUsage, format("{}: is not called as a server calls its binary logs", each.path.string()),
         "Give it the name that it had there, such as mysql-bin.000042: positions name the file.");
  }
  if (given.empty()) fail(Code::kNotFound, "no binary log was found among what --log names");
  std::ranges::sort(given, {}, [](const GivenLog& each) { return relay::log_file_number(each.name); });
  const auto twin =
      std::ranges::adjacent_find(given, {}, [](const GivenLog& each) { return relay::log_file_number(each.name); });
  if (twin != given.end()) {
    fail(Code::kUsage, format("{} and {} have the same number", twin->path.string(), std::next(twin)->path.string()),
         "Name the files of one server, each once.");
  }
  return given;
}

json::array given_as_json(const std::vector<GivenLog>& given) {
  json::array files;
  for (const GivenLog& each : given) files.push_back(json::object{{"file", each.name}, {"bytes", each.bytes}});
  return files;
}

/// What an incarnation was made of; nothing if it was not adopted, or that cannot be read.
std::optional<json::object> find_given(const Path& incarnation) {
  const auto text = find_and_read_file(incarnation / kGivenFile);
  if (!text) return std::nullopt;
  try {
    return parse_json(as_text(*text), kGivenFile).as_object();
  } catch (const std::exception& e) {
    log::warn("{}: {}", (incarnation / kGivenFile).string(), e.what());
    return std::nullopt;
  }
}

std::vector<std::string> texts_of(const json::object& object, std::string_view key) {
  return json::value_to<std::vector<std::string>>(object.at(key));
}

class LogAdoption {
 public:
  LogAdoption(const AdoptLogRequest& request, vault::Vault& vault) : request_(request), vault_(vault) {}

  AdoptedLog run() {
    given_ = find_given(request_.files);
    make_directories(request_.directory);
    const FileLock lock = wait_for_lock(request_.directory / ".adopting.lock",
                                        format("an adoption into {}", request_.directory.string()));
    if (!find_earlier()) copy();
    describe();
    seal();
    return std::move(result_);
  }

 private:
  /// Of the same files: made by an earlier call, which may not have come to its end.
  bool find_earlier() {
    const json::value wanted = given_as_json(given_);
    for (const Path& source : relay::list_source_directories(request_.directory)) {
      if (!request_.source.empty() && source.filename() != request_.source) continue;
      const Path newest = relay::list_incarnations(source).back();
      const auto made_of = find_given(newest);
      if (!made_of || made_of->at("files") != wanted) continue;
      if (!has_heads_of(newest, texts_of(*made_of, "left_out"))) continue;
      result_.notes = texts_of(*made_of, "notes");
      result_.source = source.filename().string();
      result_.incarnation = newest;
      return true;
    }
    return false;
  }

  /// A file of the same name and size may be another.
  bool has_heads_of(const Path& incarnation, const std::vector<std::string>& left_out) const {
    return std::ranges::all_of(given_, [&](const GivenLog& each) {
      if (std::ranges::find(left_out, each.name) != left_out.end()) return true;
      const Path kept = incarnation / each.name;
      if (!std::filesystem::exists(kept)) return false;
      const BackupInput input(each.path.string());
      Bytes head(input.head().size());
      const UniqueFd file = open_file(kept, O_RDONLY);
      head.resize(pread_full(file.get(), head, 0, kept.string()));
      return as_text(input.head()).starts_with(as_text(head)) && !head.empty();
    });
  }

  void copy() {
    const Path copies = request_.directory / ".adopting";
    std::filesystem::remove_all(copies);
    make_directories(copies);
    {
      std::uint64_t bytes = 0;
      for (const GivenLog& each : given_) bytes += each.bytes;
      Progress progress(request_.progress, "adopt log", bytes);
      for (const GivenLog& each : given_) copy_file(each, copies / each.name, progress);
    }
    check_together(copies);
    for (const GivenLog& each : given_) cut(copies / each.name);
    if (relay::LogDirectory(copies).files().empty()) {
      fail(Code::kCorruption, "none of the binary logs tells what it begins after: there is no log to adopt");
    }
    const json::object made_of{{"files", given_as_json(given_)},
                               {"left_out", json::value_from(left_out_)},
                               {"notes", json::value_from(result_.notes)}};
    write_file_durably(copies / kGivenFile, as_bytes(json::serialize(made_of) + "\n"));
    relay::SourceLog source(request_.directory / result_.source);
    result_.incarnation = source.take(copies, "adopted", begin_of(copies))->path();
  }

  void copy_file(const GivenLog& given, const Path& to, Progress& progress) const {
    BackupInput input(given.path.string());
    if (is_encrypted(input.head())) {
      fail(Code::kUnsupported, format("{}: is encrypted", given.path.string()),
           "A server that has the keys gives it out in clear: mariadb-binlog --read-from-remote-server --raw.");
    }
    const UniqueFd file = open_file(to, O_WRONLY | O_CREAT | O_EXCL);
    Bytes buffer(kCopyBytes);
    std::uint64_t counted = 0;
    for (ByteView piece = input.read(buffer); !piece.empty(); piece = input.read(buffer)) {
      write_full(file.get(), piece, to.string());
      progress.add(input.consumed() - counted);
      counted = input.consumed();
    }
    sync_file(file.get(), to.string());
  }

  /// One server wrote them all.
  void check_together(const Path& copies) {
    std::optional<relay::FileIdentity> first;
    for (const GivenLog& each : given_) {
      const auto head = relay::read_log_head(copies / each.name);
      if (!head) continue;  // cut() says so
      if (!head->identity.server_version.contains("MariaDB")) {
        fail(Code::kUnsupported, format("{}: is of {}; only MariaDB's can be replayed yet", each.path.string(),
                                        head->identity.server_version));
      }
      if (first && first->server_id != head->identity.server_id) {
        fail(Code::kUsage,
             format("{}: is of the server with server_id {}, and the others of that with {}", each.path.string(),
                    head->identity.server_id, first->server_id),
             "Name the files of one server: the one whose log has all, in a ring.");
      }
      first = head->identity;
    }
    if (!first) {
      fail(Code::kCorruption, format("{}: is no binary log, or not its beginning", given_.front().path.string()));
    }
    result_.source = request_.source.empty() ? format("server-{}", first->server_id) : request_.source;
  }

  void cut(const Path& copy) {
    const relay::LogScan scan = relay::scan_log_file(copy, {});
    const std::string name = copy.filename().string();
    if (!scan.progress.has_format()) {
      note(format("{}: is no binary log, or has lost its beginning: it is left out", name));
      left_out_.push_back(name);
      std::filesystem::remove(copy);
      return;
    }
    const std::uint64_t end = scan.progress.boundary().position;
    if (end == scan.size) return;
    note(format("{}: the last {} bytes are left out: {}", name, scan.size - end,
                scan.why_stopped.empty() ? "they are a transaction without its end" : scan.why_stopped));
    const UniqueFd file = open_file(copy, O_WRONLY);
    if (::ftruncate(file.get(), static_cast<off_t>(end)) != 0) fail_errno(format("cut {}", copy.string()), errno);
    sync_file(file.get(), copy.string());
  }

  static std::string begin_of(const Path& incarnation) {
    const auto files = relay::LogDirectory(incarnation).files();
    return files.front().head ? binlog::GtidState::from_list(*files.front().head).position().format() : "";
  }

  void describe() {
    const relay::LogDirectory log(result_.incarnation);
    for (const relay::ServedLog::File& file : log.files()) index_log_file(log, file);
    result_.files = log.files().size();
    result_.bytes = log.bytes();
    result_.begins = begin_of(result_.incarnation);
    result_.ends = log.state().position().format();
    for (const relay::LogGap& gap : relay::judge_continuity(result_.incarnation.parent_path()).gaps) {
      if (gap.incarnation != result_.incarnation.filename() || !gap.lost) continue;
      note(format("gap: {} begins after {}, and what is kept before it ends at '{}'", gap.file, gap.begins,
                  gap.kept_to));
    }
  }

  /// Its newest file stays open: a relay may go on with it.
  void seal() {
    relay::StreamSealer sealer(result_.source, std::make_shared<relay::LogDirectory>(result_.incarnation));
    sealer.seal(vault_, [] { return stop_requested().load(); });
    throw_if_cancelled();
  }

  void note(std::string text) {
    log::warn("{}", text);
    result_.notes.push_back(std::move(text));
  }

  const AdoptLogRequest& request_;
  vault::Vault& vault_;
  std::vector<GivenLog> given_;
  std::vector<std::string> left_out_;
  AdoptedLog result_;
};

}  // namespace

AdoptedLog adopt_log(const AdoptLogRequest& request, vault::Vault& vault) {
  return LogAdoption(request, vault).run();
}

}  // namespace lifeboat::rescue
