/// Puts the changes of a snapshot into an image writer: for each changed chunk only what changed is read, from the
/// frozen layer and, for the delta, from the base. Two threads; memory: one batch of chunk references and a few chunks.
#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include "vault/image_writer.h"
#include "volume/snapshot.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

class CommitUpload {
 public:
  CommitUpload(Volume::State& state, vault::ImageReader& parent, vault::ImageWriter& writer, CommitProgress& progress)
      : state_(state), parent_(parent), writer_(writer), progress_(progress) {}
  CommitUpload(const CommitUpload&) = delete;
  CommitUpload& operator=(const CommitUpload&) = delete;

  void run(const Snapshot& snapshot);

 private:
  struct OpenFile {
    const ChangedEntry* changed = nullptr;
    vault::FileEntry previous;
    std::unique_ptr<vault::ChunkMapEditor> editor;  ///< null: done
  };
  /// One step of a file's new chunk map, or, with `ends`, its end.
  struct Step {
    OpenFile* file = nullptr;
    std::uint64_t chunk = 0;
    std::uint64_t clear_to = 0;  ///< not 0: chunks up to here are holes now
    BlockMask dirty = 0;
    std::uint32_t written = 0;  ///< of the dirty blocks: those that were written, not only cut off
    bool ends = false;
    vault::ChunkRef previous;
    vault::ChunkRef stored;
  };

  void add_file(const ChangedEntry& changed);
  void add_steps(OpenFile& file, const Layer& frozen);
  void add(const Step& step);
  void flush();
  void store_chunks();

  Volume::State& state_;
  vault::ImageReader& parent_;
  vault::ImageWriter& writer_;
  CommitProgress& progress_;
  std::list<OpenFile> files_;
  std::vector<Step> steps_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace lifeboat::volume
