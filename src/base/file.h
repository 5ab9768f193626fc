/// Files and directories: owners of descriptors, whole reads and writes, durable replacement.
/// Errors: Exception from errno (see fail_errno). Threads: UniqueFd is a value; pread/pwrite helpers are safe to share.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace lifeboat {

using Path = std::filesystem::path;

/// Owns one file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC; throws naming the path.
UniqueFd open_file(const Path& path, int flags, unsigned mode = 0600);
/// As open_file, but an absent file is an invalid descriptor.
UniqueFd find_file(const Path& path, int flags);

/// Reads until `out` is full or the file ends; returns the bytes read. `name` is for messages.
std::size_t pread_full(int fd, ByteSpan out, std::uint64_t offset, std::string_view name);
/// Writes all or throws.
void pwrite_full(int fd, ByteView in, std::uint64_t offset, std::string_view name);
void write_full(int fd, ByteView in, std::string_view name);

void sync_data(int fd, std::string_view name);  ///< fdatasync
void sync_file(int fd, std::string_view name);  ///< fsync
void sync_directory(const Path& directory);

/// The whole file; throws kOutOfSpace-free kCorruption if larger than `max_size`.
Bytes read_file(const Path& path, std::size_t max_size = std::size_t{64} << 20U);
std::optional<Bytes> find_and_read_file(const Path& path, std::size_t max_size = std::size_t{64} << 20U);
/// A secret (passphrase, key) from a file: last newline removed; kRefused if group or others may read it.
std::string read_secret_file(const Path& path);

/// Temporary file beside `path`, fsync, rename over it, fsync the directory: after return the new content survives
/// power loss, before it the old one is whole.
void write_file_durably(const Path& path, ByteView content, unsigned mode = 0600);

/// mkdir -p with 0700 for what is made, which survives power loss after return.
void make_directories(const Path& path);
/// Names in a directory, sorted, without "." and "..".
std::vector<std::string> list_directory(const Path& path);
std::uint64_t free_space(const Path& path);

/// A directory that is removed with its content at the end of its scope.
class TempDir {
 public:
  explicit TempDir(std::string_view prefix = "lifeboat");
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const Path& path() const { return path_; }

 private:
  Path path_;
};

/// An exclusive flock(2) on a file (made if absent) until destruction. Its holder may move its directory away.
class FileLock {
 public:
  /// Throws kBusy naming `what` if somebody holds it, and goes on doing so for that long.
  FileLock(const Path& path, std::string_view what, std::chrono::milliseconds patience = {});
  /// Whether some process holds it now.
  static bool held(const Path& path);

 private:
  UniqueFd fd_;
};

}  // namespace lifeboat
