/// For the tests of housekeeping: small images that share as much as the test wants, and whether one is whole.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "vault/format.h"
#include "vault/image_reader.h"
#include "vault/image_testing.h"
#include "vault/image_writer.h"

namespace lifeboat::vault {

/// The content of chunk `index` of the file made from `seed`.
inline Bytes test_chunk(std::uint32_t seed, std::uint64_t index) {
  return ContentMaker(seed * 1000 + static_cast<std::uint32_t>(index)).bytes(kChunkBytes);
}

/// One file per seed, `db/t<seed>.ibd`, each of `chunks` chunks. Equal seeds mean equal content.
struct TestImage {
  std::vector<std::uint32_t> seeds;
  std::uint64_t chunks = 6;  ///< more than fit inline, so that there are chunk nodes
  std::string origin = "test";
};

inline std::string test_path(std::uint32_t seed) {
  return format("db/t{}.ibd", seed);
}

inline void put_test_file(ImageWriter& writer, ImageReader* parent, std::uint32_t seed, std::uint64_t chunks) {
  FileEntry entry{.path = test_path(seed), .size = chunks * kChunkBytes};
  const auto previous = parent != nullptr ? parent->find(entry.path) : std::nullopt;
  ChunkMapEditor editor(writer, previous ? previous->chunks : ChunkMap{}, previous ? chunk_count(previous->size) : 0);
  for (std::uint64_t i = 0; i < chunks; ++i) {
    editor.set(i, writer.store_chunk(test_chunk(seed, i), editor.previous(i)));
  }
  entry.chunks = editor.finish(chunks);
  writer.put_entry(std::move(entry));
}

inline ImageName make_image(Vault& vault, const TestImage& image, const ImageName& parent = {}) {
  std::optional<ImageReader> reader;
  if (!parent.empty()) reader.emplace(vault, parent);
  ImageWriter writer(vault, reader ? &*reader : nullptr);
  writer.put_entry({.path = "db", .type = FileType::kDirectory, .mode = 0700});
  for (const std::uint32_t seed : image.seeds) put_test_file(writer, reader ? &*reader : nullptr, seed, image.chunks);
  ImageInfo info;
  info.origin = image.origin;
  return writer.publish(info, false).name;
}

/// Reads every byte of every file and compares it with what was put.
inline void expect_whole(Vault& vault, const ImageName& name) {
  ImageReader reader(vault, name);
  reader.for_each_entry([&](const FileEntry& entry) {
    if (entry.type != FileType::kFile) return;
    const auto seed = static_cast<std::uint32_t>(std::stoul(entry.path.substr(std::string("db/t").size())));
    Bytes content(kChunkBytes);
    for (std::uint64_t i = 0; i < chunk_count(entry.size); ++i) {
      reader.read_chunk(reader.chunk(entry, i), content);
      EXPECT_TRUE(content == test_chunk(seed, i)) << name << " " << entry.path << " chunk " << i;
    }
  });
}

inline std::vector<std::string> object_names(Vault& vault, std::string_view prefix) {
  std::vector<std::string> names;
  vault.store().list(prefix, [&](const store::ObjectInfo& object) { names.push_back(object.name); });
  return names;
}

}  // namespace lifeboat::vault
