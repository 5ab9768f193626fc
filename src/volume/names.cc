/// The name space of a volume: looking up, making, removing and renaming. Every change is applied to the catalog and
/// appended to the journal under the catalog's lock, so that the journal has them in the order they took effect.
#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "base/error.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kLinkTargetBytesMax = 4095;

Attributes attributes_of(const Node& node) {
  return {.inode = node.number,
          .type = node.type,
          .mode = node.mode,
          .uid = node.uid,
          .gid = node.gid,
          .links = node.linked ? 1U : 0U,
          .mtime_ns = node.mtime_ns,
          .size = node.type == vault::FileType::kSymlink ? node.link_target.size() : node.size.load(),
          .blocks_512 = (node.size + 511) / 512};
}

void check_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name == "." || name == ".." ||
      name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos) {
    fail(Code::kUsage, format("\"{}\": not a file name", name));
  }
}

Node& child_or_fail(Catalog& catalog, Node& directory, std::string_view name) {
  Node* child = catalog.child(directory, name);
  if (child == nullptr) {
    fail(Code::kNotFound, format("{}/{}: no such file or directory", catalog.path(directory), name));
  }
  return *child;
}

/// A directory that was removed while open can be asked, but nothing can be made in it.
Node& linked_directory(Catalog& catalog, InodeNumber number) {
  Node& directory = catalog.directory(number);
  if (!directory.linked) fail(Code::kNotFound, format("inode {}: the directory was removed", number));
  return directory;
}

/// What `replaced` must be like for `node` to take its name.
void check_replaceable(const Catalog& catalog, const Node& node, const Node& replaced) {
  const bool directory = replaced.type == vault::FileType::kDirectory;
  if (directory != (node.type == vault::FileType::kDirectory)) {
    fail(Code::kUsage, format("{}: a directory and a file cannot replace each other", catalog.path(replaced)));
  }
  if (!replaced.children.empty()) fail(Code::kConflict, format("{}: directory not empty", catalog.path(replaced)));
}

void set_directory_time(Node& directory) {
  directory.mtime_ns = clock_ns();
}

}  // namespace

Attributes Volume::lookup(InodeNumber parent, std::string_view name) {
  const std::shared_lock lock(state_->catalog.mutex);
  return attributes_of(child_or_fail(state_->catalog, state_->catalog.directory(parent), name));
}

Attributes Volume::attributes(InodeNumber inode) {
  const NodePtr node = state_->catalog.get(inode);
  const std::shared_lock lock(state_->catalog.mutex);
  return attributes_of(*node);
}

Attributes Volume::set_attributes(InodeNumber inode, const AttributeChange& change) {
  State& state = *state_;
  if (change.size) {
    if (*change.size > kFileBytesMax) fail(Code::kUsage, "file size out of range");
    const auto [node, file] = state.catalog.file(inode);
    const State::Change guard(state);
    const std::unique_lock lock(file->lock);
    state.resize(*file, *change.size);
  }
  const NodePtr node = state.catalog.get(inode);
  const State::Change guard(state);
  const std::unique_lock lock(state.catalog.mutex);
  if (change.mode) node->mode = *change.mode & 07777U;
  if (change.uid) node->uid = *change.uid;
  if (change.gid) node->gid = *change.gid;
  if (change.mtime_ns) node->mtime_ns = *change.mtime_ns;
  if (change.mode || change.uid || change.gid || change.mtime_ns) {
    state.catalog.touch(*node);
    state.append(AttributesRecord{inode, node->mode, node->uid, node->gid, node->mtime_ns});
  }
  return attributes_of(*node);
}

Attributes Volume::create(InodeNumber parent, std::string_view name, vault::FileType type, std::uint32_t mode,
                          std::uint32_t uid, std::uint32_t gid, std::string_view link_target) {
  State& state = *state_;
  check_name(name);
  if (link_target.size() > kLinkTargetBytesMax) fail(Code::kUsage, format("{}: link target too long", name));
  const State::Change change(state);
  const std::unique_lock lock(state.catalog.mutex);
  Node& directory = linked_directory(state.catalog, parent);
  if (state.catalog.child(directory, name) != nullptr) {
    fail(Code::kExists, format("{}/{}: exists already", state.catalog.path(directory), name));
  }
  const NodeRecord record{.inode = state.catalog.take_inode_number(),
                          .parent = parent,
                          .name = std::string(name),
                          .type = type,
                          .mode = mode & 07777U,
                          .uid = uid,
                          .gid = gid,
                          .mtime_ns = clock_ns(),
                          .size = 0,
                          .link_target = std::string(link_target),
                          .changed = true,
                          .image_path = {},
                          .image_size = 0};
  state.append(record);
  state.catalog.add(record);
  set_directory_time(directory);
  return attributes_of(*state.catalog.child(directory, name));
}

