#include "vault/chunk_reader.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "vault/chunk_codec.h"
#include "vault/record_ranges.h"

namespace lifeboat::vault {

namespace {

/// Gets running at once on a store with latency: enough to fill a link of 1 Gbit/s at 50 ms with ranges of 1 MiB.
constexpr std::size_t kParallelGets = 8;

const RecordRef& plain_record(const ChunkRef& ref) {
  return ref.kind == ChunkKind::kDelta ? ref.base : ref.record;
}

/// Says which record it was when decoding its payload fails.
template <typename F>
void name_record(const RecordRef& ref, RecordKind kind, const F& decode) {
  try {
    decode();
  } catch (Exception& e) {
    e.add_context(record_text(ref, kind));
    throw;
  }
}

void decode_chunk(const RecordRef& ref, const Record& record, ByteSpan out) {
  name_record(ref, RecordKind::kChunk, [&] { decode_plain(record.codec(), record.payload(), out); });
}

void apply_delta(const RecordRef& ref, const Record& record, ByteSpan content) {
  name_record(ref, RecordKind::kDelta, [&] { apply_delta(record.codec(), record.payload(), content); });
}

Record& scratch_record() {
  thread_local Record kept;
  return kept;
}

/// Fetches and delivers ranges of chunks, taken by threads one after another.
class Fetch {
 public:
  Fetch(RecordReader& records, std::chrono::milliseconds latency, std::span<const ChunkRequest> wanted,
        const std::function<void(const ChunkRequest&, ByteView)>& deliver)
      : records_(records), gap_max_(gap_tolerance(latency)), wanted_(wanted), deliver_(deliver) {
    std::vector<RecordRef> plain;
    plain.reserve(wanted.size());
    for (const ChunkRequest& request : wanted) {
      LIFEBOAT_CHECK(request.ref.kind != ChunkKind::kHole);
      plain.push_back(plain_record(request.ref));
    }
    ranges_ = plan_ranges(plain, gap_max_);
  }

  void run(std::size_t threads) {
    threads = std::min(threads, ranges_.size());
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back([this] { work(); });
    work();
    helpers.clear();  // joins
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void work() {
    try {
      Bytes content(kChunkBytes);
      for (std::size_t i = next_++; i < ranges_.size(); i = next_++) fetch(ranges_[i], content);
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!error_) error_ = std::current_exception();
      next_ = ranges_.size();
    }
  }

  void fetch(const RecordRange& range, ByteSpan content) {
    const std::vector<Record> deltas = fetch_deltas(range);
    const PackRange pack = records_.fetch(range.pack, range.offset, range.size);
    for (std::size_t i = 0; i < range.members.size(); ++i) {
      const ChunkRequest& request = wanted_[range.members[i]];
      const RecordRef& plain = plain_record(request.ref);
      pack.open(plain, RecordKind::kChunk, scratch_record());
      decode_chunk(plain, scratch_record(), content);
      if (request.ref.kind == ChunkKind::kDelta) apply_delta(request.ref.record, deltas[i], content);
      deliver_(request, content);
    }
  }

  /// The delta records of a range's members, at the members' positions; empty records for plain chunks.
  std::vector<Record> fetch_deltas(const RecordRange& range) {
    std::vector<RecordRef> refs;
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < range.members.size(); ++i) {
      const ChunkRef& ref = wanted_[range.members[i]].ref;
      if (ref.kind != ChunkKind::kDelta) continue;
      refs.push_back(ref.record);
      positions.push_back(i);
    }
    std::vector<Record> deltas(refs.empty() ? 0 : range.members.size());
    for (const RecordRange& part : plan_ranges(refs, gap_max_)) {
      const PackRange pack = records_.fetch(part.pack, part.offset, part.size);
      for (const std::size_t i : part.members) pack.open(refs[i], RecordKind::kDelta, deltas[positions[i]]);
    }
    return deltas;
  }

  RecordReader& records_;
  std::uint32_t gap_max_;
  std::span<const ChunkRequest> wanted_;
  const std::function<void(const ChunkRequest&, ByteView)>& deliver_;
  std::vector<RecordRange> ranges_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

void ChunkReader::read(const ChunkRef& ref, ByteSpan out) {
  LIFEBOAT_CHECK(out.size() == kChunkBytes);
  if (ref.kind == ChunkKind::kHole) {
    std::ranges::fill(out, std::uint8_t{0});
    return;
  }
  read_plain(plain_record(ref), out);
  if (ref.kind != ChunkKind::kDelta) return;
  records_.read(ref.record, RecordKind::kDelta, scratch_record());
  apply_delta(ref.record, scratch_record(), out);
}

void ChunkReader::read_plain(const RecordRef& record, ByteSpan out) {
  records_.read(record, RecordKind::kChunk, scratch_record());
  decode_chunk(record, scratch_record(), out);
}

BlockMask ChunkReader::read_delta_mask(const RecordRef& record) {
  records_.read(record, RecordKind::kDelta, scratch_record());
  BlockMask mask = 0;
  name_record(record, RecordKind::kDelta, [&] { mask = decode_delta_mask(scratch_record().payload()); });
  return mask;
}

void ChunkReader::read_many(std::span<const ChunkRequest> wanted, int threads,
                            const std::function<void(const ChunkRequest&, ByteView content)>& deliver) {
  const auto decoders = static_cast<std::size_t>(std::max(threads, 1));
  Fetch(records_, latency_, wanted, deliver).run(latency_.count() > 0 ? std::max(decoders, kParallelGets) : decoders);
}

}  // namespace lifeboat::vault
