#include "rescue/adopt.h"

#include <optional>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "codec/hash.h"
#include "relay/relay.h"
#include "rescue/adopt_folder.h"
#include "rescue/adopt_mark.h"
#include "rescue/adopt_parts.h"
#include "rescue/adopt_place.h"
#include "rescue/dump_text.h"
#include "rescue/log_choice.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {

namespace {

class Adoption {
 public:
  explicit Adoption(const AdoptRequest& request) : request_(request), vault_(request.branch.open_vault()) {
    request_.branch.on_boot = [this](const server::ServerInfo&, const server::BranchRecord& branch) {
      mark_adoption(branch, adopt_to_json(request_, kind_));
    };
  }

  AdoptResult run() {
    if (!request_.at.empty()) said_ = parse_place(request_.at);
    adopt_logs();
    if (!request_.backup.empty()) adopt_backup();
    return std::move(result_);
  }

 private:
  void adopt_logs() {
    const std::string source = request_.source.empty() ? "" : log_name();
    if (!request_.logs.empty()) {
      result_.log = adopt_log({.files = request_.logs,
                               .directory = request_.log_directory,
                               .source = source,
                               .progress = request_.progress},
                              *vault_);
      incarnation_ = result_.log->incarnation;
    } else if (std::filesystem::is_directory(request_.log_directory) &&
               !relay::list_source_directories(request_.log_directory).empty()) {
      incarnation_ = find_log(source);
    }
  }

  /// Adopted before, or kept by a relay. Of several that have nothing in common none is the backup's for certain.
  Path find_log(const std::string& source) const {
    try {
      return choose_incarnation(request_.log_directory, source, "");
    } catch (const Exception& e) {
      if (e.code() != Code::kUsage && e.code() != Code::kNotFound) throw;
      log::warn("{}; no log is asked where the backup lies: --source says whose it is", e.error().message);
      return {};
    }
  }

  std::string log_name() const { return relay::source_name(net::Endpoint::parse(request_.source)); }

  void adopt_backup() {
    const FileLock lock = lock_name();
    std::optional<BackupInput> input;
    if (!is_remote(request_.backup) && std::filesystem::is_directory(request_.backup)) {
      kind_ = kind_of_directory(request_.backup);
    } else {
      input.emplace(request_.backup);
      kind_ = kind_of_content(input->head(), request_.backup);
    }
    result_.kind = kind_name(kind_);
    log::info("{} is {}", request_.backup, result_.kind);
    clear_leftover();
    place_early(input ? &*input : nullptr);
    finish(begin(input ? &*input : nullptr));
  }

  /// Two adoptions of one name would be in each other's way.
  FileLock lock_name() const {
    const Path directory = request_.branch.mount.state_root / "adoptions";
    make_directories(directory);
    return {directory / (request_.branch.name + ".lock"), format("adoption {}", request_.branch.name)};
  }

  /// What an adoption of the same backup left that was killed: a mydumper folder's is gone on with, another's removed.
  void clear_leftover() {
    const std::string& name = request_.branch.name;
    const auto found = server::find_branch(request_.branch.mount.state_root, name);
    if (!found) return;
    if (!is_ours(*found)) {
      fail(Code::kExists, format("branch {} exists already", name),
           format("Choose another --name, or remove it: lifeboat branch stop {0}; lifeboat branch rm {0} --yes "
                  "--discard",
                  name));
    }
    if (kind_ == BackupKind::kMydumper && found->volume && !found->volume->image.empty()) return;
    log::info("branch {} was left by an adoption that was killed, and is removed", name);
    server::discard_branch(*found);
  }

  /// People may have a branch of this name too, even of the same image.
  bool is_ours(const server::BranchRecord& branch) {
    if (const auto mark = find_adoption_mark(branch)) return *mark == adopt_to_json(request_, kind_);
    const bool never_ran = branch.process.pid == 0 && branch.state != server::BranchState::kStarting;
    if (!never_ran) return false;
    const vault::ImageInfo image = vault::ImageReader(*vault_, branch.image).info();
    const json::value* member = image.server.if_contains(kAdoptMember);
    return member != nullptr && *member == json::value(adopt_to_json(request_, kind_));
  }

  /// What the backup tells before it is read: nobody is to wait hours for a refusal.
  std::optional<BackupPosition> told_early(const BackupInput* input) const {
    if (kind_ == BackupKind::kSql) return find_dump_position(as_text(input->head()), {});
    if (kind_ == BackupKind::kMydumper) return find_mydumper_position(request_.backup);
    if (kind_ == BackupKind::kBackupFolder) return find_folder_position(request_.backup);
    return std::nullopt;
  }

