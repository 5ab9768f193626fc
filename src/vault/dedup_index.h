/// Where content lies that this host stored or met before: a bounded local file, digest → plain chunk, so that content
/// equal to some other place's is stored once. A hint only: correctness never depends on it. A damaged, foreign or
/// absent file is started anew, and an error of the local disk turns it off.
///
/// Threads and processes: safe from any number of both; an update may be lost, a torn entry is not believed (each has a
/// checksum). Memory: none to speak of.
#pragma once

#include <atomic>
#include <optional>

#include "base/file.h"
#include "vault/types.h"
#include "vault/vault.h"

namespace lifeboat::vault {

inline constexpr std::size_t kDedupIndexBytes = std::size_t{32} << 20U;  ///< 690,000 chunks, 84 GiB of content

/// $LIFEBOAT_CACHE, else $XDG_CACHE_HOME/lifeboat, else ~/.cache/lifeboat; then the vault's cache name.
Path cache_directory(const Vault& vault);

class DedupIndex {
 public:
  /// Opens or makes `directory`/dedup.
  DedupIndex(const Path& directory, const Id& vault_id, std::size_t bytes = kDedupIndexBytes);

  std::optional<ChunkRef> find(const Digest& digest);
  /// Of a plain chunk. Replaces what is known of the same digest, else an empty place, else some other entry.
  void insert(const ChunkRef& ref);

 private:
  struct Bucket;
  bool read_bucket(const Digest& digest, Bucket& bucket);
  std::uint64_t bucket_offset(const Digest& digest) const;
  void turn_off(std::string_view why);

  UniqueFd fd_;
  Id vault_id_;
  std::uint64_t buckets_;
  std::atomic<bool> usable_{false};
};

}  // namespace lifeboat::vault
