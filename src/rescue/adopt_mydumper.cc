// A folder of mydumper's: its files are given to an empty server, several at a time. What was loaded is noted down, so
// that a load that was killed is gone on with and nothing is loaded twice.

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/printable.h"
#include "rescue/adopt_book.h"
#include "rescue/adopt_folder.h"
#include "rescue/adopt_parts.h"
#include "rescue/adopt_progress.h"
#include "rescue/sql_loader.h"
#include "rescue/sql_names.h"
#include "vault/image_reader.h"

namespace lifeboat::rescue {

namespace {

using Kind = FolderPart::Kind;

constexpr std::size_t kSchemaFileBytesMax = std::size_t{64} << 20U;
constexpr std::size_t kDataPieceBytes = std::size_t{256} << 10U;
constexpr std::chrono::minutes kShutdownPatience{10};
/// One transaction, so that the note of it counts if and only if the rows do; values as they are in the dump.
constexpr std::string_view kDataSession =
    "SET SESSION autocommit = 0, foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'";
constexpr std::string_view kSchemaSession = "SET SESSION foreign_key_checks = 0, sql_mode = ''";

std::string read_schema_file(const Path& path) {
  BackupInput input(path.string());
  std::string text;
  Bytes buffer(kDataPieceBytes);
  for (ByteView piece = input.read(buffer); !piece.empty(); piece = input.read(buffer)) {
    text.append(as_text(piece));
    if (text.size() > kSchemaFileBytesMax) fail(Code::kUnsupported, format("{}: is no schema", path.string()));
  }
  return text;
}

class FolderLoad {
 public:
  FolderLoad(const AdoptRequest& request, std::vector<FolderPart> parts, AdoptedBranch& adopted)
      : request_(request),
        folder_(request.backup),
        adopted_(adopted),
        parts_(std::move(parts)),
        progress_(request.progress, total_bytes()),
        book_(*adopted.connection) {}

  void run() {
    for (const Kind kind : {Kind::kDatabase, Kind::kTable}) load_schemas(kind);
    drop_halves();
    load_data();
    for (const Kind kind : {Kind::kView, Kind::kRoutines, Kind::kTriggers}) load_schemas(kind);
    load_accounts();
    adopted_.read_seconds = progress_.seconds();
    adopted_.forecast = progress_.forecast();
  }

 private:
  std::uint64_t total_bytes() const {
    std::uint64_t total = 0;
    for (const FolderPart& part : parts_) {
      if (!is_of_server(part) || is_of_accounts(part)) total += part.bytes;
    }
    return total;
  }

  /// As the server knows it.
  const std::string& database_of(const FolderPart& part) {
    const auto known = databases_.find(part.database);
    return known != databases_.end() ? known->second : databases_.emplace(part.database, part.database).first->second;
  }

  void load_schemas(Kind kind) {
    for (const FolderPart& part : parts_) {
      if (part.kind != kind || is_of_server(part)) continue;
      try {
        load_schema(part);
      } catch (Exception& e) {
        e.add_context(format("loading {}", printable(part.file)));
        throw;
      }
      count(part);
    }
  }

  void count(const FolderPart& part) {
    if (book_.has(part.file)) {
      progress_.pass(part.bytes);
    } else {
      progress_.add(part.bytes);
    }
  }

  void load_schema(const FolderPart& part) {
    const std::string text = read_schema_file(folder_ / part.file);
    if (part.kind == Kind::kDatabase) {
      const std::string name = created_name(text, "CREATE DATABASE");
      if (!name.empty()) databases_[part.database] = name;
    }
    if (book_.has(part.file)) return;
    const std::unique_ptr<server::Connection> connection = adopted_.branch->connect_as_root();
    connection->query(kSchemaSession);
    const std::string database = quote_name(database_of(part));
    // What a load left that was killed between a file and its note.
    if (part.kind == Kind::kDatabase) connection->query(format("DROP DATABASE IF EXISTS {}", database));
    if (part.kind != Kind::kDatabase) {
      connection->query(format("CREATE DATABASE IF NOT EXISTS {}", database));
      connection->query(format("USE {}", database));
    }
    if (part.kind == Kind::kTable) drop_table(*connection, created_name(text, "CREATE TABLE"));
    if (part.kind == Kind::kTriggers) drop_triggers(*connection, part);
    for (const std::string& statement : split_statements(text)) connection->query(statement);
    adopted_.connection->query(AdoptBook::note(part.file));
  }

  static void drop_table(server::Connection& connection, const std::string& table) {
    if (!table.empty()) connection.query(format("DROP TABLE IF EXISTS {}", quote_name(table)));
  }

  /// Of the table, or of all in the database.
  static void drop_triggers(server::Connection& connection, const FolderPart& part) {
    std::string query = "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()";
    if (!part.table.empty()) query += format(" AND event_object_table = {}", hex_literal(part.table));
    for (const server::Row& row : connection.query(query)) {
      connection.query(format("DROP TRIGGER {}", quote_name(row.at(0).value_or(""))));
    }
  }

