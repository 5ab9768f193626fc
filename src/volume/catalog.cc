#include "volume/catalog.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "base/error.h"

namespace lifeboat::volume {

NodePtr Catalog::find(std::uint64_t number) {
  const std::shared_lock lock(mutex);
  return find_locked(number);
}

NodePtr Catalog::find_locked(std::uint64_t number) const {
  const auto node = nodes_.find(number);
  return node == nodes_.end() ? nullptr : node->second;
}

std::vector<NodePtr> Catalog::with_content() {
  const std::shared_lock lock(mutex);
  std::vector<NodePtr> nodes;
  for (const auto& [number, node] : nodes_) {
    if (node->file && node->linked) nodes.push_back(node);
  }
  return nodes;
}

NodePtr Catalog::get(std::uint64_t number) {
  NodePtr node = find(number);
  if (!node) fail(Code::kNotFound, format("inode {}: no such file", number));
  return node;
}

std::pair<NodePtr, File*> Catalog::file(std::uint64_t number) {
  {
    const std::shared_lock lock(mutex);
    const auto node = nodes_.find(number);
    if (node != nodes_.end() && node->second->file) return {node->second, node->second->file.get()};
  }
  const std::unique_lock lock(mutex);
  const auto node = nodes_.find(number);
  if (node == nodes_.end()) fail(Code::kNotFound, format("inode {}: no such file", number));
  if (node->second->type != vault::FileType::kFile) {
    fail(Code::kUsage, format("{}: not a regular file", path(*node->second)));
  }
  return {node->second, &content(*node->second)};
}

File& Catalog::content(Node& node) {
  if (!node.file) node.file = std::make_unique<File>(node);
  return *node.file;
}

Node& Catalog::directory(std::uint64_t number) {
  const auto node = nodes_.find(number);
  if (node == nodes_.end()) fail(Code::kNotFound, format("inode {}: no such directory", number));
  if (node->second->type != vault::FileType::kDirectory) {
    fail(Code::kUsage, format("{}: not a directory", path(*node->second)));
  }
  return *node->second;
}

Node* Catalog::child(Node& directory, std::string_view name) {
  const auto entry = directory.children.find(name);
  return entry == directory.children.end() ? nullptr : entry->second.get();
}

std::string Catalog::path(const Node& node) const {
  std::string path = node.name;
  for (const Node* up = node.parent; up != nullptr && up->parent != nullptr; up = up->parent) {
    path.insert(0, up->name + '/');
  }
  return path;
}

Node* Catalog::find_path(std::string_view path) {
  const auto root = nodes_.find(1);
  Node* at = root == nodes_.end() ? nullptr : root->second.get();
  while (at != nullptr && !path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    at = child(*at, path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return at;
}

NodePtr Catalog::find_image_path(std::string_view path) {
  const std::shared_lock lock(mutex);
  Node* node = find_path(path);
  if (node == nullptr || node->type != vault::FileType::kFile || node->image_path != path) return nullptr;
  return find_locked(node->number);
}

std::vector<NodePtr> Catalog::files_of_image() {
  const std::shared_lock lock(mutex);
  std::vector<NodePtr> nodes;
  for (const auto& [number, node] : nodes_) {
    const bool wanted = node->type == vault::FileType::kFile && node->linked && !node->image_path.empty();
    if (wanted && node->image_size > 0) nodes.push_back(node);
  }
  return nodes;
}

void Catalog::add(NodeRecord record) {
  auto node = std::make_shared<Node>();
  node->number = record.inode;
  node->type = record.type;
  node->mode = record.mode;
  node->uid = record.uid;
  node->gid = record.gid;
  node->mtime_ns = record.mtime_ns;
  node->size = record.size;
  node->journaled_size = record.size;
  node->name = std::move(record.name);
  node->link_target = std::move(record.link_target);
  node->image_path = std::move(record.image_path);
  node->image_size = record.image_size;
  if (record.changed) touch(*node);
  if (record.inode != 1) {
    Node& parent = directory(record.parent);
    node->parent = &parent;
    parent.children.emplace(node->name, node);
  }
  next_inode_ = std::max(next_inode_, record.inode + 1);
  nodes_.emplace(record.inode, std::move(node));
}

void Catalog::unlink(Node& node) {
  if (!node.image_path.empty()) gone.insert(node.image_path);
  node.linked = false;
  Node* const parent = std::exchange(node.parent, nullptr);
  parent->children.erase(parent->children.find(node.name));
}

namespace {
/// What lies under a directory that moves gets a new path in the next image, too.
void touch_below(Catalog& catalog, Node& node) {
  catalog.touch(node);
  for (auto& [name, child] : node.children) touch_below(catalog, *child);
}
}  // namespace

void Catalog::move(Node& node, Node& new_parent, std::string_view new_name) {
  auto handle = node.parent->children.extract(node.parent->children.find(node.name));
  handle.key() = std::string(new_name);
  node.name = handle.key();
  node.parent = &new_parent;
  new_parent.children.insert(std::move(handle));
  touch_below(*this, node);
}

NodePtr Catalog::forget(std::uint64_t number) {
  const auto entry = nodes_.find(number);
  if (entry == nodes_.end()) return nullptr;
  NodePtr node = std::move(entry->second);
  nodes_.erase(entry);
  return node;
}

void Catalog::freeze() {
  frozen_committed = false;
  for (auto& [number, node] : nodes_) {
    if (!node->linked || !node->file) continue;
    File& file = *node->file;
    const std::unique_lock lock(file.lock);
    if (!file.current) continue;
    LIFEBOAT_CHECK(!file.frozen);
    file.frozen = std::move(file.current);
  }
}

}  // namespace lifeboat::volume
