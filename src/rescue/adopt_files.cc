// Backups that are files of a server: of mariadb-backup as a stream or a folder, and data directories.

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "rescue/adopt_parts.h"
#include "rescue/adopt_progress.h"
#include "rescue/backup_image.h"
#include "rescue/rescue_run.h"
#include "rescue/seed_copy.h"
#include "server/inspect.h"
#include "vault/import.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kFilePieceBytes = std::size_t{1} << 20U;
constexpr std::size_t kServerLogBytesMax = std::size_t{64} << 20U;

/// What comes in between: a backup's files go into it.
using Fill = std::function<void(BackupSink& sink)>;

std::string origin_of(const AdoptRequest& request) {
  return format("adoption of {}", request.backup);
}

AdoptedBranch boot_backup(const AdoptRequest& request, const vault::ImageInfo& image, vault::Vault& vault) {
  log::info("image {}: as it came; now it is booted", image.name);
  BootedCopy booted = boot_copy({.branch = request.branch,
                                 .origin = origin_of(request),
                                 .threads = request.threads,
                                 .progress = request.progress},
                                image, vault);
  AdoptedBranch adopted;
  adopted.branch = std::move(booted.branch);
  adopted.image = booted.prepared.value_or(image);
  adopted.prepared = booted.prepared.has_value();
  adopted.connection = std::make_unique<server::Connection>(adopted.branch->connect());
  return adopted;
}

std::optional<RecoveredPosition> recovered_position(const SeedBranch& branch) {
  const Bytes log = read_file(branch.record().error_log(), kServerLogBytesMax);
  return find_recovered_position(as_text(log));
}

/// Transactions were prepared that the branch's server has committed, since no binary log said what is to become of
/// them: it stands behind the place that it remembers.
bool died_in_commits(const SeedBranch& branch) {
  const Bytes log = read_file(branch.record().error_log(), kServerLogBytesMax);
  return as_text(log).contains(" in prepared state after recovery");
}

AdoptedBranch adopt_files(const AdoptRequest& request, BackupKind kind, AdoptProgress& progress, const Fill& fill,
                          vault::Vault& vault) {
  BackupImage image(vault, nullptr, request.threads);
  fill(image);
  BackupFacts facts = facts_of(image.settle());
  vault::ImageInfo describe;
  describe.time = now();
  describe.origin = format("{}, not booted", origin_of(request));
  take_options(request.defaults_file, facts.server, describe);
  describe.server = server::to_json(facts.server);
  describe.server[kAdoptMember] = adopt_to_json(request, kind);
  const vault::ImageInfo published = image.publish(std::move(describe));
  const double read_seconds = progress.seconds();
  const auto forecast = progress.forecast();
  AdoptedBranch adopted = boot_backup(request, published, vault);
  adopted.read_seconds = read_seconds;
  adopted.forecast = forecast;
  adopted.position = std::move(facts.position);
  if (!adopted.position || facts.prepared) return adopted;
  const auto recovered = recovered_position(*adopted.branch);
  if (recovered) check_recovered(*recovered, adopted.position->file, adopted.position->position);
  return adopted;
}

struct FolderFile {
  std::string name;  ///< below the folder
  std::uint64_t bytes = 0;
};

std::vector<FolderFile> list_folder(const Path& folder) {
  std::vector<FolderFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    if (entry.is_symlink()) {
      fail(Code::kUnsupported, format("{}: is a link, which no backup tool makes", printable(entry.path().string())),
           "Put the file itself in its place, and adopt again.");
    }
    if (entry.is_regular_file()) files.push_back({.name = name, .bytes = entry.file_size()});
  }
  std::ranges::sort(files, {}, &FolderFile::name);
  return files;
}

void feed_file(const Path& folder, const FolderFile& file, BackupSink& sink, AdoptProgress& progress, Bytes& buffer) {
  const Path path = folder / file.name;
  const UniqueFd fd = open_file(path, O_RDONLY | O_NOFOLLOW);
  sink.begin(file.name, false);
  for (std::uint64_t at = 0;;) {
    const std::size_t count = pread_full(fd.get(), buffer, at, path.string());
    if (count == 0) break;
    sink.write(file.name, at, ByteView(buffer).first(count));
    at += count;
    progress.add(count);
  }
  sink.end(file.name);
}

