#include "base/printable.h"

#include <cstddef>
#include <cstdint>

#include "base/format.h"

namespace lifeboat {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

struct Character {
  std::size_t bytes = 1;
  std::uint32_t code = 0;
  bool valid = false;
};

/// The first one of a text that is not empty (RFC 3629: shortest form, no surrogates, up to U+10FFFF).
Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {1, lead, true};
  if (lead < 0xc2 || lead > 0xf4) return {};
  const std::size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (!continues(text[i])) return {};
    code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  if (code < kLeast[bytes] || surrogate || code > 0x10ffff) return {};
  return {bytes, code, true};
}

bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

std::string escaped(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  return format("\\x{:02x}", code);
}

template <typename Show>
std::string map_characters(std::string_view text, Show show) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.valid) {
      show(out, character.code, text.substr(0, character.bytes));
    } else {
      out += kReplacement;
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  return map_characters(text, [](std::string& out, std::uint32_t, std::string_view bytes) { out += bytes; });
}

std::string printable(std::string_view text) {
  return map_characters(text, [](std::string& out, std::uint32_t code, std::string_view bytes) {
    out += is_control(code) ? escaped(code) : std::string(bytes);
  });
}

std::string printable_lines(std::string_view text) {
  return map_characters(text, [](std::string& out, std::uint32_t code, std::string_view bytes) {
    out += is_control(code) && code != '\n' ? escaped(code) : std::string(bytes);
  });
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=.,:/@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace lifeboat
