/// What a replica, mariadb-binlog or a monitoring client asks in SQL before (or instead of) a binlog dump, and what a
/// source would answer. A pure state machine: statement in, answer out; user variables are its only state, as they are
/// a source's. The order in which a MariaDB replica asks: docs/internals/replication-protocol.md.
///
/// Threads: one at a time. Errors: a statement that it does not know is answered by an ServerError, never by an
/// exception.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "binlog/statement_tokens.h"
#include "relay/reply.h"

namespace lifeboat::relay {

struct Accepted {};

/// `KILL id`: a semi-sync replica ends its own dump so. Whether the connection may be killed is the session's to judge.
struct KillRequest {
  std::uint64_t connection_id = 0;
};

using Answer = std::variant<Accepted, TextResult, ServerError, KillRequest>;

/// What the relay says of itself in its source's name.
struct DialogueFacts {
  std::uint64_t connection_id = 0;
  std::string user;
  std::map<std::string, std::string, std::less<>> variables;  ///< system variables by lower-case name
  /// The value of @@gtid_binlog_pos now.
  std::function<std::string()> gtid_binlog_position;
  /// BINLOG_GTID_POS(file, position): empty is NULL.
  std::function<std::optional<std::string>(const std::string& file, std::uint64_t position)> gtid_position_at;
  /// SHOW BINARY LOGS: names and sizes, oldest first.
  std::function<std::vector<std::pair<std::string, std::uint64_t>>()> log_files;
};

/// What the variables that the client set mean for its dump.
struct ReplicaWishes {
  std::uint64_t heartbeat_ns = 0;            ///< 0: none
  std::optional<std::string> checksum;       ///< @master_binlog_checksum; empty: it knows no checksums
  int capability = 0;                        ///< @mariadb_slave_capability
  std::optional<std::string> connect_state;  ///< set: by GTID
  std::optional<std::string> until_gtid;
  bool gtid_strict_mode = false;
  bool ignore_duplicates = false;
  bool skip_replication = false;  ///< leave out events flagged so
  bool semi_sync = false;
};

class ReplicaDialogue {
 public:
  explicit ReplicaDialogue(DialogueFacts facts) : facts_(std::move(facts)) {}

  Answer answer(std::string_view statement);
  ReplicaWishes wishes() const;

 private:
  Answer set(binlog::Tokens& in);
  Answer select(binlog::Tokens& in);
  Answer show(binlog::Tokens& in);
  Answer show_variables(binlog::Tokens& in);
  std::optional<std::string> value(binlog::Tokens& in);
  /// A value without parentheses, so that no statement makes it call itself.
  std::optional<std::string> simple_value(const binlog::Token& token);
  std::optional<std::string> function_value(binlog::Tokens& in, const std::string& name);
  std::optional<std::string> system_variable(std::string_view name) const;
  std::optional<std::string> user_variable(std::string_view name) const;
  std::uint64_t number(std::string_view name) const;

  DialogueFacts facts_;
  std::map<std::string, std::optional<std::string>, std::less<>> user_variables_;
  bool skip_replication_ = false;
  std::string_view last_;  ///< the last token of the value just read
};

}  // namespace lifeboat::relay
