/// Tables cut into chunks by ranges of their key, and what sums up a chunk's rows on any server: their number, and a
/// hash that does not depend on their order, and counts each row that is there twice.
///
/// Threads: functions without state. Errors: the asked server's; kCorruption for an answer of another form.
/// Limits: key ranges are of the first column of the primary key; a table without one is one chunk. Generated columns
/// are left out, since they say nothing that the others do not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rescue/drill_source.h"
#include "rescue/rescue_record.h"

namespace lifeboat::rescue {

struct TableColumn {
  std::string name;
  std::string type;     ///< "int", "varchar"
  std::string charset;  ///< empty: it has none
};

struct ComparedTable {
  std::string database;
  std::string table;
  std::vector<TableColumn> columns;
  std::optional<TableColumn> key;  ///< by which it can be cut
  std::uint64_t rows = 0;          ///< as the server estimates

  std::string name() const { return database + '.' + table; }
};

/// Of a range (after, up_to] of the key; each a literal, as SQL has it, or empty for an open end.
struct Chunk {
  std::string after;
  std::string up_to;
};

struct ChunkSum {
  std::uint64_t rows = 0;
  std::string hash;
  friend bool operator==(const ChunkSum&, const ChunkSum&) = default;
};

/// Those whose rows can be compared; of the others, why not. Without what lies in one of `left_out`.
std::vector<ComparedTable> list_compared_tables(const AskRows& ask, const std::vector<std::string>& left_out,
                                                std::vector<RescueNote>& not_compared);

/// The chunk of up to `rows` rows behind a key's value.
Chunk cut_chunk(const AskRows& ask, const ComparedTable& table, const std::string& after, std::uint64_t rows);
ChunkSum sum_chunk(const AskRows& ask, const ComparedTable& table, const Chunk& chunk);

/// "all of it", "id > 1000 and <= 2000".
std::string describe_chunk(const ComparedTable& table, const Chunk& chunk);

}  // namespace lifeboat::rescue
