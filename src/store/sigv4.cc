#include "store/sigv4.h"

#include <vector>

#include "base/format.h"
#include "codec/hash.h"
#include "store/url.h"

namespace lifeboat::store {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string signed_headers(const SignedRequest& request) {
  std::string names;
  for (const auto& [name, value] : request.headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

// The day's key, so that the secret itself signs little.
codec::Secret signing_key(const SigningScope& scope, const codec::Secret& secret_key) {
  Bytes key(as_bytes("AWS4").begin(), as_bytes("AWS4").end());
  key.insert(key.end(), secret_key.view().begin(), secret_key.view().end());
  codec::Secret current{ByteView(key)};
  std::ranges::fill(key, std::uint8_t{0});
  for (const std::string_view part :
       {scope.time.substr(0, 8), scope.region, scope.service, std::string_view("aws4_request")}) {
    current = codec::Secret(ByteView(codec::hmac_sha256(current.view(), as_bytes(part))));
  }
  return current;
}

}  // namespace

std::string encode_query(const std::map<std::string, std::string>& query) {
  // Signatures want the order of the encoded names; the names S3 uses are not changed by encoding.
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += uri_encode(name) + "=" + uri_encode(value);
  }
  return out;
}

std::string canonical_request(const SignedRequest& request) {
  std::string text =
      format("{}\n{}\n{}\n", request.method, uri_encode(request.path, true), encode_query(request.query));
  for (const auto& [name, value] : request.headers) text += format("{}:{}\n", name, value);
  return text + format("\n{}\n{}", signed_headers(request), request.payload_hash);
}

std::string authorization(const SignedRequest& request, const SigningScope& scope, const S3Credentials& credentials) {
  const std::string scope_text = format("{}/{}/{}/aws4_request", scope.time.substr(0, 8), scope.region, scope.service);
  const std::string to_sign = format("{}\n{}\n{}\n{}", kAlgorithm, scope.time, scope_text,
                                     to_hex(codec::sha256(as_bytes(canonical_request(request)))));
  const codec::Secret key = signing_key(scope, credentials.secret_key);
  return format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.access_key, scope_text,
                signed_headers(request), to_hex(codec::hmac_sha256(key.view(), as_bytes(to_sign))));
}

}  // namespace lifeboat::store
