#include "binlog/column_type.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace lifeboat::binlog {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 25> kAliases = {{
    {"INTEGER", "INT"},         {"INT1", "TINYINT"},     {"INT2", "SMALLINT"},
    {"INT3", "MEDIUMINT"},      {"INT4", "INT"},         {"INT8", "BIGINT"},
    {"MIDDLEINT", "MEDIUMINT"}, {"BOOL", "TINYINT"},     {"BOOLEAN", "TINYINT"},
    {"NUMERIC", "DECIMAL"},     {"DEC", "DECIMAL"},      {"FIXED", "DECIMAL"},
    {"NUMBER", "DECIMAL"},      {"REAL", "DOUBLE"},      {"FLOAT8", "DOUBLE"},
    {"FLOAT4", "FLOAT"},        {"CHARACTER", "CHAR"},   {"NCHAR", "CHAR"},
    {"NVARCHAR", "VARCHAR"},    {"VARCHAR2", "VARCHAR"}, {"VARCHARACTER", "VARCHAR"},
    {"CLOB", "LONGTEXT"},       {"RAW", "VARBINARY"},    {"LONG", "MEDIUMTEXT"},
    {"SERIAL", "BIGINT"},
}};

std::string capitals(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::string small(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// FLOAT(53) is another word for DOUBLE; FLOAT(10,2) has decimal places.
void read_precision(DeclaredType& type) {
  constexpr std::uint64_t kMaxFloatBits = 24;
  if (type.length > kMaxFloatBits) type.name = "DOUBLE";
  type.length = 0;
}

/// `(10)`, `(10, 2)`, `('a', 'b')`
void read_arguments(Reading& reading, DeclaredType& type) {
  Tokens& in = reading.in;
  if (!in.accept_symbol("(")) return;
  std::size_t numbers = 0;
  while (!reading.at_end() && !in.accept_symbol(")")) {
    const Token token = in.take();
    if (token.kind == TokenKind::kNumber) {
      (numbers++ == 0 ? type.length : type.scale) = number_of(token.text);
    } else if (token.kind == TokenKind::kString && type.values.size() < 65536) {
      type.values.insert(string_of(token, in.dialect()));
    }
  }
  if (numbers == 1 && type.name == "FLOAT") read_precision(type);
}

/// The type's name, of one word or two.
std::string read_type_name(Tokens& in) {
  if (in.peek().is("NATIONAL")) in.take();
  std::string name = capitals(in.take().text);
  if (const auto* const alias =
          std::ranges::find(kAliases, name, &std::pair<std::string_view, std::string_view>::first);
      alias != kAliases.end()) {
    name = alias->second;
  }
  if (name == "DOUBLE") in.accept("PRECISION");
  if (name == "MEDIUMTEXT" && in.accept("VARBINARY")) return "MEDIUMBLOB";
  if (name == "MEDIUMTEXT") in.accept("VARCHAR");
  if (name == "CHAR" && (in.accept("VARYING") || in.accept("VARCHARACTER"))) return "VARCHAR";
  return name;
}

void read_charset(Tokens& in, DeclaredType& type) {
  if (in.peek().is("CHARACTER") && in.peek(1).is("SET")) {
    in.take();
    in.take();
    type.charset = small(in.take().text);
  } else if (in.accept("CHARSET")) {
    type.charset = small(in.take().text);
  }
  if (in.accept("COLLATE") && type.charset.empty()) {
    const std::string collation = small(in.take().text);
    type.charset = collation.substr(0, collation.find('_'));
  }
}

bool is_constraint(const Token& token) {
  return token.is("PRIMARY") || token.is("KEY") || token.is("INDEX") || token.is("UNIQUE") || token.is("FULLTEXT") ||
         token.is("SPATIAL") || token.is("VECTOR") || token.is("CONSTRAINT") || token.is("FOREIGN") ||
         token.is("CHECK") || token.is("PERIOD");
}

}  // namespace

DeclaredType read_column_type(Reading& reading) {
  Tokens& in = reading.in;
  DeclaredType type;
  type.is_unsigned = in.peek().is("SERIAL");
  type.name = read_type_name(in);
  read_arguments(reading, type);
  for (;;) {
    if (in.accept("UNSIGNED") || in.accept("ZEROFILL")) {
      type.is_unsigned = true;
    } else if (!in.accept("SIGNED")) {
      break;
    }
  }
  read_charset(in, type);
  if (type.name == "DECIMAL" && type.length == 0) type.length = 10;
  return type;
}

void learn_columns(Reading& reading, const TableName& table) {
  Tokens& in = reading.in;
  while (!reading.at_end() && !in.accept_symbol(")")) {
    const bool constraint = is_constraint(in.peek()) && !in.peek(1).is_symbol(".");
    if (!constraint && in.peek().is_name() && in.peek(1).kind == TokenKind::kWord) {
      const std::string column = name_of(in.take());
      reading.memory.set_column(table, column, read_column_type(reading));
    }
    while (!reading.at_end() && !in.peek().is_symbol(")")) {
      if (in.accept_symbol(",")) break;
      reading.skip_item();
    }
  }
}

}  // namespace lifeboat::binlog
