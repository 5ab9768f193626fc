#include "rescue/adopt_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/cancel.h"
#include "base/error.h"

namespace lifeboat::rescue {

namespace {

constexpr std::size_t kInputHeadBytes = std::size_t{64} << 10U;

struct Unpacker {
  Packing packing;
  std::string_view magic;
  std::string_view extension;
  const char* program;
};
constexpr std::array<Unpacker, 2> kUnpackers = {
    {{Packing::kGzip, "\x1f\x8b", ".gz", "gzip"}, {Packing::kZstd, "\x28\xb5\x2f\xfd", ".zst", "zstd"}}};

/// Reads once; 0 at the end.
std::size_t read_some(int fd, ByteSpan buffer, const std::string& name) {
  for (;;) {
    throw_if_cancelled();
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) fail_errno(format("read {}", name), errno);
  }
}

}  // namespace

Packing packing_of(ByteView head) {
  const auto found =
      std::ranges::find_if(kUnpackers, [&](const Unpacker& each) { return as_text(head).starts_with(each.magic); });
  return found == kUnpackers.end() ? Packing::kNone : found->packing;
}

std::string name_without_packing(const std::string& name) {
  for (const Unpacker& each : kUnpackers) {
    if (name.ends_with(each.extension)) return name.substr(0, name.size() - each.extension.size());
  }
  return name;
}

BackupInput::BackupInput(const std::string& what) : what_(what) {
  if (is_remote(what)) {
    remote_ = std::make_unique<RemotePipe>(open_remote(what));
    size_ = remote_->size();
    file_ = remote_->take_output();
  } else {
    file_ = open_file(what, O_RDONLY);
    struct stat status{};
    if (::fstat(file_.get(), &status) != 0) fail_errno(format("stat {}", what), errno);
    if (S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
  }
  read_head();
  const Packing packing = packing_of(head_);
  if (packing == Packing::kNone) return;
  unpack(packing);
  read_head();
}

/// The program reads the file by itself, from its beginning: how far it is, the descriptor that they share tells.
void BackupInput::unpack(Packing packing) {
  if (remote_ != nullptr) {
    remote_ = std::make_unique<RemotePipe>(open_remote(what_));
    file_ = remote_->take_output();
  } else if (::lseek(file_.get(), 0, SEEK_SET) != 0) {
    fail(Code::kUnsupported, format("{}: is packed, and no file", what_), "Unpack it first, as: gzip -dc | lifeboat …");
  }
  const auto unpacker = std::ranges::find(kUnpackers, packing, &Unpacker::packing);
  unpacker_.emplace(Tool{.argv = {unpacker->program, "-dc"}, .stdin_fd = file_.get(), .package = unpacker->program});
  if (remote_ != nullptr)
    file_.reset();  // once the program gives up nobody reads the pipe, and its writer is to see it
}

void BackupInput::read_head() {
  head_.assign(kInputHeadBytes, 0);
  std::size_t filled = 0;
  while (filled < head_.size()) {
    const ByteView piece = read_on(ByteSpan(head_).subspan(filled));
    if (piece.empty()) break;
    filled += piece.size();
  }
  head_.resize(filled);
}

ByteView BackupInput::read(ByteSpan buffer) {
  if (head_read_ < head_.size()) {
    const std::size_t count = std::min(buffer.size(), head_.size() - head_read_);
    std::ranges::copy(ByteView(head_).subspan(head_read_, count), buffer.begin());
    head_read_ += count;
    return buffer.first(count);
  }
  return read_on(buffer);
}

ByteView BackupInput::read_on(ByteSpan buffer) {
  const ByteView piece = unpacker_ ? unpacker_->read(buffer) : buffer.first(read_some(file_.get(), buffer, what_));
  if (piece.empty()) finish();
  return piece;
}

void BackupInput::finish() {
  if (remote_ != nullptr) remote_->finish();
  if (!unpacker_) return;
  try {
    unpacker_->finish();
  } catch (const Exception& e) {
    if (e.code() != Code::kUnavailable) throw;
    fail(Code::kCorruption, format("{}: cannot be unpacked to its end: {}", what_, e.error().message),
         "It is damaged or cut off: nothing is made of it. Take an older backup, or copy it here again.");
  }
}

std::uint64_t BackupInput::consumed() const {
  if (remote_ != nullptr) return remote_->sent();
  const off_t at = ::lseek(file_.get(), 0, SEEK_CUR);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}

}  // namespace lifeboat::rescue
