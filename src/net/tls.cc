#include "net/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"

namespace lifeboat::net {
namespace {

std::shared_ptr<ssl_ctx_st> new_context(const SSL_METHOD* method) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(method), SSL_CTX_free);
  if (context == nullptr) fail(Code::kInternal, "OpenSSL gives no TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A write that could not finish goes on later, from wherever the bytes lie then.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // MariaDB's and MySQL's end of a connection is often a plain close; their packets tell whether one is whole.
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  return context;
}

void use_certificate(ssl_ctx_st* context, const Path& certificate, const Path& key) {
  for (const Path& each : {certificate, key}) open_file(each, 0);  // says which one is missing
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    fail(Code::kUsage, format("{}: not a certificate in PEM", certificate.string()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    fail(Code::kUsage, format("{}: not the private key of {}", key.string(), certificate.string()));
  }
}

void trust(ssl_ctx_st* context, const Path& authority) {
  if (authority.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) fail(Code::kNotFound, "the system has no certificate store");
    return;
  }
  open_file(authority, 0);
  if (SSL_CTX_load_verify_file(context, authority.c_str()) != 1) {
    fail(Code::kUsage, format("{}: no certificates in PEM", authority.string()));
  }
}

}  // namespace

TlsContext TlsContext::client(const TlsClientOptions& options) {
  auto context = new_context(TLS_client_method());
  if (options.verify != Verify::kNone) {
    trust(context.get(), options.authority);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!options.certificate.empty()) use_certificate(context.get(), options.certificate, options.key);
  return {std::move(context), options.verify};
}

TlsContext TlsContext::server(const TlsServerOptions& options) {
  auto context = new_context(TLS_server_method());
  use_certificate(context.get(), options.certificate, options.key);
  return {std::move(context), Verify::kNone};
}

}  // namespace lifeboat::net
