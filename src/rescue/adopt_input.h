/// A backup's bytes as they come: of a file on this host or behind a URL, unpacked on the way where they are packed
/// (gzip, zstd), which their first bytes tell and not their name. Nothing of it lies on a disk in between.
///
/// Ownership: owns what it reads from, and the process that unpacks. Threads: one. Memory: a few MiB, whatever comes.
/// Errors: errno's; kNotFound if there is no such thing, or no program here that unpacks it; kCorruption if what is
/// packed is damaged or cut off; a remote's (adopt_fetch.h); kCancelled when a stop is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/file.h"
#include "rescue/adopt_fetch.h"
#include "rescue/tool_output.h"

namespace lifeboat::rescue {

enum class Packing { kNone, kGzip, kZstd };

/// By the first bytes.
Packing packing_of(ByteView head);
/// "nightly.sql" of "nightly.sql.gz".
std::string name_without_packing(const std::string& name);

class BackupInput {
 public:
  /// `what`: a path or a URL.
  explicit BackupInput(const std::string& what);

  /// The first bytes, unpacked: up to 64 KiB; fewer only if there is no more. They come from `read` as well.
  ByteView head() const { return head_; }
  /// What has come, up to the size of `buffer`; empty at the end, once all was found to be whole.
  ByteView read(ByteSpan buffer);

  /// Of what it is made from, packed.
  std::uint64_t consumed() const;
  std::uint64_t size() const { return size_; }

 private:
  void unpack(Packing packing);
  void read_head();
  ByteView read_on(ByteSpan buffer);
  void finish();

  std::string what_;
  std::unique_ptr<RemotePipe> remote_;  ///< null: it is a file
  UniqueFd file_;                       ///< that is read, or the pipe's end
  std::uint64_t size_ = 0;
  std::optional<ToolOutput> unpacker_;
  Bytes head_;
  std::size_t head_read_ = 0;
};

}  // namespace lifeboat::rescue
