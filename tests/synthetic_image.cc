// Makes and measures images far larger than any disk at hand: one file whose every chunk is there, of content that
// repeats. Used by acceptance/vault-4.
//
//   synthetic_image make   URL PASSPHRASE_FILE BYTES        prints {"image","seconds","peak_bytes"}
//   synthetic_image open   URL PASSPHRASE_FILE IMAGE        … opened, listed and read at random places
//   synthetic_image commit URL PASSPHRASE_FILE IMAGE PAGES  … with so many 16 KiB pages changed, as the next image
#include <sys/resource.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/units.h"
#include "vault/image_reader.h"
#include "vault/image_writer.h"

namespace lifeboat::vault {
namespace {

constexpr std::string_view kPath = "db/blobs.ibd";
/// So many that no two chunks of a leaf are equal.
constexpr std::size_t kDistinctChunks = 1024;
constexpr std::uint32_t kBlocksPerPage = 4;
constexpr int kRandomReads = 100;

using Random = std::mt19937_64;

Bytes random_content(Random& random) {
  Bytes content(kChunkBytes);
  for (std::size_t i = 0; i < content.size(); i += 2) content[i] = static_cast<std::uint8_t>(random());
  return content;
}

ImageName make(Vault& vault, std::uint64_t bytes) {
  Random random(1);
  ImageWriter writer(vault, nullptr, {.use_dedup_index = false});
  std::vector<ChunkRef> refs;
  for (std::size_t i = 0; i < kDistinctChunks; ++i) refs.push_back(writer.store_chunk(random_content(random), {}));
  writer.put_entry({.path = std::string(kPath.substr(0, kPath.find('/'))), .type = FileType::kDirectory, .mode = 0755});
  FileEntry file;
  file.path = kPath;
  file.mode = 0640;
  file.size = bytes;
  ChunkMapEditor chunks(writer, {}, 0);
  for (std::uint64_t i = 0; i < chunk_count(bytes); ++i) chunks.set(i, refs[i % refs.size()]);
  file.chunks = chunks.finish(chunk_count(bytes));
  writer.put_entry(std::move(file));
  ImageInfo info;
  info.origin = "synthetic";
  return writer.publish(info, false).name;
}

void open(Vault& vault, const ImageName& name) {
  Random random(2);
  ImageReader image(vault, name);
  const FileEntry file = image.find(kPath).value();
  Bytes content(kChunkBytes);
  for (int i = 0; i < kRandomReads; ++i) {
    const ChunkRef ref = image.chunk(file, random() % chunk_count(file.size));
    if (ref.kind == ChunkKind::kHole) fail(Code::kCorruption, "a chunk is missing");
    image.read_chunk(ref, content);
  }
}

ImageName commit(Vault& vault, const ImageName& name, std::uint64_t pages) {
  Random random(std::random_device{}());
  ImageReader parent(vault, name);
  FileEntry file = parent.find(kPath).value();
  const std::uint64_t count = chunk_count(file.size);
  ImageWriter writer(vault, &parent);
  ChunkMapEditor chunks(writer, file.chunks, count);
  Bytes page(std::size_t{kBlocksPerPage} * kBlockBytes);
  const ChunkSource source{.current =
                               [&](std::uint32_t block) {
                                 return ByteView(page).subspan(std::size_t{block % kBlocksPerPage} * kBlockBytes,
                                                               kBlockBytes);
                               },
                           .previous = {}};
  for (std::uint64_t i = 0; i < pages; ++i) {
    for (std::uint8_t& byte : page) byte = static_cast<std::uint8_t>(random());
    const std::uint64_t index = count * i / pages;
    const BlockMask dirty = 0xfU << (random() % (kBlocksPerChunk / kBlocksPerPage) * kBlocksPerPage);
    chunks.set(index, writer.update_chunk(dirty, source, chunks.previous(index)));
  }
  file.chunks = chunks.finish(count);
  writer.put_entry(std::move(file));
  return writer.publish({}, true).name;
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 4) fail(Code::kUsage, "usage: synthetic_image make|open|commit URL PASSPHRASE_FILE …");
  const Stopwatch watch;
  const auto vault = Vault::open(store::open_store(words[1]), {codec::Secret(read_secret_file(words[2]))});
  ImageName image = words[3];
  if (words[0] == "make") {
    image = make(*vault, parse_size(words[3]));
  } else if (words[0] == "open") {
    open(*vault, image);
  } else if (words[0] == "commit" && words.size() == 5) {
    image = commit(*vault, image, parse_size(words[4]));
  } else {
    fail(Code::kUsage, "usage: synthetic_image make|open|commit URL PASSPHRASE_FILE …");
  }
  const double seconds = watch.seconds();
  struct rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const json::object result{{"image", image}, {"seconds", seconds}, {"peak_bytes", usage.ru_maxrss * 1024}};
  std::printf("%s\n", json::serialize(result).c_str());
  return 0;
}

}  // namespace
}  // namespace lifeboat::vault

int main(int argc, char** argv) {
  try {
    return lifeboat::vault::run({argv + 1, argv + argc});
  } catch (...) {
    const lifeboat::Error error = lifeboat::current_error();
    std::fprintf(stderr, "synthetic_image: %s\n", error.text().c_str());
    return lifeboat::exit_status(error.code);
  }
}