  void place_early(const BackupInput* input) {
    const auto told = told_early(input);
    const bool may_tell_later = kind_ != BackupKind::kMydumper && kind_ != BackupKind::kBackupFolder;
    if (told || said_ || !may_tell_later) {
      Placed placed = choose_place(told);
      if (!placed.note.empty()) note(std::move(placed.note));
    } else if (kind_ == BackupKind::kSql) {
      log::warn(
          "it does not say at its beginning where in the log it lies: without that, or --at, no log can be replayed "
          "onto it");
    }
  }

  AdoptedBranch begin(BackupInput* input) {
    switch (kind_) {
      case BackupKind::kSql:
        return adopt_dump(request_, *input, *vault_);
      case BackupKind::kStream:
        return adopt_stream(request_, *input, *vault_);
      case BackupKind::kBackupFolder:
        return adopt_backup_folder(request_, *vault_);
      case BackupKind::kMydumper:
        return adopt_mydumper(request_, *vault_);
      case BackupKind::kDataDirectory:
        break;
    }
    return adopt_data_directory(request_, incarnation_, *vault_);
  }

  void finish(AdoptedBranch adopted) {
    result_.notes = std::move(adopted.notes);
    place(adopted);
    settle(*adopted.connection);
    const std::string origin = format("adoption of {}, booted", request_.backup);
    const Stopwatch watch;
    const auto [name, new_bytes] = adopted.branch->commit(origin, adopted.image.server, request_.progress);
    result_.commit_seconds = watch.seconds();
    result_.boot_seconds = adopted.branch->boot_seconds();
    result_.read_seconds = adopted.read_seconds;
    result_.forecast = adopted.forecast;
    result_.prepared = adopted.prepared;
    result_.image = name;
    result_.copied_image = adopted.image.name;
    result_.new_bytes = adopted.image.new_bytes + new_bytes;
    result_.bytes = vault::ImageReader(*vault_, name).info().bytes;
    if (request_.keep_branch) {
      unmark_adoption(adopted.branch->record());
      result_.branch = adopted.branch->record().name;
      adopted.branch->keep();
    } else {
      adopted.branch->leave(false);
    }
  }

  void place(AdoptedBranch& adopted) {
    Placed placed = choose_place(adopted.position);
    if (!placed.note.empty()) note(std::move(placed.note));
    if (!placed.position) return;
    result_.position = std::move(placed.position);
    set_position(adopted.image, *result_.position);
  }

  /// What the backup's maker wrote down counts before what people say; these before what a data directory's server
  /// remembers.
  Placed choose_place(const std::optional<BackupPosition>& told) {
    const auto place = [&](const std::optional<BackupPosition>& at) {
      return place_backup(at, incarnation_, request_.source);
    };
    if (!said_) return place(told);
    if (kind_ == BackupKind::kDataDirectory) return place(said_);
    Placed said = place(said_);
    Placed placed;
    try {
      placed = place(told);
    } catch (const Exception& e) {
      if (e.code() != Code::kConflict) throw;
      note(format("{}; --at counts instead", e.error().message));
    }
    if (!placed.position) return said;
    if (said.position && said.position->gtid != placed.position->gtid) {
      note(format("--at {} is not what the backup itself says, which counts", request_.at));
    }
    return placed;
  }

  /// Warned of once, though it is found out early and again at the end.
  void note(std::string text) {
    if (warned_.insert(text).second) log::warn("{}", text);
    result_.notes.push_back(std::move(text));
  }

  AdoptRequest request_;
  std::unique_ptr<vault::Vault> vault_;
  std::optional<BackupPosition> said_;  ///< by people
  Path incarnation_;                    ///< of the log; empty: there is none
  BackupKind kind_ = BackupKind::kSql;
  std::set<std::string> warned_;
  AdoptResult result_;
};

}  // namespace

json::object adopt_to_json(const AdoptRequest& request, BackupKind kind) {
  json::object out{{"backup", request.backup.substr(0, request.backup.find('?'))}, {"kind", kind_name(kind)}};
  if (kind == BackupKind::kMydumper) {  // a folder of the same name may hold another dump the next night
    out["metadata"] = to_hex(codec::sha256(read_file(Path(request.backup) / "metadata")));
  }
  return out;
}

AdoptResult adopt(const AdoptRequest& request) {
  return Adoption(request).run();
}

}  // namespace lifeboat::rescue
