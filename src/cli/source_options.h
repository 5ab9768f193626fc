/// How a command reaches a source: the options for TLS that all of them share.
#pragma once

#include <optional>
#include <string>

#include "cli/options.h"
#include "net/tls.h"

namespace lifeboat::cli {

struct SourceTls {
  bool on = false;
  std::string authority;
  bool no_verify = false;
};

void add_source_tls(Command& command, SourceTls& tls);
/// Nothing: no TLS was asked for.
std::optional<net::TlsContext> client_tls(const SourceTls& tls);

}  // namespace lifeboat::cli
