#include "relay/approvers.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"
#include "base/printable.h"
#include "base/random.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kApproversMax = std::size_t{1} << 20U;
constexpr std::size_t kNameMax = 64;
constexpr std::size_t kPassphraseMin = 8;
constexpr std::size_t kSaltSize = 16;
constexpr std::string_view kMethod = "ed25519-scrypt:";

bool is_name(std::string_view name) {
  constexpr std::string_view kAlso = "._@-";
  return !name.empty() && name.size() <= kNameMax && std::ranges::all_of(name, [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || kAlso.contains(c);
  });
}

void check_name(std::string_view name) {
  if (is_name(name)) return;
  fail(Code::kUsage, format("'{}' is no approver's name", printable(name)), "1 to 64 of letters, digits and ._@-");
}

codec::ScryptCost parse_method(std::string_view text) {
  std::array<std::uint8_t, 3> numbers{};
  bool good = text.starts_with(kMethod);
  text.remove_prefix(good ? kMethod.size() : 0);
  for (std::size_t i = 0; good && i < numbers.size(); ++i) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), numbers.at(i));
    good = read.ec == std::errc{};
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    if (i + 1 == numbers.size()) break;
    good = good && text.starts_with(':');
    text.remove_prefix(good ? 1 : 0);
  }
  if (!good || !text.empty()) fail(Code::kUsage, "the second word is not ed25519-scrypt:N:R:P");
  return {.log2_n = numbers[0], .r = numbers[1], .p = numbers[2]};
}

Approver parse_line(const std::string& line) {
  std::istringstream in(line);
  std::string name;
  std::string method;
  std::string salt;
  std::string key;
  std::string more;
  in >> name >> method >> salt >> key;
  check_name(name);
  if (key.empty() || in >> more) fail(Code::kUsage, "a line is: NAME ed25519-scrypt:N:R:P SALT KEY");
  Approver approver{.name = name, .cost = parse_method(method), .salt = from_base64(salt), .key = {}};
  const Bytes bytes = from_base64(key);
  if (bytes.size() != approver.key.size()) fail(Code::kUsage, "the key has another size than an Ed25519 key");
  std::ranges::copy(bytes, approver.key.begin());
  return approver;
}

codec::SigningKey derive(const Approver& approver, const codec::Secret& passphrase) {
  return codec::SigningKey(
      codec::scrypt(passphrase.view(), approver.salt, approver.cost, codec::SigningKey::kSeedSize));
}

}  // namespace

Approver make_approver(std::string name, const codec::Secret& passphrase) {
  check_name(name);
  if (passphrase.view().size() < kPassphraseMin) {
    fail(Code::kUsage, format("the passphrase has less than {} characters", kPassphraseMin));
  }
  Approver approver{.name = std::move(name), .cost = {}, .salt = random_bytes(kSaltSize), .key = {}};
  approver.key = derive(approver, passphrase).public_key();
  return approver;
}

codec::SigningKey make_key(const Approver& approver, const codec::Secret& passphrase) {
  codec::SigningKey key = derive(approver, passphrase);
  if (key.public_key() != approver.key) fail(Code::kLocked, format("this is not {}'s passphrase", approver.name));
  return key;
}

std::vector<Approver> parse_approvers(std::string_view text, std::string_view file) {
  std::vector<Approver> approvers;
  std::istringstream in{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    try {
      Approver approver = parse_line(line);
      for (const Approver& each : approvers) {
        if (each.name == approver.name) fail(Code::kUsage, format("{} is there twice", each.name));
        if (each.key == approver.key) fail(Code::kUsage, format("{} has {}'s key", approver.name, each.name));
      }
      approvers.push_back(std::move(approver));
    } catch (Exception& e) {
      e.add_context(format("in {} line {}", file, number));
      throw;
    }
  }
  return approvers;
}

std::string format_approvers(const std::vector<Approver>& approvers) {
  std::string text = "# name, how the key is made, salt, public key: written by lifeboat guard approvers\n";
  for (const Approver& each : approvers) {
    text += format("{} {}{}:{}:{} {} {}\n", each.name, kMethod, each.cost.log2_n, each.cost.r, each.cost.p,
                   to_base64(each.salt), to_base64(each.key));
  }
  return text;
}

std::vector<Approver> read_approvers(const Path& file) {
  const auto content = find_and_read_file(file, kApproversMax);
  return content ? parse_approvers(as_text(*content), file.string()) : std::vector<Approver>();
}

}  // namespace lifeboat::relay
