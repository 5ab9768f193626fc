/// MariaDB's global transaction ids: domain-server-sequence, positions (one per domain) and the state at a file's head.
/// Threads: values. Errors: parse throws kUsage naming the text; decoding is in control_events.h.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lifeboat::binlog {

struct Gtid {
  std::uint32_t domain = 0;
  std::uint32_t server = 0;
  std::uint64_t sequence = 0;

  friend auto operator<=>(const Gtid&, const Gtid&) = default;
};

/// "0-1-42".
std::string format_gtid(const Gtid& gtid);
Gtid parse_gtid(std::string_view text);
/// "0-1-42,1-2-7"; blanks around the parts are allowed, as the server allows them. Empty text is an empty list.
std::vector<Gtid> parse_gtid_list(std::string_view text);
std::string format_gtid_list(const std::vector<Gtid>& gtids);

/// A place in the history: per domain the last transaction, as in gtid_slave_pos.
class GtidPosition {
 public:
  GtidPosition() = default;
  /// "d-s-n,…"; kUsage also if a domain occurs twice.
  static GtidPosition parse(std::string_view text);
  /// Ascending by domain; empty if there is none.
  std::string format() const;

  /// The domain's last transaction is now `gtid`, whatever it was.
  void update(const Gtid& gtid) { last_[gtid.domain] = gtid; }
  void erase(std::uint32_t domain) { last_.erase(domain); }
  std::optional<Gtid> find(std::uint32_t domain) const;
  bool empty() const { return last_.empty(); }
  /// Ascending by domain.
  std::vector<Gtid> gtids() const;

  /// Whether this position is at `gtid` or past it, by sequence number in its domain. Numbers say so only while the
  /// domain's numbers ascend (gtid_strict_mode, one writer at a time): where they need not, ask an index of the log.
  bool reached(const Gtid& gtid) const;
  /// Whether every domain of `other` was reached.
  bool reached(const GtidPosition& other) const;

  friend bool operator==(const GtidPosition&, const GtidPosition&) = default;

 private:
  std::map<std::uint32_t, Gtid> last_;
};

/// What a log contains up to some place: the highest number of every (domain, server), and which of them came last in
/// its domain. A Gtid_list event at a file's head holds the state before that file.
class GtidState {
 public:
  GtidState() = default;
  /// In the order of a Gtid_list event, where the last of a domain's entries came last.
  static GtidState from_list(const std::vector<Gtid>& list);
  /// Domains ascending; in each the last transaction's entry last, as the server writes it.
  std::vector<Gtid> list() const;

  /// A transaction was added. Its number becomes that server's, also if it is lower (servers that are not strict do
  /// so).
  void update(const Gtid& gtid);

  /// The last transaction in a domain.
  std::optional<Gtid> last(std::uint32_t domain) const;
  /// The number of a server's last transaction in a domain.
  std::optional<std::uint64_t> sequence(std::uint32_t domain, std::uint32_t server) const;
  /// Whether that server's number in that domain is at least the one of `gtid`.
  bool covers(const Gtid& gtid) const;
  /// The last of each domain.
  GtidPosition position() const;
  bool empty() const { return domains_.empty(); }

  friend bool operator==(const GtidState&, const GtidState&) = default;

 private:
  struct Domain {
    std::map<std::uint32_t, std::uint64_t> sequences;  ///< by server
    std::uint32_t last_server = 0;
    friend bool operator==(const Domain&, const Domain&) = default;
  };
  std::map<std::uint32_t, Domain> domains_;
};

}  // namespace lifeboat::binlog
