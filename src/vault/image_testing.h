/// For the tests of images: random trees of files on disk, and whether two directories are equal.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "vault/directory_walk.h"
#include "vault/types.h"
#include "vault/vault_testing.h"

namespace lifeboat::vault {

/// Content that compresses about twofold, as tables do; the same for the same seed.
class ContentMaker {
 public:
  explicit ContentMaker(std::uint32_t seed) : random_(seed) {}

  std::uint32_t any() { return static_cast<std::uint32_t>(random_()); }
  std::uint32_t below(std::size_t bound) { return any() % static_cast<std::uint32_t>(bound); }

  Bytes bytes(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i % 2 == 0 ? random_() : 'x');
    return out;
  }

 private:
  std::mt19937 random_;
};

inline void write_content(const Path& path, ByteView content) {
  make_directories(path.parent_path());
  const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  write_full(fd.get(), content, path.string());
}

inline void overwrite(const Path& path, std::uint64_t offset, ByteView content) {
  const UniqueFd fd = open_file(path, O_WRONLY);
  pwrite_full(fd.get(), content, offset, path.string());
}

/// Everything an image keeps of a directory, by path, with content in place of chunks.
struct TreeState {
  std::map<std::string, FileEntry> entries;
  std::map<std::string, Bytes> contents;
};

inline TreeState tree_state(const Path& root) {
  TreeState state;
  for (WalkedEntry& walked : walk_directory(root, {})) {
    const std::string path = walked.entry.path;
    if (walked.entry.type == FileType::kFile) state.contents[path] = read_file(root / path, std::size_t{256} << 20U);
    state.entries[path] = std::move(walked.entry);
  }
  return state;
}

inline void expect_equal_trees(const Path& a, const Path& b) {
  const TreeState left = tree_state(a);
  const TreeState right = tree_state(b);
  EXPECT_EQ(left.entries, right.entries);
  EXPECT_TRUE(left.contents == right.contents) << "contents differ";
}

/// A tree of files of awkward sizes, directories, links and holes.
inline void make_random_tree(const Path& root, ContentMaker& make, int files) {
  make_directories(root);
  for (int i = 0; i < files; ++i) {
    const Path directory = root / format("d{}", make.below(4)) / (make.below(2) == 0 ? "" : "d-1");
    const Path path = directory / format("f{}", i);
    switch (make.below(7)) {
      case 0:
        write_content(path, {});
        break;
      case 1:
        write_content(path, make.bytes(1 + make.below(5000)));
        break;
      case 2:
        write_content(path, make.bytes(std::size_t{kChunkBytes} * (1U + make.below(6))));
        break;
      case 3: {  // begins and ends with holes
        write_content(path, {});
        overwrite(path, std::uint64_t{1} << (18 + make.below(9)), make.bytes(10'000));
        std::filesystem::resize_file(path, std::filesystem::file_size(path) + make.below(1'000'000));
        break;
      }
      case 4: {  // zeros that are stored on disk
        Bytes content = make.bytes(300'000);
        std::fill(content.begin() + 50'000, content.begin() + 250'000, std::uint8_t{0});
        write_content(path, content);
        break;
      }
      case 5:
        make_directories(directory);
        std::filesystem::create_symlink(format("../target{}", i), path);
        break;
      default:
        write_content(path, make.bytes(make.below(2'000'000)));
        break;
    }
    if (!std::filesystem::is_symlink(path)) ::chmod(path.c_str(), 0600 + make.below(64));
  }
}

/// Keeps the local index of stored content out of the home directory, and of other tests.
class CacheInTempDir {
 public:
  CacheInTempDir() { ::setenv("LIFEBOAT_CACHE", directory_.path().c_str(), 1); }
  ~CacheInTempDir() { ::unsetenv("LIFEBOAT_CACHE"); }
  CacheInTempDir(const CacheInTempDir&) = delete;
  CacheInTempDir& operator=(const CacheInTempDir&) = delete;
  const Path& path() const { return directory_.path(); }

 private:
  TempDir directory_;
};

}  // namespace lifeboat::vault
