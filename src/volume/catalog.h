/// The name space of a volume: every inode with its name, attributes and layers, in memory; and how it is made from the
/// journal's records and written back as a checkpoint.
///
/// Threads: `mutex` guards the tree; methods say nothing about locks because callers hold it (exclusively for changes),
/// except where noted. A catalog of 40,000 files takes about 20 MB.
#pragma once

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "volume/node.h"

namespace lifeboat::volume {

/// The whole state of a layer, as far as it may be journaled.
LayerRecord layer_record(std::uint64_t inode, LayerRole role, const Layer& layer);

class Catalog {
 public:
  /// Makes the data file objects of replayed layers.
  using OpenData = std::function<DataFilePtr(std::uint64_t number)>;
  explicit Catalog(OpenData open_data) : open_data_(std::move(open_data)) {}

  FairSharedMutex mutex;

  /// Takes the lock shared.
  NodePtr find(std::uint64_t number);
  NodePtr find_locked(std::uint64_t number) const;
  /// As find; throws kNotFound.
  NodePtr get(std::uint64_t number);
  /// A node with its content, made on first use; kNotFound, kUsage if it is no regular file. Takes the lock.
  std::pair<NodePtr, File*> file(std::uint64_t number);
  File& content(Node& node);

  /// Every node that is linked and has content in memory. Takes the lock shared.
  std::vector<NodePtr> with_content();
  /// Throws kNotFound, kUsage if `parent` is no directory.
  Node& directory(std::uint64_t number);
  Node* child(Node& directory, std::string_view name);
  std::string path(const Node& node) const;
  Node* find_path(std::string_view path);
  /// The file that has this path in the image. Takes the lock shared.
  NodePtr find_image_path(std::string_view path);
  /// Every linked file that has content in the image. Takes the lock shared.
  std::vector<NodePtr> files_of_image();

  void add(NodeRecord record);
  /// The node loses its name; it is forgotten when nobody has it open.
  void unlink(Node& node);
  void move(Node& node, Node& new_parent, std::string_view new_name);
  /// Forgets a node without a name; returns it if it was known.
  NodePtr forget(std::uint64_t number);
  void touch(Node& node) { node.changed = ++clock_; }
  std::uint64_t clock() const { return clock_; }
  std::uint64_t take_inode_number() { return next_inode_++; }

  template <typename Each>
  void for_each(Each each) const {
    for (const auto& [number, node] : nodes_) each(node);
  }
  std::size_t size() const { return nodes_.size(); }

  /// Applies one record of the journal (single-threaded, while opening).
  void replay(Record&& record);
  /// The whole state as journal payloads. For whoever keeps everything else out.
  std::vector<Bytes> checkpoint() const;

  /// Moves every current layer to frozen.
  void freeze();

  std::string image;
  bool frozen_committed = false;
  std::set<std::string> gone;  ///< paths in the image whose node was removed since
  std::atomic<std::uint64_t> next_data{1};

 private:
  Node* known(std::uint64_t inode);
  Layer& replayed_layer(Node& node, LayerRole role, std::uint64_t data);
  void apply(ImageRecord&& r);
  void apply(NodeRecord&& r);
  void apply(RemoveRecord&& r);
  void apply(RenameRecord&& r);
  void apply(AttributesRecord&& r);
  void apply(ResizeRecord&& r);
  void apply(FreezeRecord&& r);
  void apply(MarksRecord&& r);
  void apply(LayerRecord&& r);
  void apply(BaseRecord&& r);
  void apply(HydratedRecord&& r);
  void apply(EvictedRecord&& r);
  void apply(GoneRecord&& r);
  void apply(OpenedRecord&& r);

  OpenData open_data_;
  std::unordered_map<std::uint64_t, NodePtr> nodes_;
  std::uint64_t next_inode_ = 1;
  std::atomic<std::uint64_t> clock_{0};
};

}  // namespace lifeboat::volume
