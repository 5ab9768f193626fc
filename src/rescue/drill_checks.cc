// The part of Drill that looks at what came back.

#include "base/error.h"
#include "rescue/drill_run.h"
#include "rescue/drill_tables.h"

namespace lifeboat::rescue {
namespace {

/// A table of terabytes is checked in one statement.
constexpr std::chrono::hours kCheckPatience{24};

}  // namespace

void Drill::check() {
  connect();
  check_tables();
}

void Drill::connect() {
  step_ = "connect";
  server::KnockResult knocked = server::knock(run_->branch().socket, means_.branch.logins, kCheckPatience);
  if (knocked.connection == nullptr) fail(Code::kUnavailable, format("its server does not answer: {}", knocked.why));
  sql_ = std::move(knocked.connection);
}

void Drill::check_tables() {
  step_ = "tables";
  phase("tables", "tables", [this] {
    const CheckedTables checked = rescue::check_tables(*sql_);
    for (const RescueNote& each : checked.damaged) {
      failed("tables", Code::kCorruption, format("table {}: CHECK TABLE says: {}", each.subject, each.said));
    }
    record_.checks.push_back({.subject = "tables", .said = format("CHECK TABLE on {}", checked.tables)});
    return checked.tables;
  });
}

}  // namespace lifeboat::rescue
