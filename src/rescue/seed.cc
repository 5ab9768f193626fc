#include "rescue/seed.h"

#include "base/error.h"
#include "base/log.h"
#include "rescue/log_coverage.h"
#include "rescue/seed_boot.h"
#include "rescue/seed_copy.h"
#include "rescue/seed_dump.h"
#include "rescue/seed_source.h"
#include "server/server_binary.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {

namespace {

/// A relay that follows is behind by less; one that does not, does not come.
constexpr std::chrono::seconds kRelayPatience{10};
constexpr std::size_t kErrorLogBytesMax = std::size_t{64} << 20U;

class Seed {
 public:
  explicit Seed(const SeedRequest& request) : request_(request), vault_(request.branch.open_vault()) {}

  SeedResult run() {
    check_name();
    {
      relay::SourceConnection connection(request_.source, cancel_);
      source_ = ask_seed_source(connection);
    }
    check_server();
    check_source();
    if (request_.method == SeedMethod::kDump) {
      dump();
    } else {
      copy();
    }
    return std::move(result_);
  }

 private:
  /// Found out before hours of work.
  void check_name() const {
    const std::string& name = request_.branch.name;
    if (name.empty() || !server::find_branch(request_.branch.mount.state_root, name)) return;
    fail(Code::kExists, format("branch {} exists already", name),
         format("Choose another --name, or remove it: lifeboat branch stop {0}; lifeboat branch rm {0} --yes --discard",
                name));
  }

  void check_server() const {
    server::ServerInfo info;
    info.flavour = server::Flavour::kMariaDb;
    info.version = source_.version;
    server::check_fits(server::find_server_binary(request_.branch.binary), info);
  }

  void check_source() const {
    const relay::SourceAddress& address = request_.source.address;
    if (!request_.relay_directory) {
      log::warn("the image will be one that no log is known to go on from");
      return;
    }
    if (!source_.position) {
      fail(Code::kRefused, format("{} writes no binary log: nothing after the image could be had", address.text()),
           "Start it with log_bin, and follow it (lifeboat relay run); or pass --without-log.");
    }
    require_log(*request_.relay_directory, address, *source_.position, kRelayPatience);
  }

  /// The position that the image gets: as the log has it where there is one, else as the copy says.
  ImagePosition position_at(const BackupPosition& said) {
    ImagePosition position{.gtid = binlog::GtidPosition::parse(said.gtid),
                           .file = said.file,
                           .position = said.position,
                           .source = request_.source.address.endpoint.text(),
                           .taken = now()};
    if (!request_.relay_directory) return position;
    const binlog::GtidPosition logged =
        require_log(*request_.relay_directory, request_.source.address, {said.file, said.position}, kRelayPatience);
    if (!said.gtid.empty() && logged != position.gtid && logged != ask_position_in_log(said)) {
      fail(Code::kConflict,
           format("the copy is at {}, and the log has {} at {}:{}", said.gtid, logged.format(), said.file,
                  said.position),
           "Does the relay follow the server that is copied? See: lifeboat relay status");
    }
    position.gtid = logged;
    return position;
  }

  /// Of a server that was once a replica of another history the tools tell the GTID of that, which is in no log of its
  /// own. What its own log has at a place, it says itself.
  std::optional<binlog::GtidPosition> ask_position_in_log(const BackupPosition& said) {
    relay::SourceConnection connection(request_.source, cancel_);
    const auto answer =
        connection.value(format("SELECT BINLOG_GTID_POS({}, {})", relay::quote_sql(said.file), said.position));
    if (!answer) return std::nullopt;
    return binlog::GtidPosition::parse(*answer);
  }

  void copy() {
    Stopwatch watch;
    const CopiedImage copied = copy_files(request_, source_, *vault_);
    result_.copy_seconds = watch.seconds();
    result_.waited_seconds = copied.waited_seconds;
    result_.copied_image = copied.image.name;
    result_.new_bytes = copied.image.new_bytes;
    log::info("image {}: copied as it came; now it is booted", copied.image.name);
    if (copied.position) result_.position = position_at(*copied.position);
    finish(boot(copied.image), copied.image);
  }

  std::unique_ptr<SeedBranch> boot(const vault::ImageInfo& copied) {
    BootedCopy booted = boot_copy({.branch = request_.branch,
                                   .origin = format("seed of {}", request_.source.address.endpoint.text()),
                                   .prepare = request_.prepare,
                                   .threads = request_.threads,
                                   .progress = request_.progress},
                                  copied, *vault_);
    if (booted.prepared) result_.new_bytes += booted.prepared->new_bytes;
    result_.prepared = booted.prepared.has_value();
    return std::move(booted.branch);
  }

  void dump() {
    Stopwatch watch;
    DumpedBranch dumped = load_dump(request_, source_, *vault_);
    result_.copy_seconds = watch.seconds();
    result_.waited_seconds = dumped.waited_seconds;
    result_.copied_image = dumped.image.name;
    result_.position = position_at(dumped.position);
    finish(std::move(dumped.branch), dumped.image);
  }

  void finish(std::unique_ptr<SeedBranch> branch, const vault::ImageInfo& image) {
    check(*branch);
    vault::ImageInfo describe = image;
    if (result_.position) set_position(describe, *result_.position);
    const std::string origin = format("seed of {}, booted{}", request_.source.address.endpoint.text(),
                                      request_.relay_directory ? "" : ", without a log");
    const Stopwatch watch;
    const auto [name, new_bytes] = branch->commit(origin, describe.server, request_.progress);
    result_.commit_seconds = watch.seconds();
    result_.boot_seconds = branch->boot_seconds();
    result_.image = name;
    result_.new_bytes += new_bytes;
    result_.bytes = vault::ImageReader(*vault_, name).info().bytes;
    if (!request_.keep_branch) return;
    result_.branch = branch->record().name;
    branch->keep();
  }

  void check(const SeedBranch& branch) const {
    server::Connection connection = branch.connect();
    settle(connection);
    if (!result_.position || request_.method == SeedMethod::kDump) return;
    const Bytes log = read_file(branch.record().error_log(), kErrorLogBytesMax);
    const auto recovered = find_recovered_position(as_text(log));
    if (recovered) check_recovered(*recovered, result_.position->file, result_.position->position);
  }

  const SeedRequest& request_;
  std::unique_ptr<vault::Vault> vault_;
  net::Cancel cancel_;
  SeedSource source_;
  SeedResult result_;
};

}  // namespace

SeedResult seed(const SeedRequest& request) {
  return Seed(request).run();
}

}  // namespace lifeboat::rescue
