#include "server/options.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "base/units.h"
#include "server/encryption.h"
#include "server/settings.h"

namespace lifeboat::server {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
/// Of a server whose image has no binary log.
constexpr std::string_view kOwnBinlog = "standby-bin";

/// Settings that are taken from the files themselves, or are about places outside the image.
constexpr std::array<std::string_view, 12> kFromFiles = {
    "innodb_data_file_path", "innodb_data_home_dir",      "innodb_encrypt_log",
    "innodb_log_file_size",  "innodb_log_group_home_dir", "innodb_page_size",
    "innodb_undo_directory", "innodb_undo_tablespaces",   "log_bin",
    "plugin_load",           "plugin_load_add",           "wsrep_on"};

bool is_about_encryption(std::string_view name) {
  return name.find("encrypt") != std::string_view::npos;
}

using Arguments = std::vector<std::string>;

/// As an option file has it: read back, it is the same.
std::string option_value(const std::string& value) {
  if (value.find_first_of("#\\\"'") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

void add_files(Arguments& out, const Path& data, const Path& socket, const Path& pid_file, const Path& error_log) {
  out.push_back(format("--datadir={}", data.string()));
  out.push_back(format("--socket={}", socket.string()));
  out.push_back(format("--pid-file={}", pid_file.string()));
  out.push_back(format("--log-error={}", error_log.string()));
  // mariadbd refuses to run as root unless told so; the files are the invoking user's, so the server has to be as well.
  if (::geteuid() == 0) out.emplace_back("--user=root");
}

std::string_view binlog_base(const ServerInfo& info) {
  return info.binlog_base.empty() ? kOwnBinlog : std::string_view(info.binlog_base);
}

void add_places(Arguments& out, const LaunchPlan& plan) {
  add_files(out, plan.data_directory, plan.socket, plan.pid_file, plan.error_log);
  out.push_back(format("--tmpdir={}", plan.private_directory.temporary().string()));
  // Reachable from this host alone. A DNS server that is down in the same incident must not delay a login.
  out.push_back(format("--port={}", plan.port));
  out.emplace_back("--bind-address=127.0.0.1");
  out.emplace_back("--skip-name-resolve");
}

/// A branch does nothing by itself and reaches no other host.
void add_quiet(Arguments& out, const LaunchPlan& plan) {
  const PrivateDirectory& own = plan.private_directory;
  // Replication is configured in files of the data directory: the server is shown empty ones of its own instead, so
  // that no connection exists that START SLAVE could start.
  out.push_back(format("--master-info-file={}", (own.replication() / "master.info").string()));
  out.push_back(format("--relay-log-info-file={}", (own.replication() / "relay-log.info").string()));
  out.push_back(format("--relay-log={}", (own.replication() / "relay").string()));
  out.emplace_back("--skip-slave-start");
  out.push_back(format("--server-id={}", plan.server_id));  // never the production server's
  out.emplace_back("--event-scheduler=OFF");
  // Plugins recorded in mysql.plugin are loaded even with --no-defaults: the directory holds only harmless ones, and
  // federated links stay off even if their plugin is put there.
  out.push_back(format("--plugin-dir={}", own.plugins().string()));
  out.emplace_back("--loose-federated=OFF");
  out.emplace_back("--loose-feedback=OFF");  // reports to its maker
  out.emplace_back("--loose-wsrep-on=OFF");
  // Clients get no files of this host, and give none.
  out.emplace_back("--local-infile=OFF");
  out.push_back(format("--secure-file-priv={}", own.exchange().string()));
  out.emplace_back("--skip-symbolic-links");
}

std::string data_file_path(const ServerInfo& info) {
  std::string out;
  for (std::size_t i = 0; i < info.system_files.size(); ++i) {
    const SystemFile& file = info.system_files[i];
    const bool last = i + 1 == info.system_files.size();
    if (!out.empty()) out += ';';
    // The last may be larger than said; the others must be just so.
    out += last ? format("{}:{}M:autoextend", file.name, std::max<std::uint64_t>(file.bytes / kMiB, 1))
                : format("{}:{}K", file.name, file.bytes / 1024);
  }
  return out;
}

/// The redo log keeps its size, but for that of a backup, which is no larger than what was written meanwhile: a server
/// that goes on with it gets one as it had, within reason.
std::uint64_t redo_bytes(const ServerInfo& info) {
  constexpr std::uint64_t kReason = 1024 * kMiB;
  const auto wanted = info.settings.find("innodb_log_file_size");
  if (wanted == info.settings.end()) return info.redo_bytes;
  return std::max(info.redo_bytes, std::min(parse_size(wanted->second), kReason));
}

/// What InnoDB finds must be what it is told, or it rebuilds the redo log, or refuses.
void add_shape(Arguments& out, const ServerInfo& info) {
  if (info.page_bytes != 0) out.push_back(format("--innodb-page-size={}", info.page_bytes));
  if (info.redo_bytes != 0) out.push_back(format("--innodb-log-file-size={}", redo_bytes(info)));
  if (!info.system_files.empty()) out.push_back(format("--innodb-data-file-path={}", data_file_path(info)));
  out.push_back(format("--innodb-undo-tablespaces={}", info.undo_tablespaces));
  out.push_back(format("--innodb-encrypt-log={}", info.redo_encrypted ? "ON" : "OFF"));
  if (info.lower_case_table_names && !info.settings.contains("lower_case_table_names")) {
    out.push_back(format("--lower-case-table-names={}", *info.lower_case_table_names));
  }
}

void add_innodb(Arguments& out, const LaunchPlan& plan) {
  out.push_back(format("--innodb-buffer-pool-size={}", plan.buffer_pool_bytes));
  // Reading the old pool's pages back would fetch gigabytes ahead of what is asked for.
  out.emplace_back("--innodb-buffer-pool-load-at-startup=OFF");
  out.emplace_back("--innodb-buffer-pool-dump-at-shutdown=OFF");
  // What is acknowledged is durable, and a page torn by a crash can be mended.
  out.emplace_back("--innodb-flush-log-at-trx-commit=1");
  out.emplace_back("--innodb-doublewrite=ON");
  // A commit is one write that is durable when it returns, instead of a write and an fsync: half the requests to the
  // volume. Pages are cached once all the same, by InnoDB: the volume passes its files by the page cache.
  out.emplace_back("--innodb-flush-method=O_DSYNC");
  out.emplace_back("--loose-innodb-log-file-mmap=OFF");  // a volume has no shared mappings
}

/// Transactions that were prepared when the image was taken are committed or rolled back by what the binary log holds,
/// so it has to be on, under its name, where it was. A replica keeps one in any case: replicas of its own are to follow
/// it once it is promoted.
void add_binlog(Arguments& out, const ServerInfo& info, const LaunchPlan& plan) {
  if (info.binlog_base.empty() && !plan.replica && !plan.binary_log) {
    out.emplace_back("--skip-log-bin");
    // Binary logs that lie elsewhere cannot tell the fate of what was only prepared, and the server would refuse to
    // start. Committing keeps all that was acknowledged.
    out.emplace_back("--tc-heuristic-recover=COMMIT");
    return;
  }
  out.push_back(format("--log-bin={}", binlog_base(info)));
  out.emplace_back("--sync-binlog=1");
  out.emplace_back("--expire-logs-days=0");  // a branch purges nothing
}

/// It applies what its relay sends and nothing else; only who starts it may tell it from whom (--skip-slave-start).
void add_replica(Arguments& out, const ReplicaSettings& replica) {
  out.push_back(format("--slave-parallel-threads={}", replica.parallel_threads));
  out.emplace_back("--log-slave-updates=ON");
  out.emplace_back("--gtid-strict-mode=ON");
  out.emplace_back("--read-only=ON");
  out.emplace_back("--slave-max-allowed-packet=1G");  // any event that was written can be applied
  // After a crash what was fetched and not applied is fetched anew. A relay that is gone is noticed soon.
  out.emplace_back("--relay-log-recovery=ON");
  out.emplace_back("--slave-net-timeout=20");
  // What lies on the disk beside the data is bounded: the log is the relay's to keep.
  out.emplace_back("--relay-log-space-limit=1G");
  out.emplace_back("--max-binlog-size=64M");
}

void add_settings(Arguments& out, const ServerInfo& info, bool has_keys) {
  // Any row can be read back, whatever production's bound is.
  if (!info.settings.contains("max_allowed_packet")) out.emplace_back("--max-allowed-packet=1G");
  for (const auto& [name, value] : info.settings) {
    if (!is_known_setting(name) || std::ranges::find(kFromFiles, name) != kFromFiles.end()) continue;
    if (is_about_encryption(name) && !has_keys) continue;
    out.push_back(format("--loose-{}={}", name, value));
  }
}

/// Plugins that production loaded from its option file rather than from mysql.plugin: "name=library;library…".
void add_plugins(Arguments& out, const ServerInfo& info, const LaunchPlan& plan) {
  for (const char* option : {"plugin_load", "plugin_load_add"}) {
    const auto found = info.settings.find(option);
    if (found == info.settings.end()) continue;
    std::string_view list = found->second;
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(';'), list.size());
      const std::string item(list.substr(0, end));
      list.remove_prefix(std::min(end + 1, list.size()));
      const std::size_t equals = item.find('=');
      std::string library = equals == std::string::npos ? item : item.substr(equals + 1);
      if (!library.ends_with(".so")) library += ".so";
      const bool keys = library == "file_key_management.so";  // added where the key files are
      const bool there = std::filesystem::exists(plan.private_directory.plugins() / library);
      if (plugin_allowed(library) && there && !keys) out.push_back(format("--plugin-load-add={}", item));
    }
  }
}

}  // namespace