  /// Tables that know no transactions, and may hold half of a file: theirs are loaded again.
  void drop_halves() {
    if (book_.empty()) return;
    std::map<std::pair<std::string, std::string>, std::vector<std::string>> of_table;
    std::set<std::pair<std::string, std::string>> open;
    for (const FolderPart& part : parts_) {
      if (part.kind != Kind::kData || is_of_server(part)) continue;
      const std::pair key(database_of(part), part.table);
      of_table[key].push_back(part.file);
      if (!book_.has(part.file)) open.insert(key);
    }
    for (const auto& key : open) {
      const std::string engine = adopted_.connection->value(
          format("SELECT COALESCE(MAX(engine), '') FROM information_schema.tables WHERE table_schema = {} AND "
                 "table_name = {}",
                 hex_literal(key.first), hex_literal(key.second)));
      if (engine.empty() || engine == "InnoDB") continue;
      adopted_.connection->query(format("TRUNCATE TABLE {}", quote_table(key.first, key.second)));
      for (const std::string& file : of_table[key]) book_.forget(file);
    }
  }

  void load_data() {
    std::vector<const FolderPart*> left;
    for (const FolderPart& part : parts_) {
      if (part.kind != Kind::kData || is_of_server(part)) continue;
      if (book_.has(part.file)) {
        progress_.pass(part.bytes);
      } else {
        database_of(part);  // known before the threads ask
        left.push_back(&part);
      }
    }
    in_parallel(left.size(), [&](std::size_t i) { load_file(*left[i]); });
  }

  /// The first failure ends all, and is thrown.
  void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) const {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto loop = [&] {
      for (std::size_t i = next++; i < count; i = next++) {
        try {
          work(i);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          if (!failure) failure = std::current_exception();
          next = count;
        }
      }
    };
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < request_.threads; ++i) threads.emplace_back(loop);
    }
    if (failure) std::rethrow_exception(failure);
  }

  void load_file(const FolderPart& part) {
    try {
      SqlLoader loader(adopted_.branch->record().socket, databases_.at(part.database), std::string(kDataSession));
      pour(part, loader);
      loader.write(as_bytes("\n" + AdoptBook::note(part.file) + "COMMIT;\n"));
      loader.finish();
    } catch (Exception& e) {
      e.add_context(format("loading {}", printable(part.file)));
      throw;
    }
  }

  void pour(const FolderPart& part, SqlLoader& loader) {
    BackupInput input((folder_ / part.file).string());
    Bytes buffer(kDataPieceBytes);
    std::uint64_t counted = 0;
    for (ByteView piece = input.read(buffer); !piece.empty(); piece = input.read(buffer)) {
      loader.write(piece);
      const std::uint64_t consumed = input.consumed();
      progress_.add(consumed - counted);
      counted = consumed;
    }
  }

  /// Last, since nobody may be let in afterwards who was before.
  void load_accounts() {
    bool any = false;
    for (const FolderPart& part : parts_) {
      if (!is_of_accounts(part)) continue;
      any = true;
      const std::string first = format("DELETE FROM mysql.{};\n", quote_name(part.table));
      SqlLoader loader(adopted_.branch->record().socket, "mysql", "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
      if (emptied_.insert(part.table).second) loader.write(as_bytes(first));
      pour(part, loader);
      loader.finish();
    }
    if (any) {
      adopted_.connection->query("FLUSH PRIVILEGES");
    } else {
      adopted_.notes.emplace_back("the backup holds no accounts (the database mysql): make those that are missing");
    }
  }

  const AdoptRequest& request_;
  Path folder_;
  AdoptedBranch& adopted_;
  std::vector<FolderPart> parts_;
  AdoptProgress progress_;
  AdoptBook book_;
  std::map<std::string, std::string> databases_;  ///< as files' names have them → as the server knows them
  std::set<std::string> emptied_;                 ///< account tables that hold only what was loaded
};

/// In the branch's directory: all is loaded, and what is left to be done is the commit.
Path loaded_mark(const SeedBranch& branch) {
  return branch.record().directory / "loaded";
}

/// One that an adoption of this folder left, which was killed.
AdoptedBranch go_on_with(const AdoptRequest& request, const server::BranchRecord& branch, vault::Vault& vault) {
  log::info("branch {} goes on with what was loaded", branch.name);
  if (branch.state != server::BranchState::kStopped) server::stop_branch(branch, kShutdownPatience);
  AdoptedBranch adopted;
  adopted.image = vault::ImageReader(vault, branch.image).info();
  adopted.branch = std::make_unique<SeedBranch>(request.branch, "");
  adopted.branch->leave(true);  // before anything can fail: hours of loading may be in it
  if (std::filesystem::exists(loaded_mark(*adopted.branch))) {
    adopted.connection = std::make_unique<server::Connection>(adopted.branch->connect());
  } else {
    adopted.connection = adopted.branch->connect_to_load();
  }
  return adopted;
}

}  // namespace

AdoptedBranch adopt_mydumper(const AdoptRequest& request, vault::Vault& vault) {
  std::vector<FolderPart> parts = list_parts(request.backup);
  const auto found = server::find_branch(request.branch.mount.state_root, request.branch.name);
  AdoptedBranch adopted =
      found ? go_on_with(request, *found, vault) : start_empty(request, BackupKind::kMydumper, "", vault);
  adopted.branch->leave(true);
  adopted.position = find_mydumper_position(request.backup);
  const Path mark = loaded_mark(*adopted.branch);
  if (!std::filesystem::exists(mark)) {
    FolderLoad(request, std::move(parts), adopted).run();
    end_load(*adopted.connection);
    write_file_durably(mark, {});
  }
  AdoptBook::remove(*adopted.connection);
  return adopted;
}

}  // namespace lifeboat::rescue
