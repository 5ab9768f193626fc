/// A damaged server kept from taking writes while another takes its place, so that two sides never both do: read_only,
/// which lets in only who has the right to write even so (said by `writers`), and what replication brings.
///
/// Threads: free functions, one at a time each. Errors: those of relay::SourceConnection; kRefused if it does not take.
#pragma once

#include <string>
#include <vector>

#include "relay/source_connection.h"

namespace lifeboat::rescue {

struct FencedServer {
  std::string address;  ///< "mysql://user@host:port"
  bool was_read_only = false;
  std::vector<std::string> writers;  ///< accounts connected now that read_only does not stop
};

FencedServer fence_server(const relay::SourceLogin& login);
/// What its binary log ends with: asked once all are fenced.
std::string fenced_position(const relay::SourceLogin& login);
void unfence_server(const relay::SourceLogin& login, bool read_only);

}  // namespace lifeboat::rescue
