/// The people whose word lets a danger pass: a small text file, one line each,
///
///     # name   how the key is made       salt          public key
///     ann      ed25519-scrypt:15:8:1     BASE64        BASE64
///
/// A person's signing key is made from their passphrase (scrypt) whenever they sign; the file holds what checks a
/// signature, and cannot make one.
///
/// Threads: values and free functions. Errors: parsing throws kUsage naming the line; make_key kLocked for a passphrase
/// that is not theirs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "codec/scrypt.h"
#include "codec/signature.h"

namespace lifeboat::relay {

struct Approver {
  std::string name;
  codec::ScryptCost cost;
  Bytes salt;
  codec::PublicKey key{};

  bool operator==(const Approver&) const = default;
};

/// Throws kUsage for a name that is none (1 to 64 of letters, digits, ._@-), or a passphrase of less than 8 bytes.
Approver make_approver(std::string name, const codec::Secret& passphrase);
/// Takes a tenth of a second, on purpose.
codec::SigningKey make_key(const Approver& approver, const codec::Secret& passphrase);

std::vector<Approver> parse_approvers(std::string_view text, std::string_view file);
std::string format_approvers(const std::vector<Approver>& approvers);
/// An absent file: nobody.
std::vector<Approver> read_approvers(const Path& file);

}  // namespace lifeboat::relay
