/// The Query event: a statement as text, plain (2) or compressed (165); and Execute_load_query (18), which is one with
/// a file. Body: thread id u32, seconds it ran u32, length of the database's name u8, error code u16, length of the
/// status variables u16; (Execute_load_query: file id u32, start u32, end u32, duplicates u8); variables (code u8,
/// value by code); name NUL; text to the end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "binlog/event.h"

namespace lifeboat::binlog {

/// What the session's settings say of how the text is to be read. Absent: the server did not tell.
struct QueryStatus {
  std::optional<std::uint32_t> options;  ///< bits: 0x00004000 auto-is-null, 0x04000000 no foreign key checks, …
  std::optional<std::uint64_t> sql_mode;
  std::optional<std::uint16_t> client_charset;  ///< collation id of character_set_client
  std::optional<std::uint16_t> connection_collation;
  std::optional<std::uint16_t> server_collation;
  std::string time_zone;
  std::string invoker_user;  ///< whose rights a DEFINER clause left out stands for
  std::string invoker_host;
  std::vector<std::string> updated_databases;  ///< MySQL only
  std::optional<std::uint32_t> microseconds;   ///< of the time in the header
  std::optional<std::uint64_t> xid;            ///< of a DDL that recovery completes
  bool complete = true;  ///< false: a variable of unknown code ended the reading; those after it were not seen

  static constexpr std::uint64_t kAnsiQuotes = 4;  ///< bits of sql_mode that change how text is read
  static constexpr std::uint64_t kNoBackslashEscapes = 1048576;
};

/// Borrows the event's bytes unless the text was compressed.
struct QueryEvent {
  std::uint32_t thread_id = 0;
  std::uint32_t seconds = 0;     ///< how long it ran on the source
  std::uint16_t error_code = 0;  ///< not 0: the statement failed part-way on the source, with this error
  QueryStatus status;
  std::string_view database;  ///< the session's default database
  std::uint32_t file_id = 0;  ///< Execute_load_query only: of its Begin_load_query

  std::string_view text() const { return inflated.empty() ? plain : as_text(inflated); }

  std::string_view plain;
  Bytes inflated;
};

/// kCorruption for what is no such event; kOutOfSpace if a compressed text is larger than `max_text`.
QueryEvent decode_query(const Event& event, std::size_t max_text);

/// What a Query says if it is exactly BEGIN, COMMIT or ROLLBACK. Cheap: inflates nothing large. kOther for other
/// events; kCorruption for a Query that is broken.
enum class Verb : std::uint8_t { kOther, kBegin, kCommit, kRollback };
Verb query_verb(const Event& event);

/// Query, Query_compressed, Execute_load_query.
bool is_query(EventType type);

}  // namespace lifeboat::binlog
