/// The catalog from the journal and back. Replay runs single-threaded while the volume is opened, over bytes whose
/// checksums were right; what still makes no sense is refused as damage.
#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/error.h"
#include "volume/catalog.h"

namespace lifeboat::volume {

namespace {
constexpr std::size_t kCheckpointPayloadBytes = std::size_t{1} << 18U;

[[noreturn]] void damaged(std::string_view why) {
  fail(Code::kCorruption, format("volume journal: {}", why),
       "The local state of this volume is damaged. Its image in the vault is not: make a new volume from that.");
}
}  // namespace

Node* Catalog::known(std::uint64_t inode) {
  const auto node = nodes_.find(inode);
  if (node != nodes_.end()) return node->second.get();
  if (inode >= next_inode_) damaged(format("inode {} was never made", inode));
  return nullptr;
}

void Catalog::replay(Record&& record) {
  std::visit([this](auto&& r) { apply(std::forward<decltype(r)>(r)); }, std::move(record));
}

void Catalog::apply(ImageRecord&& r) {
  image = std::move(r.image);
  frozen_committed = r.frozen_committed;
  next_inode_ = std::max(next_inode_, r.next_inode);
  next_data = std::max(next_data.load(), r.next_data);
}

void Catalog::apply(NodeRecord&& r) {
  if (nodes_.contains(r.inode)) damaged(format("inode {} made twice", r.inode));
  if (r.inode == 1 && r.type != vault::FileType::kDirectory) damaged("the root is no directory");
  if (r.inode != 1) {
    const auto parent = nodes_.find(r.parent);
    if (parent == nodes_.end() || parent->second->type != vault::FileType::kDirectory) {
      damaged(format("inode {} lies in no directory", r.inode));
    }
    if (child(*parent->second, r.name) != nullptr) damaged(format("the name {} was given twice", r.name));
  }
  add(std::move(r));
}

void Catalog::apply(RemoveRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  if (node->parent == nullptr || !node->children.empty()) damaged(format("inode {} cannot be removed", r.inode));
  unlink(*node);
  forget(r.inode);
}

void Catalog::apply(RenameRecord&& r) {
  Node* node = known(r.inode);
  Node* parent = known(r.new_parent);
  if (node == nullptr || node->parent == nullptr || parent == nullptr || parent->type != vault::FileType::kDirectory) {
    damaged(format("inode {} cannot be renamed", r.inode));
  }
  for (const Node* up = parent; up != nullptr; up = up->parent) {
    if (up == node) damaged(format("inode {} cannot move into itself", r.inode));
  }
  Node* replaced = child(*parent, r.new_name);
  if (replaced == node) return;
  if (replaced != nullptr) apply(RemoveRecord{replaced->number});
  move(*node, *parent, r.new_name);
}

void Catalog::apply(AttributesRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  node->mode = r.mode;
  node->uid = r.uid;
  node->gid = r.gid;
  node->mtime_ns = r.mtime_ns;
  touch(*node);
}

void Catalog::apply(ResizeRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  File& file = content(*node);
  // As Volume::State::resize: only what shrinks needs a layer. Marks beyond the journaled size may be there all the
  // same.
  if (!file.current && r.size < node->size) file.current = std::make_unique<Layer>();
  if (file.current) file.current->shrink(r.size);
  node->size = r.size;
  node->journaled_size = r.size;
  node->mtime_ns = r.mtime_ns;
  touch(*node);
}

void Catalog::apply(FreezeRecord&& /*r*/) {
  for (const auto& [number, node] : nodes_) {
    if (node->file && node->file->current && node->file->frozen) damaged(format("inode {} frozen twice", number));
  }
  freeze();
}

Layer& Catalog::replayed_layer(Node& node, LayerRole role, std::uint64_t data) {
  std::unique_ptr<Layer>& layer = content(node).layer(role);
  if (!layer) layer = std::make_unique<Layer>();
  if (data != 0 && !layer->data) {
    layer->data = open_data_(data);
    next_data = std::max(next_data.load(), data + 1);
  }
  if (data != 0 && layer->data->number() != data) damaged(format("inode {} has a layer twice", node.number));
  return *layer;
}

void Catalog::apply(MarksRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  Layer& layer = replayed_layer(*node, r.role, r.data);
  layer.marks.add_all(r.marks);
  std::erase_if(layer.tails, [&](const Layer::Tail& tail) { return r.marks.contains(tail.offset / kBlockBytes); });
  node->size = r.size;
  node->journaled_size = r.size;
  node->mtime_ns = r.mtime_ns;
  touch(*node);
}

void Catalog::apply(LayerRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  File& file = content(*node);
  if (r.drops_frozen) {  // what a commit did not store
    file.frozen.reset();
    touch(*node);
  }
  file.layer(r.role).reset();
  Layer& layer = replayed_layer(*node, r.role, r.data);
  layer.limit = r.limit;
  layer.marks = std::move(r.marks);
  for (const std::uint64_t tail : r.tails) layer.tails.push_back({tail, false});
}

void Catalog::apply(BaseRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  File& file = content(*node);
  if (r.drops_frozen) file.frozen.reset();
  file.base = r.data == 0 ? nullptr : open_data_(r.data);
  next_data = std::max(next_data.load(), r.data + 1);
  file.hydrated = ChunkBits(file.hydrated.size());
  apply(HydratedRecord{r.inode, r.data, std::move(r.hydrated)});
}

void Catalog::apply(HydratedRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  File& file = content(*node);
  if (!file.base && r.data != 0) {
    file.base = open_data_(r.data);
    next_data = std::max(next_data.load(), r.data + 1);
  }
  if (r.data != (file.base ? file.base->number() : 0)) damaged(format("inode {} has two bases", r.inode));
  for (const ChunkRun& run : r.added) {
    if (run.last > file.hydrated.size()) damaged(format("inode {}: chunk beyond its end", r.inode));
    for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) file.hydrated.set(chunk);
  }
}

