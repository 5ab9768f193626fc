/// What ImageWriter and ChunkMapEditor share. Stays inside this part.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "vault/chunk_store.h"
#include "vault/image_writer.h"
#include "vault/marks.h"
#include "vault/node_reader.h"
#include "vault/session.h"

namespace lifeboat::vault {

struct ImageWriter::State {
  State(Vault& vault_in, ImageReader* parent_in, const WriterOptions& options);

  Vault& vault;
  ImageReader* parent;
  Session session;  ///< before the marks are read
  Hidden hidden;
  ReusablePacks packs;
  RecordWriter records;
  std::optional<DedupIndex> index;
  std::optional<NodeReader> own_nodes;  ///< without a parent
  NodeReader& nodes;
  ChunkReader chunks;
  ChunkStore store;
  std::map<std::string, std::optional<FileEntry>> changes;  ///< empty: removed
};

}  // namespace lifeboat::vault