void Volume::State::unlink(Node& node, JournalPosition position) {
  catalog.unlink(node);
  if (node.opens == 0) forget(node.number, position);
}

void Volume::State::forget(InodeNumber inode, JournalPosition position) {
  const NodePtr node = catalog.forget(inode);
  if (node && node->file) drop_content(*node->file, position);
}

void Volume::remove(InodeNumber parent, std::string_view name, bool directory) {
  State& state = *state_;
  const State::Change change(state);
  const std::unique_lock lock(state.catalog.mutex);
  Node& holder = state.catalog.directory(parent);
  Node& node = child_or_fail(state.catalog, holder, name);
  if (directory != (node.type == vault::FileType::kDirectory)) {
    fail(Code::kUsage, format("{}: {}", state.catalog.path(node), directory ? "not a directory" : "is a directory"));
  }
  if (!node.children.empty()) fail(Code::kConflict, format("{}: directory not empty", state.catalog.path(node)));
  state.unlink(node, state.append(RemoveRecord{node.number}));
  set_directory_time(holder);
}

void Volume::rename(InodeNumber parent, std::string_view name, InodeNumber new_parent, std::string_view new_name,
                    bool no_replace) {
  State& state = *state_;
  check_name(new_name);
  const State::Change change(state);
  const std::unique_lock lock(state.catalog.mutex);
  Node& from = state.catalog.directory(parent);
  Node& to = linked_directory(state.catalog, new_parent);
  Node& node = child_or_fail(state.catalog, from, name);
  Node* replaced = state.catalog.child(to, new_name);
  if (replaced != nullptr && no_replace) {
    fail(Code::kExists, format("{}: exists already", state.catalog.path(*replaced)));
  }
  if (replaced == &node) return;
  for (const Node* up = &to; up != nullptr; up = up->parent) {
    if (up == &node) fail(Code::kUsage, format("{}: cannot move into itself", state.catalog.path(node)));
  }
  if (replaced != nullptr) check_replaceable(state.catalog, node, *replaced);
  const JournalPosition position = state.append(RenameRecord{node.number, new_parent, std::string(new_name)});
  if (replaced != nullptr) state.unlink(*replaced, position);
  state.catalog.move(node, to, new_name);
  set_directory_time(from);
  set_directory_time(to);
}

std::vector<DirectoryEntry> Volume::list(InodeNumber directory) {
  const std::shared_lock lock(state_->catalog.mutex);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : state_->catalog.directory(directory).children) {
    entries.push_back({name, node->number, node->type});
  }
  return entries;
}

std::string Volume::read_link(InodeNumber inode) {
  const NodePtr node = state_->catalog.get(inode);
  if (node->type != vault::FileType::kSymlink) fail(Code::kUsage, format("inode {}: not a symbolic link", inode));
  return node->link_target;
}

void Volume::opened(InodeNumber inode) {
  const std::shared_lock lock(state_->catalog.mutex);
  const NodePtr node = state_->catalog.find_locked(inode);
  if (!node) fail(Code::kNotFound, format("inode {}: no such file", inode));
  ++node->opens;
}

void Volume::closed(InodeNumber inode) {
  State& state = *state_;
  NodePtr node;
  File* file = nullptr;
  {
    const std::shared_lock lock(state.catalog.mutex);
    node = state.catalog.find_locked(inode);
    if (!node || --node->opens != 0) return;
    file = node->file.get();
  }
  if (file != nullptr) state.close_idle(*node, *file);
  const std::shared_lock guard(state.gate);
  const std::unique_lock lock(state.catalog.mutex);
  if (!node->linked && node->opens == 0) state.forget(inode, state.journal->position());
}

}  // namespace lifeboat::volume
