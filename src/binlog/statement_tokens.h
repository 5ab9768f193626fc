/// Cuts the text of a statement, as a binary log carries it, into tokens: lazily, in constant memory, by the lexical
/// rules of MariaDB and MySQL (sql/sql_lex.cc of both describes them). What the server would not read as code is left
/// out: comments, and executable comments (`/*!50001 … */`, `/*M!100100 … */`) that a server of `SqlDialect::reader`
/// passes over.
///
/// Ownership: borrows the text. Threads: one thread at a time. Errors: never throws; what no server reads (an open
/// quote, an open comment) is one kBroken token, then kEnd.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "binlog/single_byte.h"

namespace lifeboat::binlog {

/// Character sets as far as they decide where a token ends.
enum class Charset : std::uint8_t {
  kPlain,  ///< UTF-8 and all where an ASCII byte is what it seems, and any other part of a word or nothing that is read
  // A byte below 0x80 may be the second half of a character, so that a quote or a backslash is not always one.
  kBig5,
  kGbk,
  kSjis,
  kGb18030,
  // Of one byte each.
  kLatin1,      ///< 0xA0 is a blank
  kSingleByte,  ///< any other: above 0x7F only `SqlDialect::letters` are read as code
  kSwe7,        ///< as kSingleByte, and brackets, braces, `\\`, `^` and `~` are letters
};

/// That of a collation number (`character_set_client` in a Query event's status variables).
Charset charset_of_collation(unsigned collation);

/// The server whose reading of executable comments is wanted.
struct ReaderVersion {
  bool mariadb = true;
  unsigned number = 101100;  ///< 10.11.0 is 101100, 8.0.36 is 80036

  bool operator==(const ReaderVersion&) const = default;
};

/// Bits of sql_mode, as a Query event's status variables hold it; alike in MariaDB and MySQL where both have them.
inline constexpr std::uint64_t kModePipesAsConcat = 1U << 1U;
inline constexpr std::uint64_t kModeAnsiQuotes = 1U << 2U;
inline constexpr std::uint64_t kModeMssql = 1U << 10U;  ///< MariaDB: [name]
inline constexpr std::uint64_t kModeNoBackslashEscapes = 1U << 20U;
inline constexpr std::uint64_t kModeStrictTransTables = 1U << 21U;
inline constexpr std::uint64_t kModeStrictAllTables = 1U << 22U;
inline constexpr std::uint64_t kModeHighNotPrecedence = 1U << 29U;

struct SqlDialect {
  std::uint64_t sql_mode = 0;
  Charset charset = Charset::kPlain;
  HighLetters letters{};  ///< of kSingleByte
  ReaderVersion reader;

  bool ansi_quotes() const { return (sql_mode & kModeAnsiQuotes) != 0; }
  bool backslash_escapes() const { return (sql_mode & kModeNoBackslashEscapes) == 0; }
  /// `||` joins texts; else it is OR.
  bool pipes_concat() const { return (sql_mode & kModePipesAsConcat) != 0; }
  /// NOT binds as closely as `!`.
  bool not_binds_closely() const { return (sql_mode & kModeHighNotPrecedence) != 0; }
  /// What does not fit in a column is an error, at least where rows can be taken back.
  bool strict() const { return (sql_mode & (kModeStrictTransTables | kModeStrictAllTables)) != 0; }
  bool brackets() const { return reader.mariadb && (sql_mode & kModeMssql) != 0; }
};

enum class TokenKind : std::uint8_t { kEnd, kWord, kQuotedName, kString, kNumber, kVariable, kSymbol, kBroken };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  ///< as written, with its quotes

  /// An unquoted word equal to `keyword` (given in capitals), whatever its case.
  bool is(std::string_view keyword) const;
  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  /// A word or a quoted name: what can name a table or column.
  bool is_name() const { return kind == TokenKind::kWord || kind == TokenKind::kQuotedName; }
  /// Nothing more to read: end of the text, or broken.
  bool ends() const { return kind == TokenKind::kEnd || kind == TokenKind::kBroken; }
};

bool is_any(const Token& token, auto... keywords) {
  return (token.is(keywords) || ...);
}

/// The name without its quotes and with doubled quotes made single.
std::string name_of(const Token& token);
/// What a string token holds, without quotes and with its escapes read.
std::string string_of(const Token& token, const SqlDialect& dialect);

class Tokens {
 public:
  static constexpr std::size_t kLookahead = 4;

  Tokens(std::string_view text, const SqlDialect& dialect) : text_(text), dialect_(dialect) {}

  /// The token `ahead` of the next (0: the next itself), ahead < kLookahead.
  const Token& peek(std::size_t ahead = 0);
  Token take();
  /// Takes the next token if it is this keyword or symbol.
  bool accept(std::string_view keyword);
  bool accept_symbol(std::string_view symbol);

  std::string_view text() const { return text_; }
  const SqlDialect& dialect() const { return dialect_; }
  /// Whether an unreadable token has been met so far.
  bool broken() const { return broken_; }
  /// Version numbers of executable comments met so far that some servers in use execute and others do not.
  const std::vector<unsigned>& doubtful_versions() const { return doubtful_versions_; }

 private:
  Token lex();
  Token lex_quoted(TokenKind kind, char quote, std::size_t start);
  Token lex_word(std::size_t start);
  Token lex_number(std::size_t start);
  Token lex_variable(std::size_t start);
  Token lex_symbol(std::size_t start);
  Token broken_token();
  Token token(TokenKind kind, std::size_t start) const { return {kind, text_.substr(start, at_ - start)}; }

  bool skip_blanks_and_comments();
  bool skip_block_comment();
  bool open_executable_comment(std::size_t digits_at, bool mariadb_only);
  bool skip_comment_body(int nested_allowed);
  void skip_line();
  bool is_blank(char c) const;
  bool is_word_char(char c) const;
  bool is_doubtful(char c) const;
  std::size_t character_length() const;
  char at(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  SqlDialect dialect_;
  std::size_t at_ = 0;
  bool in_executable_comment_ = false;
  bool broken_ = false;
  bool after_dot_ = false;
  std::vector<unsigned> doubtful_versions_;
  std::array<Token, kLookahead> ahead_;
  std::size_t ahead_count_ = 0;
};

}  // namespace lifeboat::binlog
