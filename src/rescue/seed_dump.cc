#include "rescue/seed_dump.h"

#include <pwd.h>
#include <unistd.h>

#include <charconv>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "rescue/seed_copy.h"
#include "rescue/seed_pace.h"
#include "rescue/sql_loader.h"
#include "rescue/tool_output.h"
#include "server/inspect.h"
#include "vault/import.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10U;
constexpr std::size_t kHeadBytes = std::size_t{64} << 10U;
constexpr std::string_view kTrailer = "-- Dump completed";

std::string own_user() {
  const passwd* const entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

/// A server as it is right after installation, with the settings that data depends on as the source has them.
vault::ImageInfo make_empty_server(const SeedRequest& request, const SeedSource& source, vault::Vault& vault) {
  const TempDir scratch("lifeboat-empty");
  const Path directory = scratch.path() / "data";
  const Path temporary = scratch.path() / "tmp";  // a server that starts empties it
  make_directories(directory);
  make_directories(temporary);
  std::vector<std::string> argv = {"mariadb-install-db",
                                   "--no-defaults",
                                   format("--datadir={}", directory.string()),
                                   format("--tmpdir={}", temporary.string()),
                                   format("--user={}", own_user()),
                                   "--auth-root-authentication-method=normal",
                                   "--skip-name-resolve",
                                   "--skip-test-db"};
  if (const auto names = source.settings.find("lower_case_table_names"); names != source.settings.end()) {
    argv.push_back(format("--lower-case-table-names={}", names->second));
  }
  run_tool({.argv = std::move(argv), .package = "mariadb-server"});
  server::ServerInfo info = server::inspect_directory(directory);
  for (const auto& [name, value] : source.settings) info.settings[name] = value;
  vault::ImportOptions import{.directory = directory, .threads = request.threads};
  import.describe.origin = format("empty server for a seed of {}", request.source.address.endpoint.text());
  import.describe.server = server::to_json(info);
  import.describe.server["seed"] = seed_to_json(request);
  return vault::import_directory(vault, import);
}

Tool dump_tool(const SeedRequest& request) {
  return {.argv = {"mariadb-dump", "--defaults-file=/dev/stdin", "--single-transaction", "--quick", "--master-data=2",
                   "--gtid", "--all-databases", "--flush-privileges", "--routines", "--events", "--triggers",
                   "--no-autocommit", "--max-allowed-packet=1G", "--default-character-set=utf8mb4"},
          .stdin_text = client_option_file(request.source, request.authority),
          .package = "mariadb-client"};
}

/// What is kept of the dump's text as it goes by: its head, and its last words.
class Glimpse {
 public:
  void see(ByteView piece) {
    if (head_.size() < kHeadBytes) head_.append(as_text(piece).substr(0, kHeadBytes - head_.size()));
    tail_.append(as_text(piece));
    if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
  }
  const std::string& head() const { return head_; }
  const std::string& tail() const { return tail_; }
  bool complete() const { return tail_.find(kTrailer) != std::string::npos; }

 private:
  static constexpr std::size_t kTailBytes = 16384;
  std::string head_;
  std::string tail_;
};

void pour(const SeedRequest& request, const SeedSource& source, DumpedBranch& dumped) {
  log::info("about {} in tables; how much of statements that is, and how long it takes, is a guess",
            format_size(source.bytes));
  Progress progress(request.progress, "seed", source.bytes);
  ToolOutput dump(dump_tool(request));
  SqlLoader loader(dumped.branch->record().socket);
  SeedPace pace(request.bytes_per_second, request.source);
  Bytes buffer(kReadBytes);
  Glimpse glimpse;
  for (ByteView piece = dump.read(buffer); !piece.empty(); piece = dump.read(buffer)) {
    glimpse.see(piece);
    loader.write(piece);
    progress.add(piece.size());
    pace.pass(piece.size());
  }
  dump.finish();
  if (!glimpse.complete()) {
    fail(Code::kUnavailable, format("the dump ended too early, after {} bytes", progress.done()),
         "Nothing was made of it. Start the seed again.");
  }
  loader.finish();
  const auto position = find_dump_position(glimpse.head(), glimpse.tail());
  if (!position) {
    fail(Code::kUnsupported, "the dump does not say where in the binary log it was taken",
         "The source must write a binary log: start it with log_bin.");
  }
  dumped.position = *position;
  dumped.waited_seconds = pace.waited_seconds();
}

std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + before.size());
  return text.substr(0, text.find(after));
}

}  // namespace

std::optional<BackupPosition> find_dump_position(std::string_view head, std::string_view tail) {
  BackupPosition position{.file = std::string(between(head, "MASTER_LOG_FILE='", "'"))};
  const std::string_view number = between(head, "MASTER_LOG_POS=", ";");
  const auto read = std::from_chars(number.data(), number.data() + number.size(), position.position);
  if (position.file.empty() || read.ec != std::errc{}) return std::nullopt;
  constexpr std::string_view kGtid = "\n-- SET GLOBAL gtid_slave_pos='";
  const std::size_t at = tail.rfind(kGtid);
  if (at == std::string_view::npos) return std::nullopt;
  position.gtid = between(tail.substr(at), kGtid, "'");
  return position;
}

DumpedBranch load_dump(const SeedRequest& request, const SeedSource& source, vault::Vault& vault) {
  DumpedBranch dumped;
  dumped.image = make_empty_server(request, source, vault);
  dumped.branch = std::make_unique<SeedBranch>(request.branch, dumped.image.name);
  server::Connection connection(dumped.branch->record().socket, {.user = "root", .password = ""},
                                std::chrono::seconds(60));
  // What is loaded is worth nothing before the commit at the end, which waits for the disk.
  connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = 0");
  pour(request, source, dumped);
  connection.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
  return dumped;
}

}  // namespace lifeboat::rescue
