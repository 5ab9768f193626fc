// Two questions for each pair of types: what does any server round or read otherwise, and what does one without strict
// mode cut where a strict one refuses?

#include "binlog/column_fit.h"

#include <algorithm>
#include <array>

namespace lifeboat::binlog {
namespace {

using Why = std::optional<std::string>;

enum class Family : std::uint8_t { kInteger, kBits, kDecimal, kFloating, kText, kBinary, kChoice, kTime, kOther };

struct TypeRow {
  std::string_view name;
  Family family;
  std::uint64_t capacity;     ///< bytes; larger holds more within its family
  std::uint64_t text_length;  ///< characters of its longest value, written out
};

constexpr std::uint64_t kByLength = 0;
constexpr std::uint64_t kLongBytes = 1ULL << 32U;

// Canonical names only, as column_type.h reads them.
constexpr std::array kTypes = {
    TypeRow{"TINYINT", Family::kInteger, 1, 4},
    TypeRow{"SMALLINT", Family::kInteger, 2, 6},
    TypeRow{"MEDIUMINT", Family::kInteger, 3, 8},
    TypeRow{"INT", Family::kInteger, 4, 11},
    TypeRow{"BIGINT", Family::kInteger, 8, 20},
    TypeRow{"BIT", Family::kBits, kByLength, kLongBytes},
    TypeRow{"DECIMAL", Family::kDecimal, kByLength, kByLength},
    TypeRow{"FLOAT", Family::kFloating, 4, kByLength},
    TypeRow{"DOUBLE", Family::kFloating, 8, kByLength},
    TypeRow{"CHAR", Family::kText, kByLength, kByLength},
    TypeRow{"VARCHAR", Family::kText, kByLength, kByLength},
    TypeRow{"TINYTEXT", Family::kText, 255, 255},
    TypeRow{"TEXT", Family::kText, 65535, 65535},
    TypeRow{"MEDIUMTEXT", Family::kText, 1 << 24, 1 << 24},
    TypeRow{"LONGTEXT", Family::kText, kLongBytes, kLongBytes},
    TypeRow{"JSON", Family::kText, kLongBytes, kLongBytes},
    TypeRow{"BINARY", Family::kBinary, kByLength, kByLength},
    TypeRow{"VARBINARY", Family::kBinary, kByLength, kByLength},
    TypeRow{"TINYBLOB", Family::kBinary, 255, 255},
    TypeRow{"BLOB", Family::kBinary, 65535, 65535},
    TypeRow{"MEDIUMBLOB", Family::kBinary, 1 << 24, 1 << 24},
    TypeRow{"LONGBLOB", Family::kBinary, kLongBytes, kLongBytes},
    TypeRow{"ENUM", Family::kChoice, kByLength, kByLength},
    TypeRow{"SET", Family::kChoice, kByLength, kByLength},
    TypeRow{"DATE", Family::kTime, 0, 10},
    TypeRow{"TIME", Family::kTime, 0, 10},
    TypeRow{"DATETIME", Family::kTime, 0, 19},
    TypeRow{"TIMESTAMP", Family::kTime, 0, 19},
    TypeRow{"YEAR", Family::kTime, 0, 4},
};

TypeRow row_of_type(const DeclaredType& type) {
  const auto* const row = std::ranges::find(kTypes, type.name, &TypeRow::name);
  return row == kTypes.end() ? TypeRow{type.name, Family::kOther, 0, kLongBytes} : *row;
}

Family family_of(const DeclaredType& type) {
  return row_of_type(type).family;
}

bool is_number(Family family) {
  return family == Family::kInteger || family == Family::kBits || family == Family::kDecimal ||
         family == Family::kFloating;
}

bool is_text(Family family) {
  return family == Family::kText || family == Family::kBinary;
}

/// A day and a time of it.
bool is_moment(const DeclaredType& type) {
  return type.name == "DATETIME" || type.name == "TIMESTAMP";
}

// What any server does without a word.

Why why_time_changes(const DeclaredType& from, const DeclaredType& to) {
  if ((is_moment(from) || from.name == "TIME") && to.name == "DATE") return "loses the time of day";
  if ((is_moment(from) || from.name == "DATE") && to.name == "TIME") return "loses the date";
  if (from.name == "TIME" && is_moment(to)) return "becomes a time of the day of the change";
  if (from.name != "YEAR" && to.name == "YEAR") return "keeps the year only";
  if (from.name != "YEAR" && from.length > to.length) return "loses fractions of seconds";
  return {};
}

Why why_time_as_number_changes(const DeclaredType& from, const DeclaredType& to) {
  if (from.name == "YEAR") return {};
  if (to.name == "FLOAT") return "loses precision";
  const std::uint64_t places = family_of(to) == Family::kDecimal ? to.scale : 0;
  if (from.length > places) return "loses fractions of seconds";
  return {};
}

/// Whole numbers of so many digits are exact in a DOUBLE.
constexpr std::uint64_t kDoubleDigits = 15;

Why why_number_changes(const DeclaredType& from, const DeclaredType& to) {
  const Family a = family_of(from);
  const Family b = family_of(to);
  const bool fractions = a == Family::kDecimal ? from.scale > 0 : a == Family::kFloating;
  if (fractions && b != Family::kDecimal && b != Family::kFloating && !is_text(b)) {
    return "loses what stands behind the decimal point";
  }
  if (a == Family::kDecimal && b == Family::kDecimal && to.scale < from.scale) return "loses decimal places";
  if (a == Family::kFloating && b == Family::kDecimal) return "rounds to its decimal places";
  const bool places = to.length != 0 && (from.length == 0 || to.scale < from.scale);
  if (a == Family::kFloating && b == Family::kFloating && places) return "loses decimal places";
  const bool not_of_float = a == Family::kDecimal || from.name == "DOUBLE" || from.name == "BIGINT";
  if (to.name == "FLOAT" && (not_of_float || from.name == "INT")) return "loses precision";
  const bool whole = a == Family::kDecimal && from.scale == 0 && from.length <= kDoubleDigits;
  if (to.name == "DOUBLE" && !whole && (a == Family::kDecimal || from.name == "BIGINT")) return "loses precision";
  return {};
}

Why why_changed(const DeclaredType& from, const DeclaredType& to) {
  const Family a = family_of(from);
  const Family b = family_of(to);
  if (a == Family::kTime && b == Family::kTime) return why_time_changes(from, to);
  if (a == Family::kTime && is_number(b)) return why_time_as_number_changes(from, to);
  if (is_number(a)) return why_number_changes(from, to);
  if (is_text(a) && (is_number(b) || b == Family::kTime)) return "reads text as " + to.name;
  if (a == Family::kChoice && (is_number(b) || b == Family::kTime)) return "keeps the places of its values only";
  return {};
}

// What a server without strict mode cuts.

/// Digits before the decimal point that a value has at most.
std::uint64_t whole_digits(const DeclaredType& type) {
  constexpr std::array<std::uint64_t, 9> kOfBytes = {0, 3, 5, 8, 10, 0, 0, 0, 20};
  if (family_of(type) == Family::kInteger) return kOfBytes.at(row_of_type(type).capacity);
  return type.length - std::min(type.scale, type.length);
}

/// So many digits that each number of them has a place.
std::uint64_t safe_digits(const DeclaredType& type) {
  constexpr std::array<std::uint64_t, 9> kOfBytes = {0, 2, 4, 6, 9, 0, 0, 0, 18};
  return family_of(type) == Family::kInteger ? kOfBytes.at(row_of_type(type).capacity) : whole_digits(type);
}

bool loses_sign(const DeclaredType& from, const DeclaredType& to) {
  return to.is_unsigned && !from.is_unsigned;
}

Why why_integer_is_cut(const DeclaredType& from, const DeclaredType& to) {
  const std::uint64_t before = row_of_type(from).capacity;
  const std::uint64_t after = row_of_type(to).capacity;
  if (loses_sign(from, to) || (from.is_unsigned && !to.is_unsigned && after <= before)) {
    return "changes its sign without strict mode";
  }
  if (after < before) return "is shorter without strict mode";
  return {};
}

Why why_number_is_cut(const DeclaredType& from, const DeclaredType& to) {
  const Family a = family_of(from);
  const Family b = family_of(to);
  if (a == Family::kInteger && b == Family::kInteger) return why_integer_is_cut(from, to);
  if (a == Family::kBits || b == Family::kBits) {
    const bool longer = a == b && std::max<std::uint64_t>(to.length, 1) >= std::max<std::uint64_t>(from.length, 1);
    return longer ? Why() : "changes the kind of values without strict mode";
  }
  if (loses_sign(from, to)) return "changes its sign without strict mode";
  if (b == Family::kFloating && to.length == 0) return {};
  const bool unbounded = a == Family::kFloating && from.length == 0;
  if (unbounded || safe_digits(to) < whole_digits(from)) return "holds fewer digits without strict mode";
  return {};
}

Why why_time_is_cut(const DeclaredType& from, const DeclaredType& to) {
  if (from.name == to.name) return {};
  if (to.name == "TIMESTAMP") return "holds fewer years without strict mode";
  if (from.name == "YEAR") return "changes the kind of values without strict mode";
  return {};
}

/// Characters that its longest value has, written out.
std::uint64_t longest_text(const DeclaredType& type) {
  const TypeRow row = row_of_type(type);
  switch (row.family) {
    case Family::kInteger:
      return std::max(row.text_length, type.length);  // ZEROFILL writes as many
    case Family::kDecimal:
      return type.length + 3;  // sign, point and a 0 before it
    case Family::kFloating:
      return std::max<std::uint64_t>(24, type.length + 3);
    case Family::kTime:
      return row.text_length + (type.length == 0 || type.name == "YEAR" ? 0 : type.length + 1);
    case Family::kChoice: {
      std::uint64_t longest = 0;
      std::uint64_t all = 0;
      for (const std::string& value : type.values) {
        longest = std::max<std::uint64_t>(longest, value.size());
        all += value.size() + (all == 0 ? 0 : 1);
      }
      return type.name == "SET" ? all : longest;
    }
    default:
      return row.text_length != kByLength                   ? row.text_length
             : type.name == "CHAR" || type.name == "BINARY" ? std::max<std::uint64_t>(type.length, 1)
                                                            : type.length;
  }
}

/// Whether each character of `from` is one byte of `to`.
bool is_of_single_bytes(const DeclaredType& from, const DeclaredType& to) {
  const Family family = family_of(from);
  const bool stays_latin = from.charset == "latin1" && (to.charset == "latin1" || family_of(to) == Family::kBinary);
  return is_number(family) || family == Family::kTime || from.charset == "ascii" || stays_latin;
}

/// Whether the texts of `from` are short enough for `to`, which is a text.
bool is_long_enough(const DeclaredType& from, const DeclaredType& to) {
  constexpr std::uint64_t kMaxVarcharBytes = 65535;
  constexpr std::uint64_t kMaxCharacterBytes = 4;
  const std::uint64_t capacity = row_of_type(to).capacity;
  if (capacity == kByLength && family_of(to) == Family::kText) return longest_text(from) <= longest_text(to);
  // `to` counts bytes.
  const std::uint64_t room = capacity == kByLength ? longest_text(to) : capacity;
  const bool counts_bytes = row_of_type(from).capacity != kByLength || family_of(from) == Family::kBinary;
  if (counts_bytes || is_of_single_bytes(from, to)) return longest_text(from) <= room;
  return std::min(longest_text(from) * kMaxCharacterBytes, kMaxVarcharBytes) <= room;
}

bool holds_every_character(const std::string& charset) {
  return charset.starts_with("utf8mb4") || charset.starts_with("utf16") || charset.starts_with("utf32") ||
         charset == "binary";
}

bool holds_characters(const std::string& from, const std::string& to) {
  if (from == to || from == "ascii" || holds_every_character(to)) return true;
  if (from.empty()) return false;  // the table's default, which may be any
  const bool of_three_bytes = to.starts_with("utf8") || to == "ucs2";
  return of_three_bytes && !holds_every_character(from);
}

Why why_text_is_cut(const DeclaredType& from, const DeclaredType& to) {
  const Family a = family_of(from);
  if (a == Family::kOther || (a == Family::kBinary && family_of(to) == Family::kText) || a == Family::kBits) {
    return "changes the kind of values without strict mode";
  }
  if (!is_long_enough(from, to)) return "is shorter without strict mode";
  const bool has_characters = a == Family::kText || a == Family::kChoice;
  if (has_characters && family_of(to) == Family::kText && !holds_characters(from.charset, to.charset)) {
    return "holds fewer characters without strict mode";
  }
  return {};
}

Why why_choice_is_cut(const DeclaredType& from, const DeclaredType& to) {
  if (from.name == "SET" && to.name == "ENUM") return "holds one value without strict mode";
  if (!std::ranges::includes(to.values, from.values)) return "lacks values that it had";
  return {};
}

Why why_cut(const DeclaredType& from, const DeclaredType& to) {
  const Family a = family_of(from);
  const Family b = family_of(to);
  if (is_text(b)) return why_text_is_cut(from, to);
  if (is_number(a) && is_number(b)) return why_number_is_cut(from, to);
  if (a == Family::kTime && b == Family::kTime) return why_time_is_cut(from, to);
  if (a == Family::kChoice && b == Family::kChoice) return why_choice_is_cut(from, to);
  const bool year_as_number = from.name == "YEAR" && b == Family::kInteger && row_of_type(to).capacity >= 2;
  if (year_as_number || from.name == to.name) return {};
  return "changes the kind of values without strict mode";
}

/// What may be lost if nothing is known of the column before.
Why why_perhaps(const DeclaredType& to, bool strict) {
  const Family family = family_of(to);
  if (is_number(family) || family == Family::kTime) return "may have held more; its type before is not known";
  if (strict) return {};  // a text is refused that does not fit, or is no value of the column
  const bool longest = to.name == "LONGBLOB" || to.name == "LONGTEXT" || to.name == "JSON";
  if (longest && (to.charset.empty() || holds_every_character(to.charset))) return {};
  return "may have held more; its type before is not known, and there is no strict mode";
}

}  // namespace

std::optional<std::string> why_narrower(const std::optional<DeclaredType>& from, const DeclaredType& to, bool strict) {
  if (!from) return why_perhaps(to, strict);
  if (auto why = why_changed(*from, to)) return why;
  return strict ? std::nullopt : why_cut(*from, to);
}

}  // namespace lifeboat::binlog