void Catalog::apply(EvictedRecord&& r) {
  Node* node = known(r.inode);
  if (node == nullptr) return;
  File& file = content(*node);
  for (const ChunkRun& run : r.removed) {
    if (run.last > file.hydrated.size()) damaged(format("inode {}: chunk beyond its end", r.inode));
    for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) file.hydrated.reset(chunk);
  }
}

void Catalog::apply(GoneRecord&& r) {
  gone.insert(std::move(r.path));
}

void Catalog::apply(OpenedRecord&& /*r*/) {}

namespace {

NodeRecord node_record(const Node& node) {
  return {.inode = node.number,
          .parent = node.parent == nullptr ? 0 : node.parent->number,
          .name = node.name,
          .type = node.type,
          .mode = node.mode,
          .uid = node.uid,
          .gid = node.gid,
          .mtime_ns = node.mtime_ns,
          .size = node.journaled_size,
          .link_target = node.link_target,
          .changed = node.changed != 0,
          .image_path = node.image_path,
          .image_size = node.image_size};
}

/// Collects records into payloads of a bounded size.
class CheckpointWriter {
 public:
  void put(const Record& record) {
    encode_record(out_, record);
    if (out_.size() >= kCheckpointPayloadBytes) flush();
  }
  void put_file(const Node& node) {
    File& file = *node.file;
    const std::shared_lock lock(file.lock);
    if (file.base || file.hydrated.count() != 0) {
      // A fetch sets the pending bit first, so reading it last never takes a chunk for journaled that is not.
      ChunkBits journaled = file.hydrated.resized(file.hydrated.size());
      for (const ChunkRun& run : file.hydrated_pending.runs()) {
        for (std::uint64_t chunk = run.first; chunk < run.last; ++chunk) journaled.reset(chunk);
      }
      put(BaseRecord{node.number, false, file.base ? file.base->number() : 0, journaled.runs()});
    }
    if (file.frozen) put_layer(node, LayerRole::kFrozen, *file.frozen);
    if (file.current) put_layer(node, LayerRole::kCurrent, *file.current);
  }
  std::vector<Bytes> finish() {
    if (out_.size() != 0) flush();
    return std::move(payloads_);
  }

 private:
  void put_layer(const Node& node, LayerRole role, const Layer& layer) { put(layer_record(node.number, role, layer)); }
  void flush() { payloads_.push_back(out_.take()); }

  Encoder out_;
  std::vector<Bytes> payloads_;
};

void put_tree(CheckpointWriter& out, const Node& node) {
  out.put(node_record(node));
  if (node.file) out.put_file(node);
  for (const auto& [name, child] : node.children) put_tree(out, *child);
}

}  // namespace

LayerRecord layer_record(std::uint64_t inode, LayerRole role, const Layer& layer) {
  LayerRecord record{.inode = inode,
                     .role = role,
                     .drops_frozen = false,
                     .data = layer.data ? layer.data->number() : 0,
                     .limit = layer.limit,
                     .tails = {},
                     .marks = layer.journaled_marks()};
  for (const Layer::Tail& tail : layer.tails) record.tails.push_back(tail.offset);
  return record;
}

std::vector<Bytes> Catalog::checkpoint() const {
  CheckpointWriter out;
  out.put(ImageRecord{image, frozen_committed, next_inode_, next_data});
  const auto root = nodes_.find(1);
  if (root != nodes_.end()) put_tree(out, *root->second);
  for (const std::string& path : gone) out.put(GoneRecord{path});
  return out.finish();
}

}  // namespace lifeboat::volume
