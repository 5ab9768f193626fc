/// MySQL's global transaction ids: uuid[:tag]:number, and sets of them, as text and as on the wire.
/// Threads: values. Errors: parse throws kUsage naming the text, decode kCorruption.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace lifeboat::binlog {

using Uuid = std::array<std::uint8_t, 16>;
/// "3e11fa47-71ca-11e1-9e33-c80aa9429562".
std::string format_uuid(const Uuid& uuid);
Uuid parse_uuid(std::string_view text);

/// Who numbered a transaction. `tag` is empty or [a-z_][a-z0-9_]{0,31} (MySQL 8.3 and newer).
struct GtidSource {
  static constexpr std::size_t kMaxTag = 32;
  Uuid uuid{};
  std::string tag;
  friend auto operator<=>(const GtidSource&, const GtidSource&) = default;
};

struct MysqlGtid {
  GtidSource source;
  std::uint64_t number = 0;  ///< from 1
  friend auto operator<=>(const MysqlGtid&, const MysqlGtid&) = default;
};
/// "uuid:5", "uuid:tag:5".
std::string format_gtid(const MysqlGtid& gtid);
MysqlGtid parse_mysql_gtid(std::string_view text);

/// Numbers from `begin` up to, not including, `end`.
struct GtidInterval {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  friend auto operator<=>(const GtidInterval&, const GtidInterval&) = default;
};

/// A set of transactions; intervals are kept sorted, apart from each other and not empty.
class GtidSet {
 public:
  /// "uuid:1-5:7:tag:1-3,uuid2:9"; blanks and newlines around the parts are allowed, the empty text is the empty set.
  static GtidSet parse(std::string_view text);
  std::string format() const;

  /// As in COM_BINLOG_DUMP_GTID and Previous_gtids: number of sources u64 (with tags: in the middle six bytes, the
  /// outer two being 1), then each uuid, (tag), number of intervals u64, begin and end u64 each.
  static GtidSet decode(ByteView bytes);
  Bytes encode() const;

  void add(const MysqlGtid& gtid) { add(gtid.source, {gtid.number, gtid.number + 1}); }
  void add(const GtidSource& source, GtidInterval interval);
  void add(const GtidSet& other);
  void subtract(const GtidSource& source, GtidInterval interval);
  void subtract(const GtidSet& other);

  bool contains(const MysqlGtid& gtid) const;
  bool contains(const GtidSet& other) const;
  bool empty() const { return sources_.empty(); }
  std::uint64_t count() const;
  const std::map<GtidSource, std::vector<GtidInterval>>& sources() const { return sources_; }

  friend bool operator==(const GtidSet&, const GtidSet&) = default;

 private:
  std::map<GtidSource, std::vector<GtidInterval>> sources_;
};

}  // namespace lifeboat::binlog
