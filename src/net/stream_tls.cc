// The TLS half of a stream: OpenSSL on a socket that does not block; waiting is the stream's.

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <climits>

#include "base/error.h"
#include "net/sigpipe.h"
#include "net/stream.h"

namespace lifeboat::net {
namespace {

int bounded(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

void Stream::TlsCloser::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

void Stream::start_tls_client(const TlsContext& context, const std::string& host) {
  start_tls(context);
  SSL_set_tlsext_host_name(tls_.get(), host.c_str());
  if (context.verify() == Verify::kHost &&
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str()) != 1 &&
      SSL_set1_host(tls_.get(), host.c_str()) != 1) {
    fail(Code::kUsage, format("{}: not a name that a certificate can carry", host));
  }
  finish_handshake(SSL_connect);
}

void Stream::start_tls_server(const TlsContext& context) {
  start_tls(context);
  finish_handshake(SSL_accept);
}

void Stream::start_tls(const TlsContext& context) {
  tls_mutex_ = std::make_unique<std::mutex>();
  tls_.reset(SSL_new(context.get()));
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), socket_.get()) != 1)
    fail(Code::kInternal, "OpenSSL gives no connection");
}

void Stream::finish_handshake(int (*handshake)(ssl_st*)) {
  for (;;) {
    int result = 0;
    Step step;
    {
      const SigpipeGuard guard;
      result = handshake(tls_.get());
      if (result == 1) return;
      const long verdict = SSL_get_verify_result(tls_.get());
      if (verdict != X509_V_OK) {
        fail(Code::kDenied,
             format("{}: its certificate is not trusted: {}", peer_, X509_verify_cert_error_string(verdict)),
             "Give the authority that signed it, or check that this is the right host.");
      }
      step = tls_step(result, 0);
    }
    if (step.wait_for == 0)
      fail(Code::kUnavailable, format("{}: closed the connection during the TLS handshake", peer_));
    wait_or_fail(step.wait_for, limits_.read, "no TLS handshake");
  }
}

Stream::Step Stream::try_tls_read(ByteSpan out) {
  const int result = SSL_read(tls_.get(), out.data(), bounded(out.size()));
  return tls_step(result, result > 0 ? static_cast<std::size_t>(result) : 0);
}

Stream::Step Stream::try_tls_write(ByteView in) {
  const SigpipeGuard guard;
  const int result = SSL_write(tls_.get(), in.data(), bounded(in.size()));
  return tls_step(result, result > 0 ? static_cast<std::size_t>(result) : 0);
}

bool Stream::tls_pending() {
  if (tls_ == nullptr) return false;
  const std::scoped_lock lock(*tls_mutex_);
  return SSL_pending(tls_.get()) > 0;
}

Stream::Step Stream::tls_step(int result, std::size_t bytes) {
  if (result > 0) return {.bytes = bytes};
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_ZERO_RETURN:
      return {};
    case SSL_ERROR_WANT_READ:
      return {.wait_for = POLLIN};
    case SSL_ERROR_WANT_WRITE:
      return {.wait_for = POLLOUT};
    default:
      fail(Code::kUnavailable, format("{}: the TLS connection broke", peer_));
  }
}

}  // namespace lifeboat::net
