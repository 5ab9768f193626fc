/// Which bytes above 0x7F are letters in the character sets of one byte a character, where a name may stand without
/// quotes.
#pragma once

#include <array>
#include <cstdint>

namespace lifeboat::binlog {

/// A bit each for 0x80 to 0xFF. A byte without is a blank, a control or nothing that a server reads as code.
using HighLetters = std::array<std::uint64_t, 2>;

inline bool is_letter(const HighLetters& letters, unsigned char byte) {
  return byte >= 0x80 && (letters.at(byte / 64U - 2) >> (byte % 64U) & 1U) != 0;
}

/// Of a collation's character set, as a server's lexer takes them; none if the set has more bytes a character, or is
/// not known.
HighLetters letters_of_collation(unsigned collation);

}  // namespace lifeboat::binlog