std::vector<std::string> server_arguments(const ServerInfo& info, const LaunchPlan& plan) {
  Arguments out = {"--no-defaults"};  // nothing of this host's own server
  add_places(out, plan);
  add_quiet(out, plan);
  add_shape(out, info);
  add_innodb(out, plan);
  add_binlog(out, info, plan);
  if (plan.replica) add_replica(out, *plan.replica);
  add_settings(out, info, plan.has_keys);
  add_plugins(out, info, plan);
  return out;
}

std::string home_option_file(const ServerInfo& info, const HomePlan& plan) {
  const Path& directory = plan.data_directory;
  Arguments out;
  add_files(out, directory, plan.socket, directory / "mariadbd.pid", directory / "error.log");
  const Arguments own = {
      format("--bind-address={}", plan.address),
      format("--port={}", plan.port),
      format("--server-id={}", plan.server_id),
      format("--log-bin={}", binlog_base(info)),
      "--log-slave-updates=ON",
      "--sync-binlog=1",
      "--innodb-flush-log-at-trx-commit=1",
      format("--innodb-buffer-pool-size={}", plan.buffer_pool_bytes),
      // For the relay: a commit waits for it as long as it is connected.
      "--rpl-semi-sync-master-enabled=ON",
      "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
      "--rpl-semi-sync-master-wait-no-slave=OFF",
  };
  out.insert(out.end(), own.begin(), own.end());
  add_shape(out, info);
  add_settings(out, info, false);
  std::string text = "[mariadbd]\n";
  for (const std::string& argument : out) {
    const std::size_t equals = argument.find('=');
    text += format("{}={}\n", argument.substr(2, equals - 2), option_value(argument.substr(equals + 1)));
  }
  return text;
}

