// The file is a header page and then buckets of one page: 85 entries of 48 bytes. A digest's bucket is fixed, its place
// in the bucket is not. An entry is digest, pack id, u32 offset, u32 length, and the first 8 bytes of
// SHA-256(vault id ‖ all before).
#include "vault/dedup_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "codec/hash.h"

namespace lifeboat::vault {

namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::string_view kMagic = "LBDEDUP1";

struct Entry {
  Digest digest;
  Id pack;
  std::uint32_t offset;
  std::uint32_t length;
  std::array<std::uint8_t, 8> checksum;
};
static_assert(sizeof(Entry) == 48 && std::is_trivially_copyable_v<Entry>);

std::array<std::uint8_t, 8> checksum_of(const Entry& entry, const Id& vault_id) {
  const ByteView covered(reinterpret_cast<const std::uint8_t*>(&entry), offsetof(Entry, checksum));
  const codec::Hash256 hash = codec::sha256({vault_id, covered});
  std::array<std::uint8_t, 8> checksum{};
  std::copy_n(hash.begin(), checksum.size(), checksum.begin());
  return checksum;
}

Bytes make_header(const Id& vault_id, std::uint64_t buckets) {
  Encoder header;
  header.raw(kMagic);
  header.raw(vault_id);
  header.u64(buckets);
  return header.take();
}

/// Puts an empty index in place of whatever is there. Others that have the old file open go on with that.
void make_file(const Path& path, ByteView header, std::uint64_t bytes) {
  const Path temporary = format("{}.tmp-{}", path.string(), random_hex(6));
  const UniqueFd fd = open_file(temporary, O_RDWR | O_CREAT | O_EXCL);
  pwrite_full(fd.get(), header, 0, temporary.string());
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail_errno(format("make {}", path.string()), error);
  }
}

bool is_index(int fd, ByteView header, std::uint64_t bytes) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || static_cast<std::uint64_t>(info.st_size) != bytes) return false;
  Bytes found(header.size());
  return pread_full(fd, found, 0, "dedup index") == found.size() && std::ranges::equal(found, header);
}

}  // namespace

struct DedupIndex::Bucket {
  std::array<Entry, kPageBytes / sizeof(Entry)> entries;
};

Path cache_directory(const Vault& vault) {
  const auto set = [](const char* name) -> const char* {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
  };
  Path root = "/var/cache/lifeboat";
  if (const char* own = set("LIFEBOAT_CACHE")) {
    root = own;
  } else if (const char* xdg = set("XDG_CACHE_HOME")) {
    root = Path(xdg) / "lifeboat";
  } else if (const char* home = set("HOME")) {
    root = Path(home) / ".cache/lifeboat";
  }
  return root / vault.cache_name();
}

DedupIndex::DedupIndex(const Path& directory, const Id& vault_id, std::size_t bytes)
    : vault_id_(vault_id), buckets_(std::max<std::size_t>(bytes / kPageBytes, 2) - 1) {
  try {
    const Path path = directory / "dedup";
    const Bytes header = make_header(vault_id, buckets_);
    const std::uint64_t size = (buckets_ + 1) * kPageBytes;
    make_directories(directory);
    fd_ = find_file(path, O_RDWR);
    if (!fd_.valid() || !is_index(fd_.get(), header, size)) {
      make_file(path, header, size);
      fd_ = open_file(path, O_RDWR);
    }
    usable_ = true;
  } catch (const std::exception& e) {
    turn_off(e.what());
  }
}

void DedupIndex::turn_off(std::string_view why) {
  usable_ = false;
  log::debug("working without the index of content stored elsewhere: {}", why);
}

std::uint64_t DedupIndex::bucket_offset(const Digest& digest) const {
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return (1 + hash % buckets_) * kPageBytes;
}

bool DedupIndex::read_bucket(const Digest& digest, Bucket& bucket) {
  if (!usable_) return false;
  const ByteSpan bytes(reinterpret_cast<std::uint8_t*>(&bucket), sizeof(bucket));
  try {
    return pread_full(fd_.get(), bytes, bucket_offset(digest), "dedup index") == bytes.size();
  } catch (const std::exception& e) {
    turn_off(e.what());
    return false;
  }
}

std::optional<ChunkRef> DedupIndex::find(const Digest& digest) {
  Bucket bucket;
  if (!read_bucket(digest, bucket)) return std::nullopt;
  for (const Entry& entry : bucket.entries) {
    if (entry.digest != digest || entry.checksum != checksum_of(entry, vault_id_)) continue;
    return ChunkRef{ChunkKind::kPlain, {entry.pack, entry.offset, entry.length}, {}, digest};
  }
  return std::nullopt;
}

void DedupIndex::insert(const ChunkRef& ref) {
  LIFEBOAT_CHECK(ref.kind == ChunkKind::kPlain);
  Bucket bucket;
  if (!read_bucket(ref.digest, bucket)) return;
  const auto of_digest = [&](const Digest& digest) {
    return std::ranges::find(bucket.entries, digest, &Entry::digest);
  };
  auto place = of_digest(ref.digest);
  if (place == bucket.entries.end()) place = of_digest(Digest{});
  if (place == bucket.entries.end()) place = bucket.entries.begin() + ref.digest.back() % bucket.entries.size();
  Entry entry{ref.digest, ref.record.pack, ref.record.offset, ref.record.length, {}};
  entry.checksum = checksum_of(entry, vault_id_);
  const auto index = static_cast<std::uint64_t>(place - bucket.entries.begin());
  try {
    pwrite_full(fd_.get(), {reinterpret_cast<const std::uint8_t*>(&entry), sizeof(entry)},
                bucket_offset(ref.digest) + index * sizeof(Entry), "dedup index");
  } catch (const std::exception& e) {
    turn_off(e.what());
  }
}

}  // namespace lifeboat::vault
