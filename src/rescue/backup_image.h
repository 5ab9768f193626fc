/// Makes an image of a backup's files while they come, with no copy of them anywhere else: content is compressed and
/// sealed by threads and goes into the vault's packs; what equals the parent image at the same place is stored once.
/// docs/internals/backup-stream.md tells what becomes of the stream's oddities.
///
/// Ownership: borrows vault and parent. Threads: one calls, others work behind. Memory: about 1 MiB for each open file
/// and each extent at work; a few hundred bytes a file. Errors: kCorruption for files that cannot be what they are
/// said to be, kUnsupported for backups of another kind, and the store's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rescue/backup_files.h"
#include "rescue/backup_stream.h"
#include "vault/image_reader.h"
#include "vault/image_writer.h"
#include "vault/import_pipeline.h"

namespace lifeboat::rescue {

class BackupImage : public BackupSink {
 public:
  /// `parent` may be null.
  BackupImage(vault::Vault& vault, vault::ImageReader* parent, int threads);
  ~BackupImage() override;

  void begin(const std::string& path, bool rewrite) override;
  void write(const std::string& path, std::uint64_t offset, ByteView content) override;
  void end(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& path) override;

  /// After the last file: everything that came, with the markers applied.
  const BackupFiles& settle();
  /// After settle().
  vault::ImageInfo publish(vault::ImageInfo describe);

 private:
  struct Incoming;

  Incoming& incoming(const std::string& path);
  void append(Incoming& file, std::uint64_t offset, ByteView content);
  void skip_to(Incoming& file, std::uint64_t offset);
  void push_tail(Incoming& file);
  void push_head(Incoming& file);
  void push(std::unique_ptr<vault::Extent> extent);
  void collect();
  void collect_all();
  void keep(Incoming& file);
  Bytes buffer();

  vault::ImageReader* parent_;
  vault::ImageWriter writer_;
  vault::ImportPipeline pipeline_;
  std::map<std::string, std::shared_ptr<Incoming>> open_;
  std::set<std::string> ending_;  ///< ended, and not all of it stored yet
  std::vector<Bytes> spare_;      ///< buffers to be used again: new ones cost page faults
  BackupFiles files_;
};

}  // namespace lifeboat::rescue
