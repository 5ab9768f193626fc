#include "vault/directory_nodes.h"

#include <algorithm>

#include "base/error.h"
#include "vault/chunk_nodes.h"

namespace lifeboat::vault {

namespace {

/// What the shortest entry and the shortest child take, so that a count can be refused before memory is taken for it.
constexpr std::size_t kEntryBytesMin = 8;
constexpr std::size_t kChildBytesMin = 20;

std::size_t shared_prefix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

void encode_entry(Encoder& out, const FileEntry& entry, std::string_view before) {
  const std::size_t shared = shared_prefix(entry.path, before);
  out.varint(shared);
  out.text(std::string_view(entry.path).substr(shared));
  out.u8(static_cast<std::uint8_t>(entry.type));
  out.varint(entry.mode);
  out.varint(entry.uid);
  out.varint(entry.gid);
  out.svarint(entry.mtime_ns);
  if (entry.type == FileType::kFile) {
    out.varint(entry.size);
    encode_chunk_map(out, entry.chunks);
  } else if (entry.type == FileType::kSymlink) {
    out.text(entry.link_target);
  }
}

std::string decode_path(Decoder& in, std::string_view before) {
  const std::uint64_t shared = in.varint();
  if (shared > before.size()) in.bad("bad shared length of path");
  std::string path(before.substr(0, static_cast<std::size_t>(shared)));
  path += in.text(kPathBytesMax);
  if (!valid_path(path)) in.bad("illegal path");
  return path;
}

std::uint32_t decode_u32(Decoder& in) {
  const std::uint64_t value = in.varint();
  if (value > UINT32_MAX) in.bad("number too large");
  return static_cast<std::uint32_t>(value);
}

FileEntry decode_entry(Decoder& in, std::string_view before) {
  FileEntry entry;
  entry.path = decode_path(in, before);
  const std::uint8_t type = in.u8();
  if (type < 1 || type > 3) in.bad("unknown type of entry");
  entry.type = static_cast<FileType>(type);
  entry.mode = decode_u32(in);
  if (entry.mode > 07777) in.bad("bad mode");
  entry.uid = decode_u32(in);
  entry.gid = decode_u32(in);
  entry.mtime_ns = in.svarint();
  if (entry.type == FileType::kFile) {
    entry.size = in.varint();
    if (entry.size > kFileBytesMax) in.bad("file too large");
    entry.chunks = decode_chunk_map(in);
    if (entry.chunks.inline_chunks.size() > chunk_count(entry.size)) in.bad("more chunks than the file has");
  } else if (entry.type == FileType::kSymlink) {
    entry.link_target = in.text(kPathBytesMax);
    if (entry.link_target.empty() || entry.link_target.contains('\0')) in.bad("illegal link target");
  }
  return entry;
}

}  // namespace

bool valid_path(std::string_view path) {
  if (path.empty() || path.size() > kPathBytesMax || path.contains('\0')) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::size_t DirectoryNode::memory_bytes() const {
  std::size_t bytes = sizeof(*this);
  for (const FileEntry& entry : entries) {
    bytes += sizeof(entry) + entry.path.size() + entry.link_target.size() +
             entry.chunks.inline_chunks.size() * sizeof(ChunkRef);
  }
  for (const DirectoryChild& child : children) bytes += sizeof(child) + child.first_path.size();
  return bytes;
}

Bytes encode_directory_node(const DirectoryNode& node) {
  LIFEBOAT_CHECK(node.level <= kDirectoryLevelMax);
  LIFEBOAT_CHECK(node.level == 0 ? node.children.empty() : node.entries.empty());
  Encoder out;
  out.u8(node.level);
  out.varint(node.level == 0 ? node.entries.size() : node.children.size());
  std::string_view before;
  for (const FileEntry& entry : node.entries) {
    encode_entry(out, entry, before);
    before = entry.path;
  }
  for (const DirectoryChild& child : node.children) {
    out.text(child.first_path);
    encode_record_ref(out, child.record);
  }
  return out.take();
}

DirectoryNode decode_directory_node(ByteView payload, std::string_view what) {
  Decoder in(payload, what);
  DirectoryNode node;
  node.level = in.u8();
  if (node.level > kDirectoryLevelMax) in.bad("bad level of directory node");
  if (node.level == 0) {
    const std::size_t count = in.count(kEntryBytesMin);
    node.entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view before = i == 0 ? std::string_view() : std::string_view(node.entries.back().path);
      FileEntry entry = decode_entry(in, before);
      if (i > 0 && entry.path <= before) in.bad("paths out of order");
      node.entries.push_back(std::move(entry));
    }
  } else {
    const std::size_t count = in.count(kChildBytesMin);
    if (count == 0) in.bad("an inner node without children");
    node.children.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      DirectoryChild child;
      child.first_path = in.text(kPathBytesMax);
      if (!valid_path(child.first_path)) in.bad("illegal path");
      if (i > 0 && child.first_path <= node.children.back().first_path) in.bad("paths out of order");
      child.record = decode_record_ref(in);
      node.children.push_back(std::move(child));
    }
  }
  in.expect_end();
  return node;
}

}  // namespace lifeboat::vault
