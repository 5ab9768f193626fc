// The lexer. Its oddities are the servers': a comment inside an executable comment ends by itself, an executable
// comment inside another does not nest, `--` needs a blank or a control behind it, a version needs five or six digits.

#include "binlog/statement_tokens.h"

#include <algorithm>
#include <utility>

#include "binlog/multibyte.h"

namespace lifeboat::binlog {
namespace {

/// Every server in use reads executable comments up to these versions.
constexpr unsigned kOldestMariadb = 100600;
constexpr unsigned kOldestMysql = 50700;
/// MariaDB passes over `/*!` with MySQL's later versions.
constexpr unsigned kMysqlOnlyFirst = 50700;
constexpr unsigned kMysqlOnlyLast = 99999;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}
/// The C0 controls, with the NUL behind a text's end, and DEL.
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}
char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_hex_digit(char c) {
  return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'F');
}

bool executes(const ReaderVersion& reader, unsigned version, bool mariadb_only) {
  if (version == 0) return true;
  const bool mysql_only = reader.mariadb && !mariadb_only && version >= kMysqlOnlyFirst && version <= kMysqlOnlyLast;
  return !mysql_only && version <= reader.number;
}

bool doubtful(const ReaderVersion& reader, unsigned version, bool mariadb_only) {
  if (!reader.mariadb) return version > kOldestMysql;
  const bool never = !mariadb_only && version >= kMysqlOnlyFirst && version <= kMysqlOnlyLast;
  return !never && version > kOldestMariadb;
}

}  // namespace

bool Token::is(std::string_view keyword) const {
  return kind == TokenKind::kWord && std::ranges::equal(text, keyword, {}, upper);
}

const Token& Tokens::peek(std::size_t ahead) {
  while (ahead_count_ <= ahead) ahead_[ahead_count_++] = lex();
  return ahead_[ahead];
}

Token Tokens::take() {
  const Token next = peek();
  std::shift_left(ahead_.begin(), ahead_.end(), 1);
  --ahead_count_;
  return next;
}

bool Tokens::accept(std::string_view keyword) {
  if (!peek().is(keyword)) return false;
  take();
  return true;
}

bool Tokens::accept_symbol(std::string_view symbol) {
  if (!peek().is_symbol(symbol)) return false;
  take();
  return true;
}

std::size_t Tokens::character_length() const {
  return multibyte_length(dialect_.charset, text_.substr(at_));
}

Token Tokens::broken_token() {
  broken_ = true;
  at_ = text_.size();
  return {TokenKind::kBroken, {}};
}

bool Tokens::is_blank(char c) const {
  return c == ' ' || (c >= '\t' && c <= '\r') || (c == '\xA0' && dialect_.charset == Charset::kLatin1);
}

bool Tokens::is_word_char(char c) const {
  if (is_high(c)) return !is_blank(c) && !is_doubtful(c);
  return is_digit(c) || (upper(c) >= 'A' && upper(c) <= 'Z') || c == '_' || c == '$';
}

/// Whether the server may read it as something else than we would, outside of quotes and comments.
bool Tokens::is_doubtful(char c) const {
  if (dialect_.charset == Charset::kSwe7 && std::string_view("[\\]^{}~").contains(c)) return true;
  if (dialect_.charset == Charset::kSingleByte) {
    return is_high(c) && !is_letter(dialect_.letters, static_cast<unsigned char>(c));
  }
  return is_high(c) && dialect_.charset == Charset::kSwe7;
}

Token Tokens::lex() {
  if (broken_) return {};
  if (!skip_blanks_and_comments()) return broken_token();
  if (at_ >= text_.size()) return in_executable_comment_ ? broken_token() : Token{};
  const std::size_t start = at_;
  const char c = at();
  const bool after_dot = std::exchange(after_dot_, false);
  if (is_doubtful(c)) return broken_token();
  if (c == '\'') return lex_quoted(TokenKind::kString, c, start);
  if (c == '"') return lex_quoted(dialect_.ansi_quotes() ? TokenKind::kQuotedName : TokenKind::kString, c, start);
  if (c == '`') return lex_quoted(TokenKind::kQuotedName, c, start);
  if (c == '[' && dialect_.brackets()) return lex_quoted(TokenKind::kQuotedName, ']', start);
  if (c == '@') return lex_variable(start);
  if (is_digit(c) || (c == '.' && is_digit(at(1)) && !after_dot))
    return after_dot ? lex_word(start) : lex_number(start);
  if (is_word_char(c)) return lex_word(start);
  return lex_symbol(start);
}

