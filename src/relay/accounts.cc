#include "relay/accounts.h"

#include <algorithm>

#include "base/error.h"
#include "codec/hash.h"
#include "relay/native_password.h"

namespace lifeboat::relay {

void Accounts::add(std::string name, codec::Secret password) {
  passwords_.insert_or_assign(std::move(name), std::move(password));
}

void Accounts::add_file(const Path& file) {
  const std::string text = read_secret_file(file);
  std::string_view rest = text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find(' ');
    if (space == 0 || space == std::string_view::npos || space + 1 == line.size()) {
      fail(Code::kUsage, format("{} line {}: not NAME PASSWORD", file.string(), number),
           "Write one account a line: its name, one space, its password.");
    }
    add(std::string(line.substr(0, space)), codec::Secret(line.substr(space + 1)));
  }
}

bool Accounts::opens(const std::string& name, const Scramble& scramble, ByteView proof) const {
  const auto found = passwords_.find(name);
  const bool known = found != passwords_.end() && !found->second.empty();
  // An unknown name costs as much time as a known one.
  static const codec::Secret kNobody("nobody");
  const Bytes right = native_password_proof(known ? found->second : kNobody, scramble);
  return codec::equal_in_constant_time(right, proof) && known;
}

}  // namespace lifeboat::relay
