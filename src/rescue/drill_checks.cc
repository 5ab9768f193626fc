// The part of Drill that looks at what came back.

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "rescue/drill_assertions.h"
#include "rescue/drill_dropped.h"
#include "rescue/drill_equal.h"
#include "rescue/drill_run.h"
#include "rescue/drill_tables.h"
#include "rescue/rescue_plan.h"
#include "volume/control_client.h"

namespace lifeboat::rescue {
namespace {

/// A table of terabytes is checked in one statement.
constexpr std::chrono::hours kCheckPatience{24};
constexpr std::chrono::milliseconds kSnapshotPatience{60'000};
/// Times that the schema is compared while it may be changing.
constexpr int kSchemaLooks = 3;
constexpr std::size_t kNamedMax = 50;

/// Whether something in the log may have dropped an object. Indexes and constraints go with any ALTER.
bool is_explained(const std::string& object, const std::vector<FoundDanger>& dangers) {
  const std::string kind = kind_of(object);
  if (kind == "index" || kind == "constraint") return true;
  return std::ranges::any_of(dangers, [&](const FoundDanger& each) { return may_be_dropped_by(object, each); });
}

}  // namespace

void Drill::check() {
  connect();
  if (request_.assertions) check_assertions();
  check_schema();
  check_tables();
  if (request_.level >= DrillLevel::kEqual && source_) compare_rows();
  if (request_.level == DrillLevel::kHydrate) hydrate();
}

void Drill::connect() {
  step_ = "connect";
  server::KnockResult knocked = server::knock(run_->branch().socket, means_.branch.logins, kCheckPatience);
  if (knocked.connection == nullptr) fail(Code::kUnavailable, format("its server does not answer: {}", knocked.why));
  sql_ = std::move(knocked.connection);
}

void Drill::check_assertions() {
  phase("assertions", "queries", [this] {
    const std::string file = request_.assertions->path.string();
    const std::vector<Assertion>& assertions = request_.assertions->assertions;
    for (std::string& wrong : rescue::check_assertions(*sql_, assertions)) {
      failed("assertions", Code::kCorruption, format("{} {}", file, wrong));
    }
    record_.checks.push_back({.subject = "assertions", .said = format("{} queries of {}", assertions.size(), file)});
    return assertions.size();
  });
}

void Drill::check_schema() {
  phase("schema", "objects", [this] {
    settle_session(ask());
    Inventory here;
    if (source_) {
      here = compare_schema_with_source();
    } else {
      here = take_inventory(ask());
      compare_schema_with_last_drill(here);
    }
    tell_not_known(here);
    record_.inventory = to_json(here);
    record_.inventory_gtid = record_.gtid;
    return here.objects.size();
  });
}

void Drill::tell_not_known(const Inventory& inventory) {
  for (const auto& [kind, why] : inventory.not_known) {
    record_.not_known.push_back({.subject = format("{}s", kind), .said = why});
  }
}

/// Both as of one place in the log; what somebody just changes there is looked at again.
Inventory Drill::compare_schema_with_source() {
  SchemaDifferences found;
  Inventory there;
  Inventory here;
  for (int look = 0; look < kSchemaLooks && (look == 0 || !found.empty()); ++look) {
    there = take_inventory(source_->ask());
    bring_to(source_->position());
    here = take_inventory(ask());
    const SchemaDifferences now = compare_inventories(there, here, lost_objects_);
    found = look == 0 ? now : intersect(found, now);
  }
  tell_not_known(there);
  const auto tell = [this](const std::vector<std::string>& objects, std::string_view what) {
    for (std::size_t i = 0; i < std::min(objects.size(), kNamedMax); ++i) {
      failed("schema", Code::kCorruption, format("{} {}", objects[i], what));
    }
  };
  tell(found.missing, "is on the source, and missing from what came back");
  tell(found.changed, "is another one on the source");
  tell(found.extra, "came back, and is not on the source");
  record_.checks.push_back(
      {.subject = "schema", .said = format("{} objects, compared with {}", here.objects.size(), record_.source)});
  return here;
}

/// Only where the log was replayed: an image alone may be from before it.
void Drill::compare_schema_with_last_drill(const Inventory& here) {
  const auto says_so = [this](std::string said) {
    record_.not_known.push_back({.subject = "schema", .said = std::move(said)});
  };
  if (request_.level < DrillLevel::kReplay || !request_.to.empty()) {
    return says_so("compared with nothing: the image alone may be from before what it lacks");
  }
  const auto last = last_inventory();
  if (!last) return says_so("compared with nothing: no source was named, and no drill of it is on record");
  SchemaDifferences found = compare_inventories(last->inventory, here, lost_objects_);
  RescueLog log(rescue_.log);
  const auto dangers =
      log.newest_dangers(kDangersLookedAt, binlog::GtidPosition::parse(last->gtid), binlog::Severity::kWarns);
  std::erase_if(found.missing, [&](const std::string& object) { return is_explained(object, dangers); });
  for (std::size_t i = 0; i < std::min(found.missing.size(), kNamedMax); ++i) {
    failed(
        "schema", Code::kCorruption,
        format("{} was there in drill {}, is missing now, and nothing in the log drops it", found.missing[i], last->id),
        "--source compares with the living server, whatever was there before.");
  }
  record_.checks.push_back({.subject = "schema",
                            .said = format("{} objects, compared with drill {}: {} came since, {} changed",
                                           here.objects.size(), last->id, found.extra.size(), found.changed.size())});
}

void Drill::check_tables() {
  phase("tables", "tables", [this] {
    const CheckedTables checked = rescue::check_tables(*sql_);
    for (const RescueNote& each : checked.damaged) {
      failed("tables", Code::kCorruption, format("table {}: CHECK TABLE says: {}", each.subject, each.said));
    }
    record_.checks.push_back({.subject = "tables", .said = format("CHECK TABLE on {}", checked.tables)});
    return checked.tables;
  });
}

void Drill::compare_rows() {
  phase("equality", "rows", [this] {
    record_.coverage = compare_with_source(
        {.source = *source_,
         .branch = ask(),
         .bring_to = [this](const relay::LogPosition& at) { bring_to(at); },
         .differs = [this](std::string what) { failed("equality", Code::kCorruption, std::move(what)); },
         .left_out = lost_objects_,
         .sample_percent = request_.sample_percent});
    const DrillCoverage& coverage = *record_.coverage;
    record_.checks.push_back(
        {.subject = "equality",
         .said = format("{} rows of {} tables, in {} snapshots of {}; {} tables not compared", coverage.rows,
                        coverage.compared.size(), coverage.snapshots, record_.source, coverage.not_compared.size())});
    return coverage.rows;
  });
}

void Drill::hydrate() {
  phase("hydrate", "bytes", [this] {
    Progress progress(means_.progress, "hydrate", 0);
    volume::hydrate_whole(volume::volume_directory(state_root(), rescue_.name), progress);
    record_.checks.push_back({.subject = "hydrate", .said = "all of it is local"});
    return progress.done();
  });
}

AskRows Drill::ask() {
  return [this](const std::string& sql) { return sql_->query(sql); };
}

void Drill::bring_to(const relay::LogPosition& at) {
  const binlog::GtidPosition gtid = log_->await(at, kSnapshotPatience);
  rescue_.log = log_->incarnation();
  run_->replay(gtid.format());
  record_.gtid = gtid.format();
}

/// Of the newest drill on record that passed, of the same source's history.
std::optional<Drill::LastInventory> Drill::last_inventory() {
  const std::string source = RescueLog(rescue_.log).source();
  const std::vector<vault::ProofName> names = vault::list_proofs(*vault_);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto proof = vault::find_proof(*vault_, *name);
    if (!proof) log::warn("a proof is passed over: {}", proof.error().text());
    if (!proof || !proof->passed) continue;
    const json::object& said = proof->said;
    const json::value* inventory = said.if_contains("inventory");
    const bool whole = inventory != nullptr && inventory->is_object() && !inventory->get_object().empty();
    const std::string gtid = text_in(said, "inventory_gtid");
    if (!whole || gtid.empty() || json_string(said, "log") != source) continue;
    return LastInventory{.id = name->id, .gtid = gtid, .inventory = inventory_from_json(inventory->get_object())};
  }
  return std::nullopt;
}

}  // namespace lifeboat::rescue