void check_bootable(const ServerInfo& info, bool has_keys) {
  if (!is_data_directory(info)) {
    fail(Code::kRefused, "the image is no server's data directory: it has no ibdata1, and nothing tells a version",
         "Name an image of a data directory; see their ORIGIN in: lifeboat image ls");
  }
  if (!info.outside.empty()) {
    fail(Code::kRefused,
         format("{} leads outside the data directory; a branch would share it with the production server",
                info.outside.front()),
         "Move those tables into the data directory, import it again, and boot the new image.");
  }
  if (needs_keys(info) && !has_keys) {
    fail(Code::kLocked, "the image holds encrypted tables or logs, and no keys are kept with it",
         "Import again with --defaults-file naming the server's my.cnf, so that its key file travels with the image.");
  }
}

std::uint64_t choose_buffer_pool(std::uint64_t data_bytes, std::uint64_t available_memory) {
  constexpr std::uint64_t kSmallest = 128 * kMiB;
  const std::uint64_t useful = data_bytes + data_bytes / 4;  // pages, and what InnoDB keeps about them
  const std::uint64_t pool = std::max(kSmallest, std::min(available_memory / 2, useful));
  return pool / kMiB * kMiB;
}

std::uint64_t available_memory() {
  const Bytes content = read_file("/proc/meminfo");
  constexpr std::string_view kLabel = "MemAvailable:";
  std::string_view text = as_text(content);
  const std::size_t at = text.find(kLabel);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + kLabel.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::uint64_t kib = 0;
  std::from_chars(text.data(), text.data() + text.size(), kib);
  return kib * 1024;
}

}  // namespace lifeboat::server
