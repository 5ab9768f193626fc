#include "relay/index_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

namespace lifeboat::relay {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10U;

}  // namespace

Path index_path(const Path& log_file) {
  return log_file.parent_path() / "index" / log_file.filename();
}

std::uint64_t read_index(const Path& index, const IndexOwner& owner,
                         const std::function<bool(const IndexEntry&)>& on_entry) {
  const UniqueFd file = find_file(index, O_RDONLY);
  if (!file.valid()) return 0;
  Bytes buffer(kBufferBytes);
  std::size_t held = pread_full(file.get(), buffer, 0, index.string());
  if (decode_index_head(ByteView(buffer).first(held)) != owner) return 0;
  std::uint64_t good = kIndexHeadBytes;
  std::uint64_t begin = 0;  // of the buffer, in the file
  std::vector<IndexEntry> entries;
  std::uint64_t last = 0;
  for (;;) {
    entries.clear();
    const ByteView rest = ByteView(buffer).first(held).subspan(static_cast<std::size_t>(good - begin));
    std::size_t size = 0;
    try {
      size = decode_index_block(rest, entries);
    } catch (const Exception& e) {
      if (e.code() != Code::kCorruption) throw;
      return good;
    }
    if (size == 0) {
      if (begin == good) return good;  // a whole buffer from here on, and no block in it
      begin = good;
      held = pread_full(file.get(), buffer, begin, index.string());
      continue;
    }
    if (!entries.empty() && entries.front().begin < last) return good;  // goes back: two writers, or damage
    good += size;
    for (const IndexEntry& entry : entries) {
      if (!on_entry(entry)) return good;
      last = entry.end;
    }
  }
}

IndexFileWriter::IndexFileWriter(const Path& index, const IndexOwner& owner, std::uint64_t limit) : path_(index) {
  make_directories(index.parent_path());
  bool beyond = false;
  written_ = read_index(index, owner, [&](const IndexEntry& entry) {
    beyond = entry.end > limit;
    if (!beyond) end_ = entry.end;
    return !beyond;
  });
  if (beyond) {  // of a log that was longer; made anew
    written_ = 0;
    end_ = 0;
  }
  file_ = open_file(index, O_RDWR | O_CREAT);
  if (::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0)
    fail_errno(format("truncate {}", index.string()), errno);
  if (written_ > 0) return;
  const Bytes head = encode_index_head(owner);
  pwrite_full(file_.get(), head, 0, path_.string());
  written_ = head.size();
}

void IndexFileWriter::add(const IndexEntry& entry) {
  if (entry.begin < end_) return;
  end_ = entry.end;
  if (builder_.add(entry)) flush();
}

void IndexFileWriter::flush() {
  if (builder_.empty()) return;
  const Bytes block = builder_.take();
  pwrite_full(file_.get(), block, written_, path_.string());
  written_ += block.size();
}

}  // namespace lifeboat::relay
