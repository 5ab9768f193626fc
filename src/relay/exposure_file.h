/// What is kept of a source's exposed spans and alarms, so that a restart makes nothing look better than it was:
/// `exposure.json` in the source's directory. Who has dealt with them removes the file, whether or not the relay runs.
///
/// Threads: one at a time. Errors: kCorruption for a file that is none; errno's.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "relay/follow_status.h"

namespace lifeboat::relay {

struct Exposure {
  std::vector<ExposedSpan> spans;
  std::vector<std::string> alarms;
};

class ExposureFile {
 public:
  explicit ExposureFile(Path file) : file_(std::move(file)) {}

  Exposure load();
  /// Whether somebody has removed the file that was there.
  bool removed() const;
  /// Durably, if it differs from what was kept last.
  void save(const Exposure& exposure);

 private:
  Path file_;
  std::string kept_;  ///< its text, as far as this object knows
};

}  // namespace lifeboat::relay
