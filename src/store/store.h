/// Object stores behind one small interface. An object is a name and immutable bytes: it is created whole or not at
/// all, never overwritten, perhaps removed. Two drivers: a directory, and S3.
///
/// Names: [a-z0-9A-Z./_-], at most 200 characters, in parts divided by single slashes; no part is "." or "..". A name
///   is never also the beginning of another one's path ("a" and "a/b"): a directory could not hold both.
/// Threads: every call is safe from any thread, and from several processes and hosts.
/// Errors: Exception: kNotFound, kExists, kUnavailable (after the driver's own retries), kDenied, kOutOfSpace,
///   kCorruption (an answer shorter or longer than it says), kTimeout. The driver retries what is worth retrying.
/// Durability: when `put` or `ObjectWriter::commit` returns, the object survives power loss of the store; when
///   `remove` returns, its absence does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/units.h"

namespace lifeboat::store {

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0;
  SystemTime modified;  ///< by the store's clock
};

/// Streams one new object; used by one thread at a time, borrows its store. Destruction without commit leaves nothing
/// visible (at most garbage the driver removes).
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual void append(ByteView bytes) = 0;
  /// Makes the object exist, whole and durable; kExists if the name is taken (then the existing one is untouched).
  virtual void commit() = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  /// For messages: the URL without secrets.
  virtual std::string url() const = 0;

  /// Creates; throws kExists if there is one. Exactly one of several concurrent callers wins.
  virtual void put(std::string_view name, ByteView bytes) = 0;
  virtual std::unique_ptr<ObjectWriter> create(std::string_view name) = 0;

  /// Exactly `size` bytes from `offset`; kNotFound, or kCorruption if the object ends earlier.
  virtual void get_range(std::string_view name, std::uint64_t offset, ByteSpan out) = 0;
  /// The whole object; kCorruption if larger than `max_size`.
  virtual Bytes get(std::string_view name, std::size_t max_size = std::size_t{64} << 20U) = 0;

  virtual std::optional<ObjectInfo> find(std::string_view name) = 0;
  /// Every object whose name starts with `prefix`, in order of name; consistent with all earlier puts and removes.
  virtual void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& each) = 0;
  /// Removes; removing what is absent is fine.
  virtual void remove(std::string_view name) = 0;

  /// The store's own clock, so that hosts with wrong clocks agree on ages.
  virtual SystemTime clock() = 0;

  /// What one round trip costs, roughly: readers coalesce and prefetch by it. Zero for a local directory.
  virtual std::chrono::milliseconds latency() const = 0;

  /// Removes what killed writers left (unfinished files or multipart uploads) older than `age`; returns bytes freed.
  virtual std::uint64_t remove_unfinished(std::chrono::milliseconds age) = 0;

  /// Making room takes a few small objects itself. A store that can be full keeps room for them: given up before a
  /// prune, taken back (as far as there is any) after it, and when a vault is made. Best effort.
  virtual void release_reserve() noexcept {}
  virtual void keep_reserve() noexcept {}
};

/// `file:///dir` (as in a URL: %20 is a blank), a plain path, or `s3://bucket/prefix?endpoint=…&region=…&ca=…`; throws
/// kUsage with the accepted forms. Credentials for S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or
/// AWS_SHARED_CREDENTIALS_FILE. `patience`: how long a request that fails is tried again, and waits for a connection or
/// for the next byte; by default as suits work that must be done.
std::unique_ptr<Store> open_store(std::string_view url, std::optional<std::chrono::seconds> patience = {});

/// Throws kUsage unless `name` is a legal object name.
void check_name(std::string_view name);

}  // namespace lifeboat::store
