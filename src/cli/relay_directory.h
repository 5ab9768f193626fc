/// Which relay a command means: the --dir given, or the one that runs on this host. A running relay leaves the name of
/// its directory below the state root for as long as it runs.
/// Errors: kNotFound, kUsage naming the candidates.
#pragma once

#include <string>

#include "base/file.h"

namespace lifeboat::cli {

Path relay_directory(const std::string& given);

/// Who is at the keyboard, as the operating system knows them: "os:ann".
std::string os_user();

/// Makes a relay found, from here to its end. That it cannot be found hinders nobody: it is only logged.
class RunningRelay {
 public:
  explicit RunningRelay(const Path& directory);
  ~RunningRelay();
  RunningRelay(const RunningRelay&) = delete;
  RunningRelay& operator=(const RunningRelay&) = delete;

 private:
  Path file_;
};

}  // namespace lifeboat::cli