/// At the opening quote, or `[`.
Token Tokens::lex_quoted(TokenKind kind, char quote, std::size_t start) {
  // What names a variable (@'x') is a string as any other.
  const bool is_text = quote == '\'' || (quote == '"' && !dialect_.ansi_quotes());
  const bool escapes = is_text && dialect_.backslash_escapes();
  ++at_;
  while (at_ < text_.size()) {
    if (const std::size_t length = character_length(); length > 1) {
      at_ += length;
    } else if ((escapes && at() == '\\') || (at() == quote && at(1) == quote)) {
      at_ += 2;
    } else if (at() != quote) {
      ++at_;
    } else {
      ++at_;
      after_dot_ = kind == TokenKind::kQuotedName && at() == '.';
      return token(kind, start);
    }
  }
  return broken_token();
}

Token Tokens::lex_word(std::size_t start) {
  while (at_ < text_.size()) {
    const std::size_t length = character_length();
    if (length == 1 && !is_word_char(at())) break;
    at_ += length;
  }
  const std::string_view word = text_.substr(start, at_ - start);
  // x'1f', b'01' and n'text' are one literal each.
  const char prefix = word.size() == 1 ? upper(word[0]) : '\0';
  if (at() == '\'' && (prefix == 'X' || prefix == 'B' || prefix == 'N')) {
    return lex_quoted(TokenKind::kString, '\'', start);
  }
  after_dot_ = at() == '.';
  return token(TokenKind::kWord, start);
}

Token Tokens::lex_number(std::size_t start) {
  if (at() == '0' && (at(1) == 'x' || at(1) == 'b') && is_hex_digit(at(2))) {
    at_ += 2;
    while (is_hex_digit(at())) ++at_;
    return is_word_char(at()) ? lex_word(start) : token(TokenKind::kNumber, start);
  }
  while (is_digit(at())) ++at_;
  bool plain = at() != '.';
  if (!plain) {
    ++at_;
    while (is_digit(at())) ++at_;
  }
  if (upper(at()) == 'E') {
    const std::size_t sign = at(1) == '+' || at(1) == '-' ? 1 : 0;
    if (is_digit(at(1 + sign))) {
      at_ += 1 + sign;
      while (is_digit(at())) ++at_;
      plain = false;  // `1e0OR` is two tokens
    }
  }
  // A name may begin with digits: 2026_orders.
  return plain && is_word_char(at()) ? lex_word(start) : token(TokenKind::kNumber, start);
}

Token Tokens::lex_variable(std::size_t start) {
  while (at() == '@') ++at_;
  const char quote = at();
  if (quote == '\'' || quote == '"' || quote == '`') {
    const Token name = lex_quoted(TokenKind::kVariable, quote, at_);
    return name.kind == TokenKind::kBroken ? name : token(TokenKind::kVariable, start);
  }
  while (at_ < text_.size() && (is_word_char(at()) || at() == '.')) ++at_;
  return token(TokenKind::kVariable, start);
}

Token Tokens::lex_symbol(std::size_t start) {
  static constexpr std::array<std::string_view, 12> kLong = {"<=>", "->>", "->", "<=", ">=", "<>",
                                                             "!=",  "||",  "&&", ":=", "<<", ">>"};
  for (const std::string_view symbol : kLong) {
    if (text_.substr(at_).starts_with(symbol)) {
      at_ += symbol.size();
      return token(TokenKind::kSymbol, start);
    }
  }
  const char c = at();
  if (is_control(c) || c == '\\') return broken_token();
  ++at_;
  after_dot_ = c == '.' && start > 0;
  return token(TokenKind::kSymbol, start);
}

