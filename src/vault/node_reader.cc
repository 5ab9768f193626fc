#include "vault/node_reader.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "vault/lru_cache.h"
#include "vault/record_ranges.h"

namespace lifeboat::vault {

namespace {

/// Ranges kept of what was fetched beside what was asked for: up to 16 MiB.
constexpr std::size_t kPrefetchedRangesMax = 4;
/// Fetched before a node where the store has latency: some twenty full leaves, which say where 600 MiB of a file lie.
constexpr std::uint32_t kReadBehindBytes = std::uint32_t{128} << 10U;

struct RecordRefHash {
  std::size_t operator()(const RecordRef& ref) const {
    std::size_t hash = 0;  // pack ids are random
    static_assert(sizeof(hash) <= sizeof(ref.pack));
    std::memcpy(&hash, ref.pack.data(), sizeof(hash));
    return hash + ref.offset * std::size_t{0x9e3779b97f4a7c15};
  }
};

template <typename Node>
class NodeCache {
 public:
  explicit NodeCache(std::size_t bytes) : cache_(bytes) {}

  std::shared_ptr<const Node> find(const RecordRef& ref) {
    const std::scoped_lock lock(mutex_);
    return cache_.find(ref).value_or(nullptr);
  }
  void insert(const RecordRef& ref, const std::shared_ptr<const Node>& node) {
    const std::scoped_lock lock(mutex_);
    cache_.insert(ref, node, node->memory_bytes());
  }

 private:
  std::mutex mutex_;
  LruCache<RecordRef, std::shared_ptr<const Node>, RecordRefHash> cache_;
};

}  // namespace

struct NodeReader::State {
  State(Vault& vault_in, std::size_t cache_bytes)
      : latency(vault_in.store().latency()),
        records(vault_in),
        directories(cache_bytes / 4),
        chunks(cache_bytes / 4 * 3) {}

  Bytes payload(const RecordRef& ref);
  std::shared_ptr<const PackRange> find_range(const RecordRef& ref);
  std::shared_ptr<const PackRange> fetch_range(const Id& pack, std::uint32_t offset, std::uint32_t size);

  /// Finds, or reads, checks the level of, and remembers a node.
  template <typename Node, typename Decode>
  std::shared_ptr<const Node> node(NodeCache<Node>& cache, const RecordRef& ref, std::uint8_t level,
                                   const Decode& decode) {
    std::shared_ptr<const Node> node = cache.find(ref);
    if (!node) {
      node = std::make_shared<const Node>(decode(payload(ref), record_text(ref, RecordKind::kNode)));
      cache.insert(ref, node);
    }
    if (node->level != level) {
      fail(Code::kCorruption, format("{}: a node of level {} where {} was expected",
                                     record_text(ref, RecordKind::kNode), node->level, level));
    }
    return node;
  }

  std::chrono::milliseconds latency;
  RecordReader records;
  NodeCache<DirectoryNode> directories;
  NodeCache<ChunkNode> chunks;
  std::mutex ranges_mutex;
  std::deque<std::shared_ptr<const PackRange>> ranges;
};

std::shared_ptr<const PackRange> NodeReader::State::find_range(const RecordRef& ref) {
  const std::scoped_lock lock(ranges_mutex);
  const auto at = std::ranges::find_if(ranges, [&](const auto& range) { return range->contains(ref); });
  return at == ranges.end() ? nullptr : *at;
}

std::shared_ptr<const PackRange> NodeReader::State::fetch_range(const Id& pack, std::uint32_t offset,
                                                                std::uint32_t size) {
  auto range = std::make_shared<const PackRange>(records.fetch(pack, offset, size));
  const std::scoped_lock lock(ranges_mutex);
  ranges.push_back(range);
  if (ranges.size() > kPrefetchedRangesMax) ranges.pop_front();
  return range;
}

Bytes NodeReader::State::payload(const RecordRef& ref) {
  Record record;
  if (latency.count() == 0) {
    records.read(ref, RecordKind::kNode, record);
  } else {
    std::shared_ptr<const PackRange> range = find_range(ref);
    if (!range) {
      const std::uint32_t behind =
          std::min(kReadBehindBytes, ref.offset - std::min<std::uint32_t>(ref.offset, kHeaderBytes));
      range = fetch_range(ref.pack, ref.offset - behind, behind + ref.length);
    }
    range->open(ref, RecordKind::kNode, record);
  }
  return record.content(kNodeBytesMax);
}

NodeReader::NodeReader(Vault& vault, std::size_t cache_bytes) : state_(std::make_unique<State>(vault, cache_bytes)) {}
NodeReader::~NodeReader() = default;

std::shared_ptr<const DirectoryNode> NodeReader::directory_node(const RecordRef& ref, std::uint8_t level) {
  return state_->node(state_->directories, ref, level, decode_directory_node);
}

std::shared_ptr<const ChunkNode> NodeReader::chunk_node(const RecordRef& ref, std::uint8_t level) {
  return state_->node(state_->chunks, ref, level, decode_chunk_node);
}

void NodeReader::prefetch(std::span<const RecordRef> refs) {
  if (state_->latency.count() == 0) return;
  std::vector<RecordRef> missing;
  for (const RecordRef& ref : refs) {
    if (!state_->directories.find(ref) && !state_->chunks.find(ref) && !state_->find_range(ref)) missing.push_back(ref);
  }
  std::vector<RecordRange> ranges = plan_ranges(missing, gap_tolerance(state_->latency));
  std::erase_if(ranges, [](const RecordRange& range) { return range.members.size() < 2; });
  if (ranges.size() > kPrefetchedRangesMax) ranges.resize(kPrefetchedRangesMax);
  for (const RecordRange& range : ranges) state_->fetch_range(range.pack, range.offset, range.size);
}

RecordReader& NodeReader::records() {
  return state_->records;
}

}  // namespace lifeboat::vault
