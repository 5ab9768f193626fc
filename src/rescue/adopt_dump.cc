// Dumps: statements that are given to an empty server.

#include "base/error.h"
#include "base/log.h"
#include "rescue/adopt_parts.h"
#include "rescue/adopt_progress.h"
#include "rescue/dump_text.h"
#include "rescue/empty_server.h"
#include "rescue/sql_loader.h"
#include "rescue/sql_names.h"
#include "server/option_file.h"
#include "server/server_binary.h"
#include "server/settings.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kPourBytes = std::size_t{256} << 10U;

void check_version(const AdoptRequest& request, const std::string& version) {
  if (version.empty()) {
    log::warn("the backup does not tell which server it is of; this host's mariadbd takes it");
    return;
  }
  server::ServerInfo info;
  info.flavour = version.contains("MariaDB") ? server::Flavour::kMariaDb : server::Flavour::kMySql;
  info.version = version;
  server::check_fits(server::find_server_binary(request.branch.binary), info);
}

/// Given to the client, and looked at, as it comes.
void pour_statements(BackupInput& input, SqlLoader& loader, DumpGlimpse& glimpse, AdoptProgress& progress) {
  Bytes buffer(kPourBytes);
  for (ByteView piece = input.read(buffer); !piece.empty(); piece = input.read(buffer)) {
    glimpse.see(piece);
    loader.write(piece);
    progress.come_to(input.consumed());
  }
}

void check_end(const AdoptRequest& request, const DumpHead& head, const DumpGlimpse& glimpse, AdoptedBranch& adopted) {
  if (glimpse.complete()) return;
  if (head.has_comments) {
    fail(Code::kCorruption,
         format("{}: ends too early: the dump does not say at its end that it is complete", request.backup),
         "Nothing was made of it. Take an older backup, or copy it here again.");
  }
  adopted.notes.emplace_back("the dump does not tell whether it is whole");
}

}  // namespace

AdoptedBranch start_empty(const AdoptRequest& request, BackupKind kind, const std::string& version,
                          vault::Vault& vault) {
  check_version(request, version);
  EmptyServer empty{.settings = {},
                    .origin = format("empty server for the adoption of {}", request.backup),
                    .members = {{std::string(kAdoptMember), adopt_to_json(request, kind)}},
                    .threads = request.threads};
  if (!request.defaults_file.empty()) {
    empty.settings = server::relevant_settings(server::read_server_options(request.defaults_file, version));
  }
  AdoptedBranch adopted;
  adopted.image = make_empty_server(empty, vault);
  adopted.branch = std::make_unique<SeedBranch>(request.branch, adopted.image.name);
  adopted.connection = adopted.branch->connect_to_load();
  return adopted;
}

AdoptedBranch adopt_dump(const AdoptRequest& request, BackupInput& input, vault::Vault& vault) {
  const DumpHead head = read_dump_head(as_text(input.head()));
  AdoptedBranch adopted = start_empty(request, BackupKind::kSql, head.version, vault);
  const std::string database = request.database.empty() ? head.database : request.database;
  if (!database.empty()) {
    adopted.connection->query(format("CREATE DATABASE IF NOT EXISTS {}", quote_name(database)));
    adopted.notes.push_back(
        format("it is a dump of the database {} alone: what the log says of others fails when it is "
               "replayed",
               database));
  }
  AdoptProgress progress(request.progress, input.size());
  DumpGlimpse glimpse;
  SqlLoader loader(adopted.branch->record().socket, database);
  pour_statements(input, loader, glimpse, progress);
  check_end(request, head, glimpse, adopted);
  loader.finish();
  end_load(*adopted.connection);
  adopted.read_seconds = progress.seconds();
  adopted.forecast = progress.forecast();
  adopted.position = find_dump_position(glimpse.head(), glimpse.tail());
  return adopted;
}

}  // namespace lifeboat::rescue