// --- blanks and comments ---------------------------------------------------------------------------------------------

/// To the line's end, or to a NUL, which ends a comment as well.
void Tokens::skip_line() {
  while (at_ < text_.size() && at() != '\n' && at() != '\0') ++at_;
}

/// False if a comment does not end.
bool Tokens::skip_blanks_and_comments() {
  while (at_ < text_.size()) {
    if (is_blank(at())) {
      ++at_;
    } else if (at() == '#' || (at() == '-' && at(1) == '-' && (is_blank(at(2)) || is_control(at(2))))) {
      skip_line();
    } else if (at() == '/' && at(1) == '*') {
      if (!skip_block_comment()) return false;
    } else if (in_executable_comment_ && at() == '*' && at(1) == '/') {
      at_ += 2;
      in_executable_comment_ = false;
    } else {
      return true;
    }
  }
  return true;
}

/// At `/*`: passes over a comment, or into one whose content is code.
bool Tokens::skip_block_comment() {
  if (at(2) == '!') return open_executable_comment(at_ + 3, false);
  if (at(2) == 'M' && at(3) == '!' && dialect_.reader.mariadb) return open_executable_comment(at_ + 4, true);
  at_ += 2;
  return skip_comment_body(0);
}

bool Tokens::open_executable_comment(std::size_t digits_at, bool mariadb_only) {
  std::size_t digits = 0;
  while (digits < 6 && digits_at + digits < text_.size() && is_digit(text_[digits_at + digits])) ++digits;
  unsigned version = 0;
  at_ = digits_at;
  if (digits >= 5) {
    for (std::size_t i = 0; i < digits; ++i) version = version * 10 + static_cast<unsigned>(text_[digits_at + i] - '0');
    at_ += digits;
    if (doubtful(dialect_.reader, version, mariadb_only) &&
        std::ranges::find(doubtful_versions_, version) == doubtful_versions_.end()) {
      doubtful_versions_.push_back(version);
    }
  }
  if (!executes(dialect_.reader, version, mariadb_only)) return skip_comment_body(1);
  in_executable_comment_ = true;
  return true;
}

/// Behind the opening: to behind the closing `*/`; `nested_allowed` levels of comments inside end by themselves.
bool Tokens::skip_comment_body(int nested_allowed) {
  int depth = 0;
  while (at_ < text_.size()) {
    if (at() == '*' && at(1) == '/') {
      at_ += 2;
      if (depth-- == 0) return true;
    } else if (depth < nested_allowed && at() == '/' && at(1) == '*') {
      at_ += 2;
      ++depth;
    } else {
      ++at_;
    }
  }
  return false;
}

// --- what tokens say -------------------------------------------------------------------------------------------------

std::string name_of(const Token& token) {
  if (token.kind != TokenKind::kQuotedName || token.text.size() < 2) return std::string(token.text);
  const char quote = token.text.back();
  const std::string_view inside = token.text.substr(1, token.text.size() - 2);
  std::string name;
  name.reserve(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    name += inside[i];
    if (inside[i] == quote && i + 1 < inside.size() && inside[i + 1] == quote) ++i;
  }
  return name;
}

std::string string_of(const Token& token, const SqlDialect& dialect) {
  const std::size_t open = token.text.find_first_of("'\"");
  if (token.kind != TokenKind::kString || open == std::string_view::npos) return std::string(token.text);
  const char quote = token.text[open];
  const std::string_view inside = token.text.substr(open + 1, token.text.size() - open - 2);
  std::string value;
  for (std::size_t i = 0; i < inside.size();) {
    const std::size_t length = multibyte_length(dialect.charset, inside.substr(i));
    if (length == 1 && i + 1 < inside.size() &&
        ((dialect.backslash_escapes() && inside[i] == '\\') || (inside[i] == quote && inside[i + 1] == quote))) {
      ++i;
    }
    value.append(inside.substr(i, length));
    i += length;
  }
  return value;
}

}  // namespace lifeboat::binlog
