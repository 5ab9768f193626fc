/// The record of every hold and every decision: one line an entry, each bound to the one before it by a hash, only ever
/// appended to. It is also the state: what is held, approved, released or skipped is what these entries add up to, so
/// that no second file can disagree. Format: docs/internals/guard-audit.md.
///
/// Times never go back, and no entry counts before its time: what may be done half an hour after an entry cannot be
/// done sooner by a false time. A clock that was set back writes the time of the last entry until it is past that.
///
/// Threads: one object, one thread at a time; several processes append under `lock`. Errors: kCorruption naming the
/// first line that does not fit the ones before it, from then on at every reading, or that is of a time to come, until
/// it has come; kBusy; errno's.
/// Durability: an entry is on the disk when append returns, and before read_new tells of it; half an entry, left by a
/// crash, was never one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/json.h"
#include "base/units.h"

namespace lifeboat::relay {

struct AuditEntry {
  std::uint64_t number = 0;  ///< from 1
  SystemTime time;
  std::string event;  ///< "hold", "approve", …
  json::object body;  ///< all of it
  std::string hash;   ///< 64 hex digits
};

class AuditLog {
 public:
  static constexpr std::size_t kLineMax = std::size_t{1} << 20U;

  /// The file may be absent; appending makes it.
  explicit AuditLog(Path file, std::function<SystemTime()> clock = now);

  using OnEntry = std::function<void(const AuditEntry&)>;
  /// Tells what was appended since the last call, by whomever; where a line does not fit, what stands before it was
  /// told. A file that was put in the place of the one read so far is told from its beginning, after `on_new_file`.
  void read_new(const OnEntry& on_entry, const std::function<void()>& on_new_file = nullptr);

  /// For a decision: nobody else appends while it is held. kBusy after `patience`.
  std::unique_ptr<FileLock> lock(std::chrono::milliseconds patience) const;
  /// With the lock held, and everything read.
  AuditEntry append(std::string_view event, json::object body);

  const Path& file() const { return file_; }
  /// The hash of the last entry: whoever noted it elsewhere can tell that nothing before it was changed.
  const std::string& head() const { return head_; }
  std::uint64_t entries() const { return entries_; }

 private:
  bool open_if_replaced();
  void start_over();
  AuditEntry check_line(std::string_view line);
  void check_time(const AuditEntry& entry);
  [[noreturn]] void broken(std::string_view why);

  Path file_;
  std::function<SystemTime()> clock_;
  UniqueFd fd_;
  std::uint64_t inode_ = 0;
  std::uint64_t offset_ = 0;  ///< after the last whole line
  std::string head_;
  std::uint64_t entries_ = 0;
  SystemTime last_time_;
  std::optional<Error> broken_;
};

}  // namespace lifeboat::relay
