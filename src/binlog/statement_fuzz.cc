// Statements of any bytes, in any session: classified in bounded time and without a crash, and cut into tokens that lie
// in the text one behind the other; what has a shape has none that is longer than it with blanks.

#include "base/bytes.h"
#include "base/error.h"
#include "binlog/danger.h"
#include "binlog/statement_shape.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lifeboat::binlog;
  if (size < 2) return 0;
  StatementContext context;
  context.database = "d";
  context.dialect.charset = static_cast<Charset>(data[0] % 8);
  context.dialect.sql_mode = (data[1] & 1U ? kModeAnsiQuotes : 0) | (data[1] & 2U ? kModeNoBackslashEscapes : 0) |
                             (data[1] & 4U ? kModeMssql : 0) | (data[1] & 8U ? kModeStrictTransTables : 0);
  context.dialect.reader = data[1] & 16U ? ReaderVersion{false, 80036} : ReaderVersion{};
  context.rows_are_known = (data[1] & 32U) != 0;
  const std::string_view text = lifeboat::as_text({data + 2, size - 2});
  TableMemory memory;
  classify_statement(text, context, memory);

  Tokens tokens(text, context.dialect);
  const char* behind = text.data();
  for (Token token = tokens.take(); !token.ends(); token = tokens.take()) {
    LIFEBOAT_CHECK(token.text.data() >= behind && !token.text.empty());
    behind = token.text.data() + token.text.size();
    LIFEBOAT_CHECK(behind <= text.data() + text.size());
    if (token.kind == TokenKind::kString) string_of(token, context.dialect);
    if (token.is_name()) name_of(token);
  }
  LIFEBOAT_CHECK(statement_shape(text).size() <= 2 * text.size());  // a blank before each token
  return 0;
}
