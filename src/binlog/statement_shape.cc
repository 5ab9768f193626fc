#include "binlog/statement_shape.h"

#include "binlog/statement_tokens.h"

namespace lifeboat::binlog {

std::string statement_shape(std::string_view text) {
  constexpr std::string_view kValue = "?";
  constexpr std::string_view kListGoesOn = "? ,";
  Tokens in(text, {});
  std::string shape;
  for (Token token = in.take(); !token.ends(); token = in.take()) {
    const bool value = token.kind == TokenKind::kString || token.kind == TokenKind::kNumber;
    if (value && shape.ends_with(kListGoesOn)) {
      shape.resize(shape.size() - kListGoesOn.size() + kValue.size());
      continue;
    }
    if (!shape.empty()) shape += ' ';
    shape += value ? kValue : token.text;
  }
  if (shape.ends_with(kListGoesOn))
    shape.resize(shape.size() - kListGoesOn.size() + kValue.size());  // it was cut there
  return shape;
}

}  // namespace lifeboat::binlog
