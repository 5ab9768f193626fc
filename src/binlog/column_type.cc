#include "binlog/column_type.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace lifeboat::binlog {
namespace {

enum class Family : std::uint8_t { kInteger, kDecimal, kFloating, kText, kBinary, kChoice, kTime, kOther };

struct TypeRow {
  std::string_view name;
  Family family;
  std::uint64_t capacity;  ///< digits, bytes or characters; larger holds more within its family
};

constexpr std::uint64_t kByLength = 0;

// Canonical names only; see kAliases.
constexpr std::array kTypes = {
    TypeRow{"TINYINT", Family::kInteger, 1},
    TypeRow{"SMALLINT", Family::kInteger, 2},
    TypeRow{"MEDIUMINT", Family::kInteger, 3},
    TypeRow{"INT", Family::kInteger, 4},
    TypeRow{"BIGINT", Family::kInteger, 8},
    TypeRow{"DECIMAL", Family::kDecimal, kByLength},
    TypeRow{"FLOAT", Family::kFloating, 4},
    TypeRow{"DOUBLE", Family::kFloating, 8},
    TypeRow{"CHAR", Family::kText, kByLength},
    TypeRow{"VARCHAR", Family::kText, kByLength},
    TypeRow{"TINYTEXT", Family::kText, 255},
    TypeRow{"TEXT", Family::kText, 65535},
    TypeRow{"MEDIUMTEXT", Family::kText, 1 << 24},
    TypeRow{"LONGTEXT", Family::kText, 1ULL << 32U},
    TypeRow{"JSON", Family::kText, 1ULL << 32U},
    TypeRow{"BINARY", Family::kBinary, kByLength},
    TypeRow{"VARBINARY", Family::kBinary, kByLength},
    TypeRow{"TINYBLOB", Family::kBinary, 255},
    TypeRow{"BLOB", Family::kBinary, 65535},
    TypeRow{"MEDIUMBLOB", Family::kBinary, 1 << 24},
    TypeRow{"LONGBLOB", Family::kBinary, 1ULL << 32U},
    TypeRow{"ENUM", Family::kChoice, kByLength},
    TypeRow{"SET", Family::kChoice, kByLength},
    TypeRow{"DATE", Family::kTime, 0},
    TypeRow{"TIME", Family::kTime, 0},
    TypeRow{"DATETIME", Family::kTime, 0},
    TypeRow{"TIMESTAMP", Family::kTime, 0},
    TypeRow{"YEAR", Family::kTime, 0},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kAliases = {{
    {"INTEGER", "INT"},         {"INT1", "TINYINT"},     {"INT2", "SMALLINT"},
    {"INT3", "MEDIUMINT"},      {"INT4", "INT"},         {"INT8", "BIGINT"},
    {"MIDDLEINT", "MEDIUMINT"}, {"BOOL", "TINYINT"},     {"BOOLEAN", "TINYINT"},
    {"NUMERIC", "DECIMAL"},     {"DEC", "DECIMAL"},      {"FIXED", "DECIMAL"},
    {"NUMBER", "DECIMAL"},      {"REAL", "DOUBLE"},      {"FLOAT8", "DOUBLE"},
    {"FLOAT4", "FLOAT"},        {"CHARACTER", "CHAR"},   {"NCHAR", "CHAR"},
    {"NVARCHAR", "VARCHAR"},    {"VARCHAR2", "VARCHAR"}, {"VARCHARACTER", "VARCHAR"},
    {"CLOB", "LONGTEXT"},       {"RAW", "VARBINARY"},    {"LONG", "MEDIUMTEXT"},
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

TypeRow row_of(const DeclaredType& type) {
  const auto* const row = std::ranges::find(kTypes, type.name, &TypeRow::name);
  return row == kTypes.end() ? TypeRow{type.name, Family::kOther, 0} : *row;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
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
}

bool holds_every_character(const std::string& charset) {
  return charset.starts_with("utf8mb4") || charset.starts_with("utf16") || charset.starts_with("utf32") ||
         charset == "binary";
}

bool is_constraint(const Token& token) {
  return token.is("PRIMARY") || token.is("KEY") || token.is("INDEX") || token.is("UNIQUE") || token.is("FULLTEXT") ||
         token.is("SPATIAL") || token.is("VECTOR") || token.is("CONSTRAINT") || token.is("FOREIGN") ||
         token.is("CHECK") || token.is("PERIOD");
}

/// What a strict server does not refuse: it rounds, and cuts times.
std::optional<std::string> why_rounded(const DeclaredType& from, const DeclaredType& to) {
  const Family a = row_of(from).family;
  const Family b = row_of(to).family;
  if (a == Family::kTime && b == Family::kTime) {
    const bool whole = from.name == "DATETIME" || from.name == "TIMESTAMP";
    if ((whole || from.name == "TIME") && to.name == "DATE") return "loses the time of day";
    if ((whole || from.name == "DATE") && to.name == "TIME") return "loses the date";
    if (from.name != "YEAR" && to.name == "YEAR") return "keeps the year only";
    if (from.length > to.length && from.name != "YEAR" && to.name != "DATE") return "loses fractions of seconds";
    return {};
  }
  const bool fractions = a == Family::kDecimal ? from.scale > 0 : a == Family::kFloating;
  if (fractions && b == Family::kInteger) return "loses what stands behind the decimal point";
  if (a == Family::kDecimal && b == Family::kDecimal && to.scale < from.scale) return "loses decimal places";
  if (a == Family::kFloating && b == Family::kDecimal) return "rounds to its decimal places";
  if ((a == Family::kDecimal || from.name == "DOUBLE" || from.name == "BIGINT") && to.name == "FLOAT")
    return "loses precision";
  if ((a == Family::kDecimal || from.name == "BIGINT") && to.name == "DOUBLE") return "loses precision";
  const bool reads_text = a == Family::kText || a == Family::kBinary;
  if (reads_text && (b == Family::kInteger || b == Family::kDecimal || b == Family::kFloating || b == Family::kTime)) {
    return "reads text as " + to.name;
  }
  return {};
}

/// What a server without strict mode cuts.
std::optional<std::string> why_cut(const DeclaredType& from, const DeclaredType& to) {
  const TypeRow a = row_of(from);
  const TypeRow b = row_of(to);
  if (a.family != b.family) {
    const bool text_to_text =
        (a.family == Family::kText || a.family == Family::kBinary || a.family == Family::kChoice) &&
        (b.family == Family::kText || b.family == Family::kBinary) && b.capacity >= 65535;
    return text_to_text ? std::nullopt : std::optional<std::string>("changes the kind of values without strict mode");
  }
  const auto capacity = [](const TypeRow& row, const DeclaredType& type) {
    return row.capacity != kByLength                      ? row.capacity
           : type.name == "CHAR" || type.name == "BINARY" ? std::max<std::uint64_t>(type.length, 1)
                                                          : type.length;
  };
  if (a.family == Family::kChoice && !std::ranges::includes(to.values, from.values)) return "lacks values that it had";
  if (a.family == Family::kInteger && from.is_unsigned != to.is_unsigned &&
      (to.is_unsigned || b.capacity <= a.capacity)) {
    return "changes its sign without strict mode";
  }
  if (a.family == Family::kDecimal) {
    if (to.length - std::min(to.scale, to.length) < from.length - std::min(from.scale, from.length))
      return "holds fewer digits";
    return {};
  }
  if (capacity(b, to) < capacity(a, from)) return "is shorter without strict mode";
  if (!to.charset.empty() && to.charset != from.charset && !holds_every_character(to.charset)) {
    return "holds fewer characters without strict mode";
  }
  return {};
}

/// What may be lost if nothing is known of the column before.
std::optional<std::string> why_perhaps(const DeclaredType& to, bool strict) {
  if (to.name == "DATE" || to.name == "TIME" || to.name == "YEAR")
    return "may have held more; its type before is not known";
  // Whole numbers are the usual case, and a strict server refuses those that do not fit.
  if (to.name == "DECIMAL" || to.name == "FLOAT" || to.name == "DOUBLE")
    return "may have held more digits; its type before is not known";
  if (strict) return {};
  const TypeRow row = row_of(to);
  const bool widest = to.name == "BIGINT" || to.name == "DATETIME" || row.capacity >= 65535;
  if (widest && (to.charset.empty() || holds_every_character(to.charset))) return {};
  return "may have held more; its type before is not known, and there is no strict mode";
}

}  // namespace

DeclaredType read_column_type(Reading& reading) {
  Tokens& in = reading.in;
  DeclaredType type;
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

std::optional<std::string> why_narrower(const std::optional<DeclaredType>& from, const DeclaredType& to, bool strict) {
  if (!from) return why_perhaps(to, strict);
  if (auto why = why_rounded(*from, to)) return why;
  return strict ? std::nullopt : why_cut(*from, to);
}

}  // namespace lifeboat::binlog
