// A file's chunk map is edited from left to right: at every level one node is open. When the next change lies beyond
// it, it is written if it changed, its place is put into the node above, and the next one is opened.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "vault/chunk_tree.h"
#include "vault/image_writer_internal.h"
#include "vault/tree_builder.h"

namespace lifeboat::vault {

namespace {

struct OpenNode {
  ChunkNode node;
  std::uint64_t number = 0;  ///< it holds chunk numbers from number * 256^level
  bool open = false;
  bool changed = false;
};

}  // namespace

struct ChunkMapEditor::State {
  State(ImageWriter::State& writer_in, ChunkMap previous_in, std::uint64_t previous_chunks_in)
      : writer(writer_in), previous(std::move(previous_in)), previous_chunks(previous_chunks_in) {
    if (previous.inline_chunks.empty()) return;
    OpenNode& leaf = levels[1];
    leaf = {ChunkNode::empty(1), 0, true, true};  // inline chunks have no node yet
    std::ranges::copy(previous.inline_chunks, leaf.node.chunks.begin());
  }

  OpenNode& open(std::uint8_t level, std::uint64_t number, std::uint64_t slot);
  ChunkNode load(std::uint8_t level, std::uint64_t number, std::uint64_t slot);
  RecordRef wrapped_previous(std::uint8_t level);
  void close(std::uint8_t level);
  void place(std::uint8_t level, std::uint64_t number, const RecordRef& ref);
  void truncate(std::uint8_t depth, std::uint64_t chunks);
  ChunkMap finish(std::uint64_t chunks);

  ImageWriter::State& writer;
  ChunkMap previous;
  std::uint64_t previous_chunks;
  std::uint64_t next = 0;                             ///< indexes below were passed
  std::array<OpenNode, kChunkDepthMax + 1> levels{};  ///< by level; [0] is not used
};

/// The node of that number, to change `slot` in; what was open at its level is closed.
OpenNode& ChunkMapEditor::State::open(std::uint8_t level, std::uint64_t number, std::uint64_t slot) {
  OpenNode& at = levels[level];
  if (!at.open || at.number != number) {
    close(level);
    at = {load(level, number, slot), number, true, false};
  }
  return at;
}

ChunkNode ChunkMapEditor::State::load(std::uint8_t level, std::uint64_t number, std::uint64_t slot) {
  if (const auto node = find_chunk_node(writer.nodes, previous, level, number)) return *node;
  ChunkNode node = ChunkNode::empty(level);
  // The tree grows higher: all that was is below slot 0. It need not be looked for if slot 0 is what will be put.
  if (previous.depth > 0 && level > previous.depth && number == 0 && slot != 0) {
    node.children[0] = wrapped_previous(static_cast<std::uint8_t>(level - 1));
  }
  return node;
}

/// The previous root, below as many new nodes as make it `level` high.
RecordRef ChunkMapEditor::State::wrapped_previous(std::uint8_t level) {
  if (level == previous.depth) return previous.root;
  ChunkNode node = ChunkNode::empty(level);
  node.children[0] = wrapped_previous(static_cast<std::uint8_t>(level - 1));
  return add_node(writer.records, encode_chunk_node(node));
}

void ChunkMapEditor::State::close(std::uint8_t level) {
  OpenNode& at = levels[level];
  if (!at.open) return;
  at.open = false;
  if (!at.changed) return;
  place(level, at.number, at.node.is_empty() ? RecordRef{} : add_node(writer.records, encode_chunk_node(at.node)));
}

/// Puts a written node, or the absence of one, into the node above it.
void ChunkMapEditor::State::place(std::uint8_t level, std::uint64_t number, const RecordRef& ref) {
  const std::uint64_t slot = number % kFanout;
  OpenNode& parent = open(static_cast<std::uint8_t>(level + 1), number / kFanout, slot);
  parent.node.children[slot] = ref;
  parent.changed = true;
}

/// Drops everything at or beyond `chunks` (> 0) from a tree of `depth` levels.
void ChunkMapEditor::State::truncate(std::uint8_t depth, std::uint64_t chunks) {
  std::uint64_t last = chunks - 1;
  OpenNode& leaf = open(1, last / kFanout, last % kFanout);
  std::fill(leaf.node.chunks.begin() + static_cast<std::ptrdiff_t>(last % kFanout) + 1, leaf.node.chunks.end(),
            ChunkRef{});
  leaf.changed = true;
  for (std::uint8_t level = 2; level <= depth; ++level) {
    last /= kFanout;
    // The child on the path is still open and will be put into its slot when it is closed.
    OpenNode& node = open(level, last / kFanout, last % kFanout);
    std::fill(node.node.children.begin() + static_cast<std::ptrdiff_t>(last % kFanout) + 1, node.node.children.end(),
              RecordRef{});
    node.changed = true;
  }
}

ChunkMap ChunkMapEditor::State::finish(std::uint64_t chunks) {
  LIFEBOAT_CHECK(next <= chunks);
  if (chunks == 0) return {};
  const std::uint8_t depth = chunk_map_depth(chunks);
  if (depth == 0) {
    ChunkMap map;
    const OpenNode& leaf = open(1, 0, 0);
    map.inline_chunks.assign(leaf.node.chunks.begin(), leaf.node.chunks.begin() + static_cast<std::ptrdiff_t>(chunks));
    while (!map.inline_chunks.empty() && map.inline_chunks.back() == ChunkRef{}) map.inline_chunks.pop_back();
    return map;
  }
  if (chunks < previous_chunks) truncate(depth, chunks);
  for (std::uint8_t level = 1; level < depth; ++level) close(level);
  OpenNode& root = levels[depth];
  if (!root.open && previous.depth == depth) return previous;
  open(depth, 0, kFanout);
  if (root.node.is_empty()) return {};
  // An unchanged root of the same height is not written again.
  if (!root.changed && previous.depth == depth) return previous;
  return {depth, {}, add_node(writer.records, encode_chunk_node(root.node))};
}

ChunkMapEditor::ChunkMapEditor(ImageWriter& writer, ChunkMap previous, std::uint64_t previous_chunks)
    : state_(std::make_unique<State>(*writer.state_, std::move(previous), previous_chunks)) {}
ChunkMapEditor::~ChunkMapEditor() = default;

ChunkRef ChunkMapEditor::previous(std::uint64_t index) {
  if (index >= state_->previous_chunks) return {};
  return find_chunk(state_->writer.nodes, state_->previous, index);
}

void ChunkMapEditor::set(std::uint64_t index, const ChunkRef& ref) {
  LIFEBOAT_CHECK(index >= state_->next);
  state_->next = index + 1;
  OpenNode& leaf = state_->open(1, index / kFanout, index % kFanout);
  ChunkRef& slot = leaf.node.chunks[index % kFanout];
  if (slot == ref) return;
  slot = ref;
  leaf.changed = true;
}

void ChunkMapEditor::clear(std::uint64_t first, std::uint64_t last) {
  for_each_chunk(state_->writer.nodes, state_->previous, first, std::min(last, state_->previous_chunks),
                 [&](std::uint64_t index, const ChunkRef&) { set(index, {}); });
}

ChunkMap ChunkMapEditor::finish(std::uint64_t chunks) {
  return state_->finish(chunks);
}

}  // namespace lifeboat::vault
