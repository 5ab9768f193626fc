/// A program whose output is read as it comes, and whose last words on stderr explain its failure.
///
/// Ownership: owns the process, which ends with it. Threads: one. Errors: kNotFound if it is not installed (the hint
/// says which package), kUnavailable with its last words if it fails, kCancelled when a stop is asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"

namespace lifeboat::rescue {

struct Tool {
  std::vector<std::string> argv;
  std::string stdin_text;  ///< option file for who takes /dev/stdin
  int stdin_fd = -1;       ///< borrowed: what it reads instead, if given
  std::string package;     ///< that has it, for a hint
  std::string advice;      ///< what may help when it fails, for a hint
};

class ToolOutput {
 public:
  explicit ToolOutput(const Tool& tool);

  /// What has come, up to the size of `buffer`; empty at the end.
  ByteView read(ByteSpan buffer);
  /// After the end: throws unless it ended well.
  void finish();
  /// Of its stderr.
  std::string last_words() const;

 private:
  std::string name_;
  std::string advice_;
  TempDir scratch_;
  UniqueFd output_;
  std::optional<ChildProcess> process_;
};

/// Runs it to its end, as above, its output thrown away.
void run_tool(const Tool& tool);

/// Runs `work` on a thread that gives way to all others for the processor and the disk, with every thread and process
/// that it starts. Returns when it has ended; what it throws is thrown.
void run_gently(const std::function<void()>& work);
/// The same for what may wait for as long as anybody else has something to do: whoever wants the processor has it at
/// once, instead of at the end of a time slice.
void run_idly(const std::function<void()>& work);

}  // namespace lifeboat::rescue
