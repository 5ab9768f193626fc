// Which kind of statement it is, and the reading of it as servers of different versions would.

#include "binlog/danger.h"

#include <algorithm>
#include <array>

#include "binlog/danger_reading.h"

namespace lifeboat::binlog {
namespace {

/// More different versions in one statement's executable comments than this is nobody's honest statement.
constexpr std::size_t kMaxReadings = 16;
/// SET STATEMENT and ANALYZE stand before another statement; so many may stand before each other.
constexpr int kMaxWrapped = 8;

/// Statements that begin or end transactions, or do nothing to data.
bool is_ordinary_verb(const Token& token) {
  return is_any(token, "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA", "FLUSH") ||
         is_any(token, "OPTIMIZE", "CHECK", "CHECKSUM", "USE", "LOCK", "UNLOCK", "CACHE", "PREPARE", "DEALLOCATE");
}

void read_repair(Reading& reading) {
  while (is_any(reading.in.peek(), "NO_WRITE_TO_BINLOG", "LOCAL", "TABLE", "TABLES", "VIEW")) reading.in.take();
  std::vector<TableName> tables;
  while (auto table = reading.table_name()) {
    tables.push_back(*table);
    if (!reading.in.accept_symbol(",")) break;
  }
  reading.add(DangerClass::kRepairTable, std::move(tables));
}

/// DO and SELECT stand in a log only for the functions that they call.
void read_call(Reading& reading, std::string_view verb) {
  bool calls = verb == "SELECT";
  for (Token token = reading.in.take(); !token.ends() && !calls; token = reading.in.take()) {
    calls = token.is_name() && reading.in.peek().is_symbol("(");
  }
  if (calls) reading.add(DangerClass::kFunctionCall, {}, "what the function changes does not show in its call");
}

/// WITH a AS (…), b AS (…) DELETE …
bool skip_with_clause(Reading& reading) {
  while (!reading.at_end()) {
    if (is_any(reading.in.peek(), "DELETE", "UPDATE", "SELECT", "INSERT", "REPLACE")) return true;
    reading.skip_item();
  }
  return false;
}

/// SET STATEMENT a = 1, b = 'x' FOR …; true if a statement follows.
bool read_set(Reading& reading) {
  Tokens& in = reading.in;
  if (is_any(in.peek(), "PASSWORD", "ROLE") || (in.peek().is("DEFAULT") && in.peek(1).is("ROLE"))) {
    reading.add(DangerClass::kAccount, {});
    return false;
  }
  if (!in.accept("STATEMENT")) return false;
  while (!reading.at_end()) {
    if (in.accept("FOR")) return true;
    reading.skip_item();
  }
  reading.unknown("SET STATEMENT without FOR");
  return false;
}

/// ANALYZE [FORMAT=JSON] DELETE … runs the statement; ANALYZE TABLE does not. True if a statement follows.
bool read_analyze(Reading& reading) {
  Tokens& in = reading.in;
  if (in.accept("FORMAT")) reading.option_value();
  return is_any(in.peek(), "DELETE", "UPDATE", "INSERT", "REPLACE", "SELECT", "WITH");
}

}  // namespace

bool read_verb(Reading& reading) {
  Tokens& in = reading.in;
  if (in.peek().kind == TokenKind::kEnd || in.peek().is_symbol(";")) return false;  // nothing but comments
  const Token verb = in.take();
  if (is_ordinary_verb(verb)) return false;
  if (verb.is("SET")) return read_set(reading);
  if (verb.is("ANALYZE")) return read_analyze(reading);
  if (verb.is("WITH") && skip_with_clause(reading)) return true;
  if (verb.is("DROP")) {
    read_drop(reading);
  } else if (verb.is("TRUNCATE")) {
    read_truncate(reading);
  } else if (verb.is("CREATE")) {
    read_create(reading);
  } else if (verb.is("ALTER")) {
    read_alter(reading);
  } else if (verb.is("RENAME")) {
    read_rename(reading);
  } else if (verb.is("DELETE")) {
    read_delete(reading);
  } else if (verb.is("UPDATE")) {
    read_update(reading);
  } else if (is_any(verb, "INSERT", "REPLACE")) {
    read_insert(reading, verb.is("REPLACE"));
  } else if (verb.is("LOAD")) {
    read_load(reading);
  } else if (is_any(verb, "GRANT", "REVOKE")) {
    reading.add(DangerClass::kAccount, {});
  } else if (is_any(verb, "INSTALL", "UNINSTALL", "IMPORT")) {
    reading.add(DangerClass::kServerObject, {});
  } else if (verb.is("REPAIR")) {
    read_repair(reading);
  } else if (verb.is("SELECT")) {
    read_call(reading, "SELECT");
  } else if (verb.is("DO")) {
    read_call(reading, "DO");
  } else if ((verb.is("BEGIN") && !in.peek().is("NOT")) || (verb.is("START") && in.peek().is("TRANSACTION"))) {
    return false;
  } else {
    reading.unknown(verb.ends() ? "it cannot be read" : "not a statement that a log holds");
  }
  return false;
}

namespace {

/// A session's own temporary tables are nobody's loss. (A DROP of such is logged as DROP TEMPORARY.)
void leave_out_temporary(Reading& reading) {
  std::erase_if(reading.effects, [&](Effect& effect) {
    if (effect.danger == DangerClass::kDropTable) return false;
    const bool had_objects = !effect.objects.empty();
    std::erase_if(effect.objects, [&](const TableName& each) { return reading.is_temporary(each); });
    return had_objects && effect.objects.empty();
  });
}

struct ReadingResult {
  std::vector<Effect> effects;
  std::vector<unsigned> doubtful_versions;
};

ReadingResult read_as(std::string_view text, const StatementContext& context, const ReaderVersion& reader,
                      TableMemory& memory, bool learns) {
  SqlDialect dialect = context.dialect;
  dialect.reader = reader;
  Reading reading{Tokens(text, dialect), context, memory, learns, {}};
  int wrapped = 0;
  while (read_verb(reading)) {
    if (++wrapped > kMaxWrapped) {
      reading.unknown("statements around statements");
      break;
    }
  }
  add_effects_of_routines(reading, text);
  if (reading.in.broken()) reading.unknown("it cannot be read: an open quote or comment, or a stray character");
  leave_out_temporary(reading);
  return {std::move(reading.effects), reading.in.doubtful_versions()};
}

}  // namespace

std::vector<Effect> classify_statement(std::string_view text, const StatementContext& context, TableMemory& memory) {
  const ReaderVersion own = context.dialect.reader;
  ReadingResult result = read_as(text, context, own, memory, true);
  // The server that replays this may be older or newer than the one that wrote it.
  std::vector<ReaderVersion> read{own};
  std::vector<unsigned> doubtful = std::move(result.doubtful_versions);
  for (std::size_t i = 0; i < doubtful.size(); ++i) {
    for (const unsigned number : {doubtful[i], doubtful[i] - 1}) {
      const ReaderVersion other{own.mariadb, number};
      if (std::ranges::find(read, other) != read.end()) continue;
      if (read.size() >= kMaxReadings) {
        result.effects.push_back({DangerClass::kUnknown, {}, 0, "too many versions in its executable comments"});
        return result.effects;
      }
      read.push_back(other);
      ReadingResult more = read_as(text, context, other, memory, false);
      for (Effect& effect : more.effects) {
        if (std::ranges::find(result.effects, effect) == result.effects.end())
          result.effects.push_back(std::move(effect));
      }
      for (const unsigned version : more.doubtful_versions) {
        if (std::ranges::find(doubtful, version) == doubtful.end()) doubtful.push_back(version);
      }
    }
  }
  return result.effects;
}

}  // namespace lifeboat::binlog
