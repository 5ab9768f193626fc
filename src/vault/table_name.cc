#include "vault/table_name.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace lifeboat::vault {
namespace {

constexpr std::array<std::string_view, 12> kTableSuffixes{".ibd", ".frm", ".MYD", ".MYI", ".MAD", ".MAI",
                                                          ".ARZ", ".CSV", ".CSM", ".TRG", ".par", ".sdi"};

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0U | (code >> 6U));
    out += static_cast<char>(0x80U | (code & 0x3fU));
  } else {
    out += static_cast<char>(0xe0U | (code >> 12U));
    out += static_cast<char>(0x80U | ((code >> 6U) & 0x3fU));
    out += static_cast<char>(0x80U | (code & 0x3fU));
  }
}

/// The server writes characters that a file name can't be trusted with as "@" and four hex digits.
std::string decode_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    unsigned code = 0;
    const std::string_view digits = name.substr(1, 4);
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (name.front() == '@' && digits.size() == 4 && error == std::errc{} && rest == digits.data() + 4) {
      append_utf8(out, code);
      name.remove_prefix(5);
    } else {
      out += name.front();
      name.remove_prefix(1);
    }
  }
  return out;
}

/// Partitions are "#P#" or "#p#" and a name; subpartitions and full-text indexes follow the same way.
std::string_view without_partition(std::string_view name) {
  return name.substr(0, std::min(name.find("#P#"), name.find("#p#")));
}

}  // namespace

std::string table_of_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  std::string_view database = path.substr(0, slash);
  database.remove_prefix(database.rfind('/') + 1);
  const std::string_view file = path.substr(slash + 1);
  for (const std::string_view suffix : kTableSuffixes) {
    if (!file.ends_with(suffix)) continue;
    const std::string_view name = without_partition(file.substr(0, file.size() - suffix.size()));
    if (name.empty() || name.starts_with("#sql")) return {};
    return decode_name(database) + "/" + decode_name(name);
  }
  return {};
}

}  // namespace lifeboat::vault
