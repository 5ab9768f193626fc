/// Follows a stream of events and says where its groups (transactions, or single statements) begin and end.
/// Knows groups with MariaDB GTIDs, MySQL GTIDs (also anonymous, tagged, compressed payloads) and without any.
///
/// Threads: one at a time. Errors: kCorruption for a broken Gtid event; otherwise none. Memory: constant.
#pragma once

#include <optional>

#include "binlog/event.h"
#include "binlog/gtid_event.h"
#include "binlog/mysql_gtid.h"

namespace lifeboat::binlog {

struct Group {
  std::optional<GtidEvent> gtid;        ///< MariaDB
  std::optional<MysqlGtid> mysql_gtid;  ///< MySQL; neither: the group is anonymous
  std::uint32_t timestamp = 0;          ///< of its first event
  std::uint32_t server_id = 0;          ///< of its first event
  std::uint64_t size = 0;               ///< bytes of its events, so far
  std::uint64_t events = 0;             ///< so far
  bool standalone = false;              ///< one statement, without BEGIN and COMMIT
  /// MariaDB: its DDL flag. Otherwise: a statement that stands alone and is not XA (which includes GRANT and the like).
  bool ddl = false;
};

/// Where an event stands.
enum class Place : std::uint8_t {
  kOutside,  ///< in no group: Rotate, Format_description, Heartbeat, …
  kBegins,
  kInside,
  kEnds,
  kWhole,  ///< begins and ends: a statement without GTID
};

class GroupReader {
 public:
  Place next(const Event& event);

  /// Whether a group has begun and not ended.
  bool inside() const { return inside_; }
  /// The group that is open, or the one that ended last.
  const Group& group() const { return group_; }
  /// The last group was given up, unfinished, because the event just read begins another one or a file: the source
  /// crashed while it wrote, or the stream was cut. True until the next call of next().
  bool torn() const { return torn_; }
  /// The stream starts anew (reconnect): an open group is forgotten.
  void reset();

 private:
  void begin(const Event& event);
  bool ends(const Event& event);

  Group group_;
  bool inside_ = false;
  bool torn_ = false;
  bool transaction_ = false;  ///< a COMMIT or the like will come
};

}  // namespace lifeboat::binlog
