/// TLS for streams, as client and as server (OpenSSL behind one door). TLS 1.2 and newer; certificates are verified
/// unless the caller says otherwise.
///
/// Threads: a TlsContext may be shared by any number of streams and threads.
/// Errors: kUsage (files that are no PEM), kNotFound, kDenied (a certificate that is not trusted; thrown by the
/// stream).
#pragma once

#include <memory>

#include "base/file.h"

struct ssl_ctx_st;

namespace lifeboat::net {

enum class Verify {
  kNone,       ///< encrypts only: whoever sits in between reads along
  kAuthority,  ///< the certificate must come from the authority, whatever name it has
  kHost,       ///< and name the host connected to
};

struct TlsClientOptions {
  Verify verify = Verify::kHost;
  Path authority;    ///< PEM of the trusted authorities; empty: the system's
  Path certificate;  ///< our own, PEM with its chain; empty: none
  Path key;          ///< its private key
};

struct TlsServerOptions {
  Path certificate;  ///< PEM with its chain
  Path key;
};

class TlsContext {
 public:
  static TlsContext client(const TlsClientOptions& options);
  static TlsContext server(const TlsServerOptions& options);

  Verify verify() const { return verify_; }
  ssl_ctx_st* get() const { return context_.get(); }

 private:
  TlsContext(std::shared_ptr<ssl_ctx_st> context, Verify verify) : context_(std::move(context)), verify_(verify) {}
  std::shared_ptr<ssl_ctx_st> context_;
  Verify verify_;
};

}  // namespace lifeboat::net
