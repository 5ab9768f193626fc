#include "rescue/seed_dump.h"

#include "base/error.h"
#include "base/log.h"
#include "rescue/dump_text.h"
#include "rescue/empty_server.h"
#include "rescue/seed_copy.h"
#include "rescue/seed_pace.h"
#include "rescue/sql_loader.h"
#include "rescue/tool_output.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10U;

Tool dump_tool(const SeedRequest& request) {
  return {.argv = {"mariadb-dump", "--defaults-file=/dev/stdin", "--single-transaction", "--quick", "--master-data=2",
                   "--gtid", "--all-databases", "--flush-privileges", "--routines", "--events", "--triggers",
                   "--no-autocommit", "--max-allowed-packet=1G", "--default-character-set=utf8mb4"},
          .stdin_text = client_option_file(request.source, request.authority),
          .package = "mariadb-client",
          .advice = kSeedAdvice};
}

void pour(const SeedRequest& request, const SeedSource& source, DumpedBranch& dumped) {
  log::info("about {} in tables; how much of statements that is, and how long it takes, is a guess",
            format_size(source.bytes));
  Progress progress(request.progress, "seed", source.bytes);
  ToolOutput dump(dump_tool(request));
  SqlLoader loader(dumped.branch->record().socket);
  SeedPace pace(request.bytes_per_second, request.source);
  Bytes buffer(kReadBytes);
  DumpGlimpse glimpse;
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
  if (!position || position->file.empty()) {
    fail(Code::kUnsupported, "the dump does not say where in the binary log it was taken",
         "The source must write a binary log: start it with log_bin.");
  }
  dumped.position = *position;
  dumped.waited_seconds = pace.waited_seconds();
}

}  // namespace

DumpedBranch load_dump(const SeedRequest& request, const SeedSource& source, vault::Vault& vault) {
  DumpedBranch dumped;
  dumped.image =
      make_empty_server({.settings = source.settings,
                         .origin = format("empty server for a seed of {}", request.source.address.endpoint.text()),
                         .members = {{std::string(kSeedMember), seed_to_json(request)}},
                         .threads = request.threads},
                        vault);
  dumped.branch = std::make_unique<SeedBranch>(request.branch, dumped.image.name);
  const std::unique_ptr<server::Connection> connection = dumped.branch->connect_to_load();
  pour(request, source, dumped);
  end_load(*connection);
  return dumped;
}

}  // namespace lifeboat::rescue
