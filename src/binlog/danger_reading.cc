#include "binlog/danger_reading.h"

#include <charconv>

#include "binlog/predicate_values.h"

namespace lifeboat::binlog {

void Reading::rename(const TableName& from, const TableName& to) {
  if (!learns) return;
  if (!is_temporary(from)) return memory.rename_table(from, to);
  memory.drop_temporary(context.session, from);
  memory.add_temporary(context.session, to);
}

void Reading::skip_if_exists() {
  if (!in.peek().is("IF")) return;
  if (in.peek(1).is("EXISTS")) {
    in.take();
    in.take();
  } else if (in.peek(1).is("NOT") && in.peek(2).is("EXISTS")) {
    in.take();
    in.take();
    in.take();
  }
}

std::optional<TableName> Reading::table_name() {
  in.accept_symbol(".");  // `.t` is a table of the default database
  if (!in.peek().is_name()) return {};
  TableName table{std::string(context.database), name_of(in.take())};
  if (in.peek().is_symbol(".") && in.peek(1).is_name()) {
    in.take();
    table.database = std::exchange(table.name, name_of(in.take()));
  }
  return table;
}

std::optional<WrittenColumn> Reading::column_name() {
  if (!in.peek().is_name()) return {};
  WrittenColumn column{"", lower_case(name_of(in.take()))};
  while (in.peek().is_symbol(".") && in.peek(1).is_name()) {
    in.take();
    column = {column.text(), lower_case(name_of(in.take()))};
  }
  return column;
}

/// `n`, `n OFFSET m` or `m, n`.
std::uint64_t Reading::row_limit() {
  const auto number = [&] {
    std::uint64_t value = 0;
    const Token token = in.take();
    const char* const end = token.text.data() + token.text.size();
    const bool whole = token.kind == TokenKind::kNumber && std::from_chars(token.text.data(), end, value).ptr == end;
    return whole ? value : 0;
  };
  const std::uint64_t first = number();
  return in.accept_symbol(",") ? number() : first;
}

void Reading::skip_item() {
  int depth = 0;
  do {
    const Token token = in.take();
    if (token.ends()) return;
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
  } while (depth > 0);
}

bool Reading::skip_to_comma() {
  while (!at_end()) {
    if (in.accept_symbol(",")) return true;
    skip_item();
  }
  return false;
}

Token Reading::option_value() {
  in.accept_symbol("=");
  return in.take();
}

bool Reading::skip_object_prefix() {
  if (in.peek().is("DEFINER") && in.peek(1).is_symbol("=")) {
    in.take();
    in.take();
    in.take();  // user, or CURRENT_USER; a host follows as `@host`
    if (in.peek().kind == TokenKind::kVariable || in.peek().is_symbol("(")) skip_item();
    return true;
  }
  if (in.peek().is("ALGORITHM") && in.peek(1).is_symbol("=")) {
    in.take();
    option_value();
    return true;
  }
  if (in.peek().is("SQL") && in.peek(1).is("SECURITY")) {
    in.take();
    in.take();
    in.take();
    return true;
  }
  return false;
}

}  // namespace lifeboat::binlog
