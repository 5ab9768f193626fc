#include "vault/import_pipeline.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"

namespace lifeboat::vault {

namespace {

/// Read ahead of the threads, 24 MiB: enough for a disk to stream, little enough to stay in memory.
constexpr std::uint64_t kChunksInFlight = 192;

/// A hole is none, but costs some memory as well.
std::uint64_t weight_of(const Extent& extent) {
  return extent.hole ? 1 : std::max<std::uint64_t>(extent.count, 1);
}

std::uint64_t byte_of(std::uint64_t chunk) {
  return chunk * kChunkBytes;
}

}  // namespace

ImportPipeline::ImportPipeline(ImageWriter& writer, int threads) : writer_(writer) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
}

ImportPipeline::~ImportPipeline() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins, before what they work on goes
}

bool ImportPipeline::full() const {
  return chunks_in_flight_ >= kChunksInFlight;
}

void ImportPipeline::push(std::unique_ptr<Extent> extent) {
  chunks_in_flight_ += weight_of(*extent);
  if (extent->hole || extent->count == 0) {
    extent->done = true;
    in_flight_.push_back(std::move(extent));
    return;
  }
  LIFEBOAT_CHECK(extent->count <= kExtentChunks && extent->previous.size() == extent->count);
  LIFEBOAT_CHECK(extent->content.empty() || extent->content.size() == byte_of(extent->count));
  if (extent->content.empty()) {
    // A hint that starts the disk; reading tells if it fails.
    static_cast<void>(::posix_fadvise(extent->file->fd.get(), static_cast<off_t>(byte_of(extent->first)),
                                      static_cast<off_t>(byte_of(extent->count)), POSIX_FADV_WILLNEED));
  }
  Extent* raw = extent.get();
  in_flight_.push_back(std::move(extent));
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(raw);
  }
  work_.notify_one();
}

std::unique_ptr<Extent> ImportPipeline::pop() {
  LIFEBOAT_CHECK(!in_flight_.empty());
  {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return in_flight_.front()->done; });
  }
  std::unique_ptr<Extent> extent = std::move(in_flight_.front());
  in_flight_.pop_front();
  chunks_in_flight_ -= weight_of(*extent);
  if (extent->error) std::rethrow_exception(extent->error);
  return extent;
}

void ImportPipeline::work(const std::stop_token& stop) {
  Bytes buffer(std::size_t{kExtentChunks} * kChunkBytes);
  while (true) {
    Extent* extent = nullptr;
    {
      std::unique_lock lock(mutex_);
      if (!work_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
      extent = waiting_.front();
      waiting_.pop_front();
    }
    try {
      store(*extent, buffer);
    } catch (...) {
      extent->error = std::current_exception();
    }
    {
      const std::scoped_lock lock(mutex_);
      extent->done = true;
    }
    done_.notify_one();
  }
}

void ImportPipeline::read(const Extent& extent, ByteSpan buffer) {
  const ImportedFile& file = *extent.file;
  const std::uint64_t offset = byte_of(extent.first);
  const std::uint64_t size = std::min(byte_of(extent.count), file.entry.size - offset);
  const ByteSpan content = buffer.first(static_cast<std::size_t>(size));
  if (pread_full(file.fd.get(), content, offset, file.path) != size) {
    fail(Code::kConflict, format("{} became shorter while it was read", file.path),
         "Something works in this directory. Stop it, or import a snapshot or copy instead.");
  }
  const std::size_t padded = static_cast<std::size_t>(byte_of(extent.count));
  std::ranges::fill(buffer.subspan(content.size(), padded - content.size()), std::uint8_t{0});
}

void ImportPipeline::store(Extent& extent, ByteSpan buffer) {
  if (extent.content.empty()) read(extent, buffer);
  const ByteView content = extent.content.empty() ? ByteView(buffer) : ByteView(extent.content);
  extent.stored.reserve(extent.previous.size());
  for (std::size_t i = 0; i < extent.previous.size(); ++i) {
    extent.stored.push_back(writer_.store_chunk(content.subspan(i * kChunkBytes, kChunkBytes), extent.previous[i]));
  }
}

}  // namespace lifeboat::vault
