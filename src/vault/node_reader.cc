#include "vault/node_reader.h"

#include <deque>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "vault/lru_cache.h"
#include "vault/record_ranges.h"

namespace lifeboat::vault {

namespace {

/// Ranges that prefetch keeps: up to 16 MiB.
constexpr std::size_t kPrefetchedRangesMax = 4;

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
      : vault(vault_in), records(vault_in), directories(cache_bytes / 4), chunks(cache_bytes / 4 * 3) {}

  Bytes payload(const RecordRef& ref);

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

  Vault& vault;
  RecordReader records;
  NodeCache<DirectoryNode> directories;
  NodeCache<ChunkNode> chunks;
  std::mutex prefetched_mutex;
  std::deque<std::shared_ptr<const PackRange>> prefetched;
};

Bytes NodeReader::State::payload(const RecordRef& ref) {
  std::shared_ptr<const PackRange> range;
  {
    const std::scoped_lock lock(prefetched_mutex);
    for (const auto& candidate : prefetched) {
      if (candidate->contains(ref)) range = candidate;
    }
  }
  Record record;
  if (range) {
    range->open(ref, RecordKind::kNode, record);
  } else {
    records.read(ref, RecordKind::kNode, record);
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
  const auto latency = state_->vault.store().latency();
  if (latency.count() == 0) return;
  std::vector<RecordRef> missing;
  for (const RecordRef& ref : refs) {
    if (!state_->directories.find(ref) && !state_->chunks.find(ref)) missing.push_back(ref);
  }
  std::vector<RecordRange> ranges = plan_ranges(missing, gap_tolerance(latency));
  std::erase_if(ranges, [](const RecordRange& range) { return range.members.size() < 2; });
  if (ranges.size() > kPrefetchedRangesMax) ranges.resize(kPrefetchedRangesMax);
  for (const RecordRange& range : ranges) {
    auto fetched = std::make_shared<const PackRange>(state_->records.fetch(range.pack, range.offset, range.size));
    const std::scoped_lock lock(state_->prefetched_mutex);
    state_->prefetched.push_back(std::move(fetched));
    if (state_->prefetched.size() > kPrefetchedRangesMax) state_->prefetched.pop_front();
  }
}

RecordReader& NodeReader::records() {
  return state_->records;
}

}  // namespace lifeboat::vault
