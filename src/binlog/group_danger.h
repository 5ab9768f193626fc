/// What one group (a transaction, or a single statement) of a binary log destroys: text judged by danger.h, rows
/// counted.
///
/// All events of a log are fed in their order, those outside of groups as well (a Format_description tells how to read
/// what follows); where a group ends is the caller's to know (group_reader.h):
///
///     GroupClassifier classifier;
///     for (event of the log) {
///       const Place place = groups.next(event);
///       if (groups.torn()) classifier.forget();     // before the event is added: it belongs to the next group
///       classifier.add(event);
///       if (place == Place::kEnds || place == Place::kWhole) use(classifier.finish());
///     }
///
/// A reader that begins in the middle of a file adds the file's Format_description first.
/// Rules and sliding windows are not here: a GroupDanger says what happened, as classes, objects and counts; who
/// decides (the guard) may look at the counts of ordinary groups as well.
///
/// Threads: one at a time; classifiers share nothing. Errors: none but a lack of memory: whatever cannot be decoded is
/// an effect kUnknown that says why. Ownership: events are borrowed for the call. Memory: bounded whatever the group's
/// size (rows are counted, not kept); on top of the event itself at most `max_inflated`, for a compressed one, and the
/// classifier's limits below.
/// Limits: those of danger.h; rows that a foreign key's cascade removes stand in no log. An ALTER in two phases is
/// judged at its first (kExtraStartAlter) and its second; not where it is rolled back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "binlog/danger.h"
#include "binlog/format_description.h"
#include "binlog/table_map.h"

namespace lifeboat::binlog {

/// Rows of one table in one group, as rows events count them; statements as text change rows that nobody counts.
struct RowCounts {
  std::uint64_t inserted = 0;
  std::uint64_t updated = 0;
  std::uint64_t deleted = 0;

  bool operator==(const RowCounts&) const = default;
};

struct GroupDanger {
  Severity severity = Severity::kOrdinary;  ///< the worst of the effects'
  /// The worst first, equal ones joined; ordinary DELETE and UPDATE as text with their `rows` as well. Of rows events,
  /// `rows` is what was counted in the statement.
  std::vector<Effect> effects;
  std::map<TableName, RowCounts> rows;  ///< `TableName{}` counts what is beyond GroupClassifier::kMaxTables

  /// The text of the statement with the worst effect, or the first; of rows events where the log annotates them. Cut at
  /// kMaxStatement bytes. Any bytes: the session's character set is not told.
  std::string statement;
  std::uint64_t statement_size = 0;  ///< before it was cut
  std::string database;          ///< the default one of that statement's session; of rows without text: of the first
  std::uint64_t statements = 0;  ///< in the group, BEGIN and COMMIT not counted; of rows events as annotated

  std::uint32_t thread_id = 0;  ///< 0: the log does not tell
  std::string user;             ///< whose rights the statement ran with; empty: the log tells it of few statements only
  std::string user_host;
  std::int64_t time_s = 0;  ///< of its first event, seconds since 1970 UTC
};

/// From how many rows of one table in one group on it is a mass.
struct MassLimits {
  std::uint64_t deleted = 1'000;
  std::uint64_t updated = 1'000;
};

struct GroupClassifierOptions {
  MassLimits mass;
  std::size_t max_inflated = std::size_t{64} << 20U;  ///< of one compressed text or rows event, or transaction
};

class GroupClassifier {
 public:
  static constexpr std::size_t kMaxStatement = 4'096;
  static constexpr std::size_t kMaxEffects = 100;      ///< more are joined to one of kUnknown
  static constexpr std::size_t kMaxObjects = 1'000;    ///< of one effect; more: kUnknown as well
  static constexpr std::size_t kMaxTables = 10'000;    ///< with counts of their own
  static constexpr std::size_t kMaxTableMaps = 1'000;  ///< at a time; more: kUnknown

  using Options = GroupClassifierOptions;
  explicit GroupClassifier(Options options = {}) : options_(options) {}

  void add(const Event& event);
  /// What was added since the last group, which ends here.
  GroupDanger finish();
  /// The group that was begun will not end: the source crashed, or the stream was cut and starts anew.
  void forget();

 private:
  void add_body(const Event& event);
  void add_format(const Event& event);
  void add_gtid(const Event& event);
  void add_statement(const Event& event);
  void add_annotation(const Event& event);
  void add_table_map(const Event& event);
  void add_rows(const Event& event);
  void add_payload(const Event& event);
  void keep_statement(std::string_view text, std::string_view database, const std::vector<Effect>& effects);
  void add_effect(Effect effect);
  void unknown(std::string why);
  void end_statement();
  void judge_masses();

  Options options_;
  Flavour flavour_ = Flavour::kMariadb;
  ReaderVersion writer_;
  bool readable_ = true;  ///< false: the file's Format_description could not be read, so nothing can
  TableMemory memory_;

  // Of the group:
  GroupDanger group_;
  bool begun_ = false;
  bool rolls_back_alter_ = false;
  bool too_many_effects_ = false;
  Severity statement_severity_ = Severity::kOrdinary;  ///< of the statement kept
  std::map<std::uint64_t, TableMap> maps_;
  // Of the statement whose rows come:
  std::vector<Effect> annotated_;
  std::map<TableName, RowCounts> statement_rows_;
};

}  // namespace lifeboat::binlog
