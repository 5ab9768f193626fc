#include "cli/source_options.h"

namespace lifeboat::cli {

void add_source_tls(Command& command, SourceTls& tls) {
  command.add_flag("--tls", tls.on, "TLS to the source, whose certificate is verified");
  command.add_option("--tls-ca", tls.authority, "PEM of the authority that signed the source's certificate");
  command.add_flag("--tls-no-verify", tls.no_verify, "encrypt only: whoever sits in between reads along");
}

std::optional<net::TlsContext> client_tls(const SourceTls& tls) {
  if (!tls.on && tls.authority.empty()) return std::nullopt;
  return net::TlsContext::client({.verify = tls.no_verify ? net::Verify::kNone : net::Verify::kHost,
                                  .authority = tls.authority,
                                  .certificate = {},
                                  .key = {}});
}

}  // namespace lifeboat::cli
