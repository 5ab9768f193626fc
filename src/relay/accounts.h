/// Who may connect to the relay: by default the account by which the relay follows its source, so that a replica is
/// moved to the relay by changing its host and port alone; more from a file of `NAME PASSWORD` lines that only its
/// owner reads.
///
/// Threads: const after construction, safe. Errors: kUsage naming the line of a wrong file, kRefused if others may read
/// it.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/file.h"
#include "codec/secret.h"
#include "relay/server_packets.h"

namespace lifeboat::relay {

class Accounts {
 public:
  void add(std::string name, codec::Secret password);
  void add_file(const Path& file);
  /// Whether `proof` is what mysql_native_password makes of the account's password and `scramble`. An account without
  /// password never opens.
  bool opens(const std::string& name, const Scramble& scramble, ByteView proof) const;

 private:
  std::map<std::string, codec::Secret> passwords_;
};

}  // namespace lifeboat::relay
