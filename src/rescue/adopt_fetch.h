/// What lies behind a URL, read from its beginning to its end in pieces, each asked for again where the connection
/// breaks, so that hours of work do not end with it: https://…, http://…, or an object of an s3:// store.
///
/// Errors: kNotFound, kDenied, kUnavailable after some tries; kUnsupported if the server gives no pieces (Range);
/// kConflict if the thing changes meanwhile. Memory: one piece of 4 MiB.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include "base/file.h"

namespace lifeboat::rescue {

/// Threads: one at a time.
class RemoteObject {
 public:
  virtual ~RemoteObject() = default;
  virtual std::uint64_t size() const = 0;
  /// Exactly that much, from `offset`.
  virtual void get(std::uint64_t offset, ByteSpan out) = 0;
};

/// Whether it is a URL of something that is not this host's.
bool is_remote(const std::string& what);
std::unique_ptr<RemoteObject> open_remote(const std::string& url);

/// A remote object as what comes out of a pipe. Owns a thread, which reads ahead as far as the pipe takes it.
class RemotePipe {
 public:
  explicit RemotePipe(std::unique_ptr<RemoteObject> object);
  RemotePipe(const RemotePipe&) = delete;
  RemotePipe& operator=(const RemotePipe&) = delete;

  std::uint64_t size() const { return object_->size(); }
  /// Bytes that have gone into the pipe.
  std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  /// Its reading end, once.
  UniqueFd take_output() { return std::move(output_); }
  /// After the end: throws what ended it too early.
  void finish();

 private:
  void run(const std::stop_token& stop) noexcept;
  void pump(const std::stop_token& stop);

  std::unique_ptr<RemoteObject> object_;
  UniqueFd input_;
  UniqueFd output_;
  std::atomic<std::uint64_t> sent_{0};
  std::exception_ptr failure_;  ///< of the thread; read when it has ended
  std::jthread thread_;         ///< ends before the rest does
};

}  // namespace lifeboat::rescue
