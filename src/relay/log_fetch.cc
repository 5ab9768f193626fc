#include "relay/log_fetch.h"

#include <fcntl.h>

#include <algorithm>

#include "base/cancel.h"
#include "base/error.h"

namespace lifeboat::relay {
namespace {

class Fetch {
 public:
  Fetch(vault::Vault& vault, const Path& path, std::set<std::string>& damaged, Progress* progress)
      : vault_(vault),
        path_(path),
        out_(open_file(path, O_RDWR | O_CREAT | O_TRUNC)),
        damaged_(damaged),
        progress_(progress) {}

  vault::LogCover run(std::vector<vault::ListedLogPart> parts) {
    std::uint64_t known_end = 0;
    for (;;) {
      vault::LogCover cover = vault::cover_log_file(parts);
      known_end = std::max(known_end, cover.known_end);
      const auto bad = write_parts(cover);
      if (!bad) {
        sync_file(out_.get(), path_.string());
        cover.known_end = known_end;
        return cover;
      }
      const std::string name = vault::log_part_object(*bad);
      if (!vault_.store().find(name)) {
        parts = listed_anew(*bad);  // a relay at work has replaced it by a larger one
      } else {
        damaged_.insert(name);
      }
      // Another part may hold the same bytes.
      std::erase_if(parts, [&](const vault::ListedLogPart& part) {
        return damaged_.contains(vault::log_part_object(part.name));
      });
    }
  }

 private:
  std::vector<vault::ListedLogPart> listed_anew(const vault::LogPartName& of) {
    std::vector<vault::ListedLogPart> parts = vault::list_log_parts(vault_, of.stream);
    std::erase_if(parts, [&](const vault::ListedLogPart& part) { return part.name.file != of.file; });
    return parts;
  }

  /// The first part that can't be read.
  std::optional<vault::LogPartName> write_parts(const vault::LogCover& cover) {
    for (const vault::ListedLogPart& part : cover.parts) {
      throw_if_cancelled();
      if (part.name.end <= written_) continue;
      try {
        write(part.name, vault::read_log_part(vault_, part.name));
      } catch (const Exception& e) {
        if (e.code() != Code::kCorruption && e.code() != Code::kNotFound) throw;
        return part.name;
      }
    }
    return std::nullopt;
  }

  void write(const vault::LogPartName& name, const vault::LogPart& part) {
    if (codec::sha256(part.content) != decode_log_part_record(part.metadata).hash) {
      fail(Code::kCorruption, format("{}: is not what its relay read", vault::log_part_object(name)));
    }
    const std::uint64_t from = std::max(written_, name.begin);
    pwrite_full(out_.get(), ByteView(part.content).subspan(static_cast<std::size_t>(from - name.begin)), from,
                path_.string());
    if (progress_ != nullptr) progress_->add(name.end - from);
    written_ = name.end;
  }

  vault::Vault& vault_;
  const Path& path_;
  UniqueFd out_;
  std::set<std::string>& damaged_;
  Progress* progress_;
  std::uint64_t written_ = 0;
};

}  // namespace

vault::LogCover fetch_sealed_file(vault::Vault& vault, const SealedFile& file, const Path& path,
                                  std::set<std::string>& damaged, Progress* progress) {
  return Fetch(vault, path, damaged, progress).run(file.parts);
}

}  // namespace lifeboat::relay
