/// The working end of an import: extents of files are read (or come with their content, where there is no file: a
/// stream), hashed, compressed and sealed by threads, and handed back in the order in which they were given.
///
/// Threads: one calls push and pop. Memory: one buffer of kExtentChunks chunks per thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"
#include "vault/image_writer.h"

namespace lifeboat::vault {

inline constexpr std::uint32_t kExtentChunks = 8;  ///< 1 MiB

/// A file that is being imported; lives as long as an extent of it does.
struct ImportedFile {
  UniqueFd fd;       ///< not needed by extents that bring their content
  std::string path;  ///< in full, for messages
  FileEntry entry;
  std::unique_ptr<ChunkMapEditor> chunks;
};

/// Neighbouring chunks of one file: to be stored, or known to be holes.
struct Extent {
  std::shared_ptr<ImportedFile> file;
  std::uint64_t first = 0;  ///< chunk number
  std::uint64_t count = 0;  ///< at most kExtentChunks unless it is a hole
  bool hole = false;
  bool last = false;               ///< of its file
  Bytes content;                   ///< in: whole chunks, zeros after the file's end; empty: to be read from the file
  std::vector<ChunkRef> previous;  ///< in: by chunk
  std::vector<ChunkRef> stored;    ///< out: by chunk
  std::exception_ptr error;
  bool done = false;
};

class ImportPipeline {
 public:
  ImportPipeline(ImageWriter& writer, int threads);
  ~ImportPipeline();
  ImportPipeline(const ImportPipeline&) = delete;
  ImportPipeline& operator=(const ImportPipeline&) = delete;

  /// Whether the oldest extent should be popped before another is pushed.
  bool full() const;
  bool empty() const { return in_flight_.empty(); }
  void push(std::unique_ptr<Extent> extent);
  /// Waits for the oldest extent; throws what went wrong with it.
  std::unique_ptr<Extent> pop();

 private:
  void work(const std::stop_token& stop);
  static void read(const Extent& extent, ByteSpan buffer);
  void store(Extent& extent, ByteSpan buffer);

  ImageWriter& writer_;
  std::deque<std::unique_ptr<Extent>> in_flight_;
  std::uint64_t chunks_in_flight_ = 0;  ///< a hole counts as one
  std::mutex mutex_;
  std::condition_variable_any work_;
  std::condition_variable done_;
  std::deque<Extent*> waiting_;  ///< under mutex_, as is Extent::done
  std::vector<std::jthread> threads_;
};

}  // namespace lifeboat::vault
