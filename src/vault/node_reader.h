/// Tree nodes by their record, through a cache bounded in bytes. Nodes never change, so nothing is ever stale. Writers
/// put a node after its children, so where the store has latency, what lies before a node is fetched with it.
///
/// Ownership: borrows the vault. Threads: safe from any thread. Errors: kCorruption naming the record, kNotFound (its
/// pack is gone), and the store's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "vault/chunk_nodes.h"
#include "vault/directory_nodes.h"
#include "vault/records.h"
#include "vault/vault.h"

namespace lifeboat::vault {

/// No node's payload is larger; bounds what a reader takes memory for.
inline constexpr std::size_t kNodeBytesMax = std::size_t{1} << 20U;

class NodeReader {
 public:
  NodeReader(Vault& vault, std::size_t cache_bytes);
  ~NodeReader();
  NodeReader(const NodeReader&) = delete;
  NodeReader& operator=(const NodeReader&) = delete;

  /// Throws kCorruption if the node is not of this level.
  std::shared_ptr<const DirectoryNode> directory_node(const RecordRef& ref, std::uint8_t level);
  std::shared_ptr<const ChunkNode> chunk_node(const RecordRef& ref, std::uint8_t level);

  /// Where the store has latency, brings the records of these nodes nearer in few large gets, so that reading them next
  /// costs no get each. A hint: does nothing for a directory.
  void prefetch(std::span<const RecordRef> refs);

  RecordReader& records();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lifeboat::vault
