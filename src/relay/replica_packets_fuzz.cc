// What a client of the relay may send, of any bytes: its login, its commands, its acknowledgements, its statements. The
// first byte chooses.

#include "base/error.h"
#include "relay/replica_dialogue.h"
#include "relay/server_packets.h"

namespace {

void converse(std::string_view statements) {
  using namespace lifeboat::relay;
  ReplicaDialogue dialogue(
      {.connection_id = 1,
       .user = "u",
       .variables = {{"server_id", "1"}, {"version", "10.11.6-MariaDB"}, {"binlog_checksum", "CRC32"}},
       .gtid_binlog_position = [] { return std::string("0-1-1"); },
       .gtid_position_at = [](const std::string&, std::uint64_t) { return std::nullopt; },
       .log_files = [] { return std::vector<std::pair<std::string, std::uint64_t>>{{"b.1", 4}}; }});
  while (!statements.empty()) {
    const std::size_t end = std::min(statements.find('\n'), statements.size());
    const Answer answer = dialogue.answer(statements.substr(0, end));
    if (const auto* result = std::get_if<TextResult>(&answer)) {
      for (const auto& row : result->rows) LIFEBOAT_CHECK(row.size() == result->columns.size());
    }
    statements.remove_prefix(std::min(end + 1, statements.size()));
  }
  LIFEBOAT_CHECK(dialogue.wishes().capability <= 4);
}

void parse(std::uint8_t kind, lifeboat::ByteView bytes) {
  using namespace lifeboat::relay;
  switch (kind % 5) {
    case 0:
      LIFEBOAT_CHECK(parse_login(bytes).user.size() <= bytes.size());
      break;
    case 1:
      parse_register_replica(bytes);
      break;
    case 2:
      LIFEBOAT_CHECK(parse_binlog_dump(bytes).file.size() <= bytes.size());
      break;
    case 3:
      LIFEBOAT_CHECK(!parse_semi_sync_ack(bytes).file.empty());
      break;
    default:
      converse(lifeboat::as_text(bytes));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    parse(data[0], {data + 1, size - 1});
  } catch (const lifeboat::Exception&) {  // refused, as it should be
  }
  return 0;
}
