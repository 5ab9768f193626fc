/// Decodes mbstream, the stream of files that `mariadb-backup --stream=mbstream` writes: chunks of several files
/// interleaved, each file's in order. Layout and rules: docs/internals/backup-stream.md.
///
/// Threads: one. Memory: bounded: a chunk's head, and a few words for each file that is open; content is handed on in
/// the pieces it comes in. Errors: kCorruption saying where in the stream; kUnavailable from finish() if the stream
/// ends too early; and what the sink throws. After an error the decoder is of no more use.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace lifeboat::rescue {

/// Whoever takes the files. Paths are relative and stay below their directory, as vault::valid_path has them.
/// What is written counts only once the decoder has got to the end: a checksum comes before its content and is
/// compared after it.
class BackupSink {
 public:
  virtual ~BackupSink() = default;
  /// A file begins. With `rewrite` it may replace one that had ended; else there must be none of the name.
  virtual void begin(const std::string& path, bool rewrite) = 0;
  /// `content` lies at `offset`, which is where the file's content before ended, or what the stream sought to.
  virtual void write(const std::string& path, std::uint64_t offset, ByteView content) = 0;
  virtual void end(const std::string& path) = 0;
  virtual void rename(const std::string& from, const std::string& to) = 0;  ///< of a file that has ended
  virtual void remove(const std::string& path) = 0;                         ///< of a file that has ended
};

/// Bytes of content, by whose they are.
struct StreamContent {
  std::uint64_t tablespaces = 0;  ///< InnoDB's, which the source's users read and write while they are copied
  std::uint64_t redo_log = 0;
};

class BackupStreamDecoder {
 public:
  explicit BackupStreamDecoder(BackupSink& sink) : sink_(sink) {}

  void feed(ByteView bytes);
  /// The stream has ended: it must end after a whole chunk, with every file that began.
  void finish() const;
  std::uint64_t bytes() const { return at_; }
  /// What has come since it was last taken.
  StreamContent take_content() { return std::exchange(content_, {}); }

 private:
  enum class Stage { kHead, kPath, kPayloadHead, kPayload, kSeek, kNewPathSize, kNewPath };
  using OpenFiles = std::map<std::string, std::uint64_t>;  ///< where the next content of each file lies

  std::size_t wanted() const;
  void take_field(ByteView field);
  void take_head(ByteView field);
  void take_path(ByteView field);
  void take_payload_head(ByteView field);
  std::size_t take_payload(ByteView bytes);
  void seek(ByteView field);
  void take_new_path_size(ByteView field);
  void end_payload();
  void count(std::size_t bytes);
  void next(Stage stage);
  OpenFiles::iterator file();
  std::string checked_path(ByteView field) const;
  [[noreturn]] void bad(std::string_view why) const;

  BackupSink& sink_;
  Stage stage_ = Stage::kHead;
  Bytes field_;  ///< as much of the stage's field as has come
  std::uint64_t at_ = 0;
  StreamContent content_;
  std::uint8_t flags_ = 0;
  char type_ = 0;
  std::uint32_t path_size_ = 0;
  std::string path_;
  OpenFiles open_;
  OpenFiles::iterator writing_;
  std::uint64_t left_ = 0;  ///< of the payload
  std::uint32_t checksum_ = 0;
  std::uint32_t computed_ = 0;
};

}  // namespace lifeboat::rescue
