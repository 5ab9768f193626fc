#include "relay/native_password.h"

#include "codec/sha1.h"

namespace lifeboat::relay {

Bytes native_password_proof(const codec::Secret& password, ByteView scramble) {
  if (password.empty()) return {};
  const codec::Hash160 once = codec::sha1(password.view());
  const codec::Hash160 twice = codec::sha1(once);
  Encoder both;
  both.raw(scramble);
  both.raw(twice);
  const codec::Hash160 mask = codec::sha1(both.bytes());
  Bytes proof(once.begin(), once.end());
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= mask[i];
  return proof;
}

}  // namespace lifeboat::relay
