/// Lengths of characters in the character sets whose second bytes may look like ASCII.
#pragma once

#include <string_view>

#include "binlog/statement_tokens.h"

namespace lifeboat::binlog {

/// Bytes of the character at the start of `text` (not empty): 1 if it is a single byte, or half a character.
std::size_t multibyte_length(Charset charset, std::string_view text);

}  // namespace lifeboat::binlog
