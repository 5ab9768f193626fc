#include "tree_model.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"

namespace lifeboat::fs_model {
namespace {

Node read_node(const Path& path) {
  struct stat attributes{};
  if (::lstat(path.c_str(), &attributes) != 0) fail_errno(format("lstat {}", path.string()), errno);
  Node node;
  node.mode = attributes.st_mode & 07777U;
  if (S_ISDIR(attributes.st_mode)) {
    node.type = NodeType::kDirectory;
  } else if (S_ISLNK(attributes.st_mode)) {
    node.type = NodeType::kSymlink;
    node.target = std::filesystem::read_symlink(path).string();
  } else {
    Bytes content = read_file(path);
    if (content.size() != static_cast<std::uint64_t>(attributes.st_size)) {
      fail(Code::kCorruption,
           format("{}: {} bytes read, {} by its attributes", path.string(), content.size(), attributes.st_size));
    }
    node.file = std::make_shared<FileModel>(std::move(content));
  }
  return node;
}

void read_into(Tree& tree, const Path& top, const std::string& prefix) {
  for (const std::string& name : list_directory(top / prefix)) {
    const std::string path = prefix.empty() ? name : format("{}/{}", prefix, name);
    const Node& node = tree[path] = read_node(top / path);
    if (node.type == NodeType::kDirectory) read_into(tree, top, path);
  }
}

std::optional<std::string> difference_in_shape(const Tree& wanted, const Tree& found) {
  for (const auto& [path, node] : wanted) {
    const auto there = found.find(path);
    if (there == found.end()) return path + ": missing";
    if (there->second.type != node.type) return path + ": of another type";
    if (node.type != NodeType::kSymlink && there->second.mode != node.mode) {
      return format("{}: mode {:o}, not {:o}", path, there->second.mode, node.mode);
    }
    if (there->second.target != node.target) return path + ": another target";
  }
  for (const auto& [path, node] : found) {
    if (!wanted.contains(path)) return path + ": not expected";
  }
  return std::nullopt;
}

std::optional<std::string> objection(const Tree& wanted, const Tree& found) {
  if (std::optional<std::string> why = difference_in_shape(wanted, found)) return why;
  for (const auto& [path, node] : wanted) {
    if (!node.file) continue;
    if (const auto why = node.file->objection(found.at(path).file->content())) return format("{}: {}", path, *why);
  }
  return std::nullopt;
}

}  // namespace

Tree read_tree(const Path& top) {
  Tree tree;
  read_into(tree, top, "");
  return tree;
}

void TreeModel::synced() {
  trees_.erase(trees_.begin(), trees_.end() - 1);
}

void TreeModel::take_over_after_crash(const Path& top) {
  Tree found = read_tree(top);
  std::string why_latest;
  for (auto each = trees_.rbegin(); each != trees_.rend(); ++each) {
    const std::optional<std::string> why = objection(*each, found);
    if (!why) {
      trees_ = {std::move(found)};
      return;
    }
    if (why_latest.empty() || !difference_in_shape(*each, found)) why_latest = *why;
  }
  fail(Code::kCorruption, format("{}: none of {} possible trees; {}", top.string(), trees_.size(), why_latest));
}

void TreeModel::compare(const Path& top) const {
  const Tree found = read_tree(top);
  if (const auto why = difference_in_shape(now(), found)) fail(Code::kCorruption, format("{}/{}", top.string(), *why));
  for (const auto& [path, node] : now()) {
    if (node.file && node.file->content() != found.at(path).file->content()) {
      fail(Code::kCorruption, format("{}/{}: content differs", top.string(), path));
    }
  }
}

}  // namespace lifeboat::fs_model
