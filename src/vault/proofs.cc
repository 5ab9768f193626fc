#include "vault/proofs.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "vault/damage.h"
#include "vault/format.h"
#include "vault/image_object.h"
#include "vault/keys.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {
namespace {

std::string object_name(const ProofName& name) {
  return format("{}{}/{}", kProofsPrefix, name.image, name.id);
}

std::optional<ProofName> parse_name(std::string_view object) {
  const std::string_view rest = object.substr(kProofsPrefix.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ProofName name{.image = std::string(rest.substr(0, slash)), .id = std::string(rest.substr(slash + 1))};
  if (!valid_image_name(name.image) || !valid_image_name(name.id)) return std::nullopt;
  return name;
}

codec::Signature signature_of(const json::object& signed_text) {
  codec::Signature signature{};
  const Bytes bytes = from_hex(json_string(signed_text, "signature"));
  if (bytes.size() != signature.size()) fail(Code::kCorruption, "its signature has another length");
  std::ranges::copy(bytes, signature.begin());
  return signature;
}

/// The newest of one image's that proves it.
std::optional<SystemTime> last_passed(Vault& vault, const std::vector<ProofName>& newest_last) {
  for (auto name = newest_last.rbegin(); name != newest_last.rend(); ++name) {
    const auto proof = find_proof(vault, *name);
    if (!proof) log::warn("a proof is passed over: {}", proof.error().text());
    if (proof && proof->passed && proof->restored) return proof->time;
  }
  return std::nullopt;
}

}  // namespace

std::string make_proof_id(SystemTime time) {
  return make_image_name(time);
}

void put_proof(Vault& vault, const ProofName& name, SystemTime time, ProofResult result, const json::object& said) {
  json::object whole{{"image", name.image},
                     {"id", name.id},
                     {"time", unix_ms(time)},
                     {"passed", result.passed},
                     {"restored", result.restored}};
  for (const auto& [key, value] : said) whole.emplace(key, value);
  const std::string text = json::serialize(whole);
  const json::object signed_text{{"text", text}, {"signature", to_hex(vault.keys().proof_key().sign(as_bytes(text)))}};
  put_object(vault, ObjectKind::kProof, object_name(name), as_bytes(json::serialize(signed_text)));
}

std::vector<ProofName> list_proofs(Vault& vault) {
  std::vector<ProofName> names;
  vault.store().list(kProofsPrefix, [&](const store::ObjectInfo& object) {
    if (auto name = parse_name(object.name)) names.push_back(std::move(*name));
  });
  std::ranges::sort(names, {}, &ProofName::id);
  return names;
}

Proof read_proof(Vault& vault, const ProofName& name) {
  const std::string object = object_name(name);
  try {
    const json::value outer = parse_json(as_text(get_object(vault, ObjectKind::kProof, object)), "proof");
    const json::object& signed_text = json_object(outer, "a proof");
    const std::string text = json_string(signed_text, "text");
    Proof proof{.name = name,
                .time = {},
                .passed = false,
                .restored = false,
                .said = {},
                .key = vault.keys().proof_key().public_key(),
                .signature = signature_of(signed_text)};
    if (!codec::verify_signature(proof.key, as_bytes(text), proof.signature)) {
      fail(Code::kCorruption, "its signature is not this vault's");
    }
    proof.said = parse_json_object(text, "proof");
    if (json_string(proof.said, "image") != name.image || json_string(proof.said, "id") != name.id) {
      fail(Code::kCorruption, "it is about another image");
    }
    proof.time = from_unix_ms(json_integer(proof.said, "time"));
    proof.passed = json_flag(proof.said, "passed");
    proof.restored = json_flag(proof.said, "restored");
    return proof;
  } catch (const Exception& e) {
    if (e.code() != Code::kCorruption && e.code() != Code::kUsage) throw;  // kUsage: no hex
    fail(Code::kCorruption, format("{}: {}", object, e.error().message), kDamageHint);
  }
}

std::expected<Proof, Error> find_proof(Vault& vault, const ProofName& name) {
  try {
    return read_proof(vault, name);
  } catch (const Exception& e) {
    if (!is_damaged_or_gone(e)) throw;
    return std::unexpected(e.error());
  }
}

ProofName resolve_proof(Vault& vault, std::string_view text) {
  const std::vector<ProofName> names = list_proofs(vault);
  if (names.empty()) fail(Code::kNotFound, "no drill is on record in this vault", "Begin one: lifeboat drill run");
  if (text == "latest") return names.back();
  std::vector<ProofName> fitting;
  std::ranges::copy_if(names, std::back_inserter(fitting),
                       [&](const ProofName& name) { return !text.empty() && name.id.starts_with(text); });
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) {
    fail(Code::kNotFound, format("there is no drill '{}'", text), "List them with: lifeboat drill ls");
  }
  fail(Code::kUsage, format("'{}' may be {} or {}", text, fitting.front().id, fitting.back().id),
       "Write more of its name.");
}

std::map<ImageName, SystemTime> proven_images(Vault& vault, const std::set<ImageName>& images) {
  std::map<ImageName, std::vector<ProofName>> by_image;
  for (ProofName& name : list_proofs(vault)) {
    if (images.contains(name.image)) by_image[name.image].push_back(std::move(name));
  }
  std::map<ImageName, SystemTime> proven;
  for (const auto& [image, names] : by_image) {
    if (const auto time = last_passed(vault, names)) proven[image] = *time;
  }
  return proven;
}

}  // namespace lifeboat::vault
