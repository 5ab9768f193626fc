/// Follows the events of one log file in order, from the wire or from the disk, and judges each: that its checksum is
/// right, that it lies where the one before ended, where its group ends, and what the log contains after it.
///
/// Threads: one at a time. Memory: constant; a large event may come in pieces. Errors: kCorruption naming file and
/// position; then what came before is still good, and nothing after it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binlog/format_description.h"
#include "binlog/group_reader.h"

namespace lifeboat::relay {

/// What tells one file from another of the same name: a server writes it once, when it makes the file.
struct FileIdentity {
  std::uint32_t made_at = 0;  ///< the Format_description's timestamp
  std::uint32_t server_id = 0;
  std::string server_version;
  binlog::Checksum checksum = binlog::Checksum::kNone;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity_of(const binlog::Event& format_description);

class FileProgress {
 public:
  /// A place between two groups, and what the log contains up to it.
  struct Boundary {
    std::uint64_t position = 4;
    binlog::GtidState state;
  };

  /// `before` is what the log contains before this file; a Gtid_list at its head replaces it.
  FileProgress(std::string file, binlog::GtidState before);

  /// The next event: all of it, or its first part (of at least kFirstPartMin bytes), to be continued by `more`.
  void begin(ByteView bytes);
  void more(ByteView bytes);
  static constexpr std::size_t kFirstPartMin = std::size_t{64} << 10U;

  /// Everything after the last boundary is forgotten: it will come again.
  void rewind();
  /// What lies before the boundary is known from elsewhere, and not read. Once the file's head was, between two events.
  void pass_over(Boundary boundary);

  const std::string& file() const { return file_; }
  /// After the last whole event.
  std::uint64_t position() const { return position_; }
  const Boundary& boundary() const { return boundary_; }
  /// No event has been begun and not finished.
  bool between_events() const { return left_ == 0; }
  /// The event that was finished last ended a group, which is this.
  bool group_ended() const { return group_ended_; }
  const binlog::Group& group() const { return groups_.group(); }
  std::uint64_t group_begin() const { return group_begin_; }
  /// The last event was a Rotate: the source closed the file in good order.
  bool rotated() const { return rotated_; }

  const std::optional<FileIdentity>& identity() const { return identity_; }
  /// The Gtid_list at the file's head, once it was read.
  const std::optional<std::vector<binlog::Gtid>>& head() const { return head_; }
  /// The whole Format_description has been read; what follows depends on it.
  bool has_format() const { return identity_.has_value(); }

 private:
  void interpret(const binlog::Event& event);
  void check_end_of_large_event(ByteView bytes);
  void finish();
  [[noreturn]] void bad(std::string_view why) const;

  std::string file_;
  std::uint64_t position_ = 4;
  Boundary boundary_;
  binlog::GtidState state_;
  binlog::GroupReader groups_;
  binlog::Checksum checksum_ = binlog::Checksum::kNone;
  std::optional<FileIdentity> identity_;
  std::optional<std::vector<binlog::Gtid>> head_;
  binlog::EventHeader header_;  ///< of the event begun last
  binlog::Place place_ = binlog::Place::kOutside;
  std::uint64_t left_ = 0;  ///< bytes of it to come
  std::uint32_t crc_ = 0;   ///< of a large event, so far
  Bytes trailer_;           ///< of a large event: its last bytes, which its CRC does not cover
  std::uint64_t group_begin_ = 4;
  bool group_ended_ = false;
  bool rotated_ = false;
};

}  // namespace lifeboat::relay
