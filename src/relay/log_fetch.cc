#include "relay/log_fetch.h"

#include <fcntl.h>

#include <algorithm>

#include "base/cancel.h"
#include "base/error.h"

namespace lifeboat::relay {

SealedFileFetch::SealedFileFetch(vault::Vault& vault, std::vector<vault::ListedLogPart> parts, Path path,
                                 std::set<std::string>& damaged)
    : vault_(vault),
      parts_(std::move(parts)),
      cover_(vault::cover_log_file(parts_)),
      known_end_(cover_.known_end),
      path_(std::move(path)),
      out_(open_file(path_, O_RDWR | O_CREAT | O_TRUNC)),
      damaged_(damaged) {}

bool SealedFileFetch::step() {
  for (;;) {
    const auto next = std::ranges::find_if(
        cover_.parts, [this](const vault::ListedLogPart& part) { return part.name.end > written_; });
    if (next == cover_.parts.end()) return false;
    const vault::LogPartName name = next->name;
    try {
      write(name, vault::read_log_part(vault_, name));
      return true;
    } catch (const Exception& e) {
      if (e.code() != Code::kCorruption && e.code() != Code::kNotFound) throw;
    }
    do_without(name);
  }
}

vault::LogCover SealedFileFetch::cover() const {
  vault::LogCover cover = cover_;
  cover.known_end = known_end_;
  return cover;
}

/// Another part may hold the same bytes.
void SealedFileFetch::do_without(const vault::LogPartName& name) {
  if (!vault_.store().find(vault::log_part_object(name))) {  // a relay at work has replaced it by a larger one
    parts_ = vault::list_log_parts(vault_, name.stream);
    std::erase_if(parts_, [&](const vault::ListedLogPart& part) { return part.name.file != name.file; });
  } else {
    damaged_.insert(vault::log_part_object(name));
  }
  std::erase_if(parts_,
                [&](const vault::ListedLogPart& part) { return damaged_.contains(vault::log_part_object(part.name)); });
  cover_ = vault::cover_log_file(parts_);
  known_end_ = std::max(known_end_, cover_.known_end);
}

void SealedFileFetch::write(const vault::LogPartName& name, const vault::LogPart& part) {
  if (codec::sha256(part.content) != decode_log_part_record(part.metadata).hash) {
    fail(Code::kCorruption, format("{}: is not what its relay read", vault::log_part_object(name)));
  }
  const std::uint64_t from = std::max(written_, name.begin);
  pwrite_full(out_.get(), ByteView(part.content).subspan(static_cast<std::size_t>(from - name.begin)), from,
              path_.string());
  written_ = name.end;
}

vault::LogCover fetch_sealed_file(vault::Vault& vault, const SealedFile& file, const Path& path,
                                  std::set<std::string>& damaged, Progress* progress) {
  SealedFileFetch fetch(vault, file.parts, path, damaged);
  for (std::uint64_t before = 0; fetch.step(); before = fetch.written()) {
    throw_if_cancelled();
    if (progress != nullptr) progress->add(fetch.written() - before);
  }
  fetch.sync();
  return fetch.cover();
}

}  // namespace lifeboat::relay
