/// What one file must hold, now and after a crash.
///
/// Now: exactly `content`. After a crash: a size it had since its last sync, and in each sector of 512 bytes something
/// the sector held since then. Nothing else: no zeros that nobody wrote, no bytes of other files.
/// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace lifeboat::fs_model {

class FileModel {
 public:
  explicit FileModel(Bytes content = {}) : content_(std::move(content)) { synced(); }

  const Bytes& content() const { return content_; }
  std::uint64_t size() const { return content_.size(); }

  void write(std::uint64_t offset, ByteView bytes);
  void resize(std::uint64_t size);
  /// Only inside the file.
  void zero(std::uint64_t offset, std::uint64_t length);
  /// The current content is all that a crash may leave.
  void synced();

  /// Why `found` cannot be what a crash left; nothing if it can.
  std::optional<std::string> objection(ByteView found) const;
  /// What a crash left is the content from now on, and durable.
  void becomes(Bytes found);

 private:
  void remember(std::uint64_t offset, std::uint64_t length);
  Bytes sector(std::uint64_t number) const;

  Bytes content_;
  std::set<std::uint64_t> sizes_;                        ///< since the last sync
  std::map<std::uint64_t, std::vector<Bytes>> earlier_;  ///< what sectors held since the last sync, before now
};

}  // namespace lifeboat::fs_model
