/// Text whose bytes others chose (names of files above all) made fit to be shown: a terminal obeys control characters,
/// and JSON holds UTF-8 only. What is replaced cannot be told apart again.
#pragma once

#include <string>
#include <string_view>

namespace lifeboat {

/// Each byte that belongs to no well-formed UTF-8 sequence becomes U+FFFD.
std::string valid_utf8(std::string_view text);

/// One line: as valid_utf8, and control characters become "\n", "\t" or "\x1b".
std::string printable(std::string_view text);
/// As printable, but line feeds stay: for text with lines of our own.
std::string printable_lines(std::string_view text);

/// As a shell reads it back as one word: quoted if it must be. For commands that a person is to paste.
std::string shell_word(std::string_view text);

}  // namespace lifeboat