/// Where in a log a server says that it stands, whose files do not: as the log knows it; else what it has logged
/// itself, what its storage engine remembers of its binary log, what it has applied of another's.
std::optional<BackupPosition> ask_server(AdoptedBranch& adopted, const Path& incarnation) {
  const std::string logged = adopted.connection->value("SELECT @@GLOBAL.gtid_binlog_pos");
  const std::string applied = adopted.connection->value("SELECT @@GLOBAL.gtid_slave_pos");
  if (!incarnation.empty()) {
    RescueLog log(incarnation);
    const binlog::GtidPosition at =
        position_in_log(log, binlog::GtidPosition::parse(applied), binlog::GtidPosition::parse(logged));
    if (!at.empty() && log.knows(at) && !logged.empty()) return BackupPosition{.gtid = at.format()};
  }
  if (!logged.empty()) return BackupPosition{.gtid = logged};
  if (const auto recovered = recovered_position(*adopted.branch)) {
    if (died_in_commits(*adopted.branch)) {
      adopted.notes.push_back(format(
          "its server died in the middle of commits, at or behind {}:{}; which of them count, its binary log alone "
          "tells: copy that with its .index into the data directory, and adopt it again",
          recovered->file, recovered->position));
      return std::nullopt;
    }
    adopted.notes.emplace_back(
        "where it lies is by what InnoDB recovered; what tables of other engines had later is not counted");
    return BackupPosition{.file = recovered->file, .position = recovered->position};
  }
  return applied.empty() ? std::nullopt : std::optional(BackupPosition{.gtid = applied});
}

}  // namespace

AdoptedBranch adopt_stream(const AdoptRequest& request, BackupInput& input, vault::Vault& vault) {
  AdoptProgress progress(request.progress, input.size());
  const Fill fill = [&](BackupSink& sink) {
    BackupStreamDecoder decoder(sink);
    Bytes buffer(kFilePieceBytes);
    for (ByteView piece = input.read(buffer); !piece.empty(); piece = input.read(buffer)) {
      decoder.feed(piece);
      progress.come_to(input.consumed());
    }
    decoder.finish();
  };
  return adopt_files(request, BackupKind::kStream, progress, fill, vault);
}

AdoptedBranch adopt_backup_folder(const AdoptRequest& request, vault::Vault& vault) {
  const Path folder = request.backup;
  const std::vector<FolderFile> files = list_folder(folder);
  std::uint64_t total = 0;
  for (const FolderFile& file : files) total += file.bytes;
  AdoptProgress progress(request.progress, total);
  const Fill fill = [&](BackupSink& sink) {
    Bytes buffer(kFilePieceBytes);
    for (const FolderFile& file : files) feed_file(folder, file, sink, progress, buffer);
  };
  return adopt_files(request, BackupKind::kBackupFolder, progress, fill, vault);
}

AdoptedBranch adopt_data_directory(const AdoptRequest& request, const Path& incarnation, vault::Vault& vault) {
  const std::optional<Path> defaults =
      request.defaults_file.empty() ? std::nullopt : std::optional(request.defaults_file);
  server::Description description = server::describe_directory(request.backup, defaults);
  for (const std::string& warning : description.warnings) log::warn("{}", warning);
  const Stopwatch watch;
  vault::ImageInfo image;
  {
    Progress progress(request.progress, "adopt", 0);
    vault::ImportOptions import{.directory = request.backup, .threads = request.threads, .progress = &progress};
    import.describe.origin = format("{}, not booted", origin_of(request));
    import.describe.server = std::move(description.server);
    import.describe.server[kAdoptMember] = adopt_to_json(request, BackupKind::kDataDirectory);
    import.describe.attachments = std::move(description.attachments);
    image = vault::import_directory(vault, import);
  }
  const double read_seconds = watch.seconds();
  log::info("image {}: as it came; now it is booted", image.name);
  AdoptedBranch adopted;
  adopted.branch = std::make_unique<SeedBranch>(request.branch, image.name);
  adopted.image = image;
  adopted.connection = std::make_unique<server::Connection>(adopted.branch->connect());
  adopted.read_seconds = read_seconds;
  adopted.position = ask_server(adopted, incarnation);
  return adopted;
}

}  // namespace lifeboat::rescue
