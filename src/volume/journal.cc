#include "volume/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "codec/hash.h"
#include "volume/io_hook.h"

namespace lifeboat::volume {

namespace {

constexpr std::string_view kMagic = "LBVJ";
constexpr std::size_t kFrameBytes = 12;
constexpr std::uint32_t kPayloadBytesMax = 1U << 28U;

Path side_path(const Path& directory, std::size_t side) {
  return directory / format("journal.{}", side);
}

std::array<std::uint8_t, 8> first_eight(const codec::Hash256& hash) {
  std::array<std::uint8_t, 8> check{};
  std::copy_n(hash.begin(), check.size(), check.begin());
  return check;
}

std::uint64_t capacity_for(std::uint64_t checkpoint_bytes) {
  return std::max(kJournalCapacityMin, 2 * checkpoint_bytes + 2 * kJournalHeadroomBytes);
}

}  // namespace

void Journal::frame(Bytes& out, Check& chain, ByteView payload) {
  Encoder length;
  length.u32(static_cast<std::uint32_t>(payload.size()));
  chain = first_eight(codec::sha256({chain, length.bytes(), payload}));
  out.insert(out.end(), length.bytes().begin(), length.bytes().end());
  out.insert(out.end(), chain.begin(), chain.end());
  out.insert(out.end(), payload.begin(), payload.end());
}

Journal::Checkpoint Journal::encode_checkpoint(std::uint64_t sequence, std::span<const Bytes> records, Check& chain) {
  std::uint64_t bytes = 0;
  for (const Bytes& record : records) bytes += kFrameBytes + record.size();
  Encoder header;
  header.raw(kMagic);
  header.u16(kVolumeFormatVersion);
  header.u16(0);
  header.u64(sequence);
  header.u64(bytes);
  header.raw(random_bytes(16));
  header.raw(Bytes(16));
  chain = first_eight(codec::sha256(header.bytes()));
  header.raw(chain);
  Checkpoint checkpoint;
  checkpoint.header = header.take();
  checkpoint.records.reserve(bytes);
  for (const Bytes& record : records) frame(checkpoint.records, chain, record);
  return checkpoint;
}

std::optional<Journal::Header> Journal::read_header(const Side& side) {
  Bytes bytes(kJournalHeaderBytes);
  if (pread_full(side.fd.get(), bytes, 0, side.path) != bytes.size()) return std::nullopt;
  Decoder in(bytes, side.path);
  const ByteView magic = in.raw(kMagic.size());
  const std::uint16_t version = in.u16();
  in.u16();
  Header header;
  header.sequence = in.u64();
  header.checkpoint_bytes = in.u64();
  in.raw(32);
  std::ranges::copy(in.raw(header.check.size()), header.check.begin());
  if (as_text(magic) != kMagic) return std::nullopt;
  if (first_eight(codec::sha256(ByteView(bytes).first(kJournalHeaderBytes - 8))) != header.check) return std::nullopt;
  if (version > kVolumeFormatVersion) {
    fail(Code::kUnsupported, format("{}: made by a newer Lifeboat (format {})", side.path, version),
         "Open this volume with the version of Lifeboat that made it, or a newer one.");
  }
  return header;
}

void Journal::write(const Side& side, ByteView bytes, std::uint64_t offset) {
  const int error = IoHook::ask(IoEvent{IoKind::kWrite, side.path, side.fd.get(), offset, bytes.size()});
  if (error != 0) fail_errno(format("write {}", side.path), error);
  pwrite_full(side.fd.get(), bytes, offset, side.path);
}

void Journal::sync(const Side& side) {
  const int error = IoHook::ask(IoEvent{IoKind::kSync, side.path, side.fd.get(), 0, 0});
  if (error != 0) fail_errno(format("sync {}", side.path), error);
  sync_data(side.fd.get(), side.path);
}

void Journal::grow(Side& side, std::uint64_t capacity) {
  const Bytes zeros(std::size_t{1} << 18U);
  for (std::uint64_t at = side.capacity; at < capacity; at += zeros.size()) {
    write(side, ByteView(zeros).first(std::min<std::uint64_t>(zeros.size(), capacity - at)), at);
  }
  sync(side);
  side.capacity = std::max(side.capacity.load(), capacity);
}

void Journal::grow_if_room(Side& side, std::uint64_t capacity) {
  try {
    grow(side, capacity);
  } catch (const Exception& error) {
    if (error.code() != Code::kOutOfSpace) throw;  // a full disk only makes checkpoints more frequent
  }
}

void Journal::write_checkpoint(Side& side, const Checkpoint& checkpoint) {
  const std::uint64_t wanted = kJournalHeaderBytes + checkpoint.records.size() + kJournalHeadroomBytes;
  if (side.capacity < wanted) grow(side, capacity_for(checkpoint.records.size()));
  write(side, checkpoint.records, kJournalHeaderBytes);
  sync(side);
  write(side, checkpoint.header, 0);
  sync(side);
}

void Journal::create(const Path& directory, std::span<const Bytes> records) {
  Check chain{};
  const Checkpoint checkpoint = encode_checkpoint(1, records, chain);
  for (std::size_t i = 0; i < 2; ++i) {
    Side side;
    side.path = side_path(directory, i).string();
    side.fd = open_file(side.path, O_RDWR | O_CREAT | O_EXCL);
    grow(side, capacity_for(checkpoint.records.size()));
    if (i == 0) write_checkpoint(side, checkpoint);
  }
  sync_directory(directory);
}

Journal::Journal(const Path& directory, const std::function<void(ByteView)>& apply, ByteView opened) {
  std::array<std::optional<Header>, 2> headers;
  for (std::size_t i = 0; i < 2; ++i) {
    Side& side = sides_[i];
    side.path = side_path(directory, i).string();
    side.fd = open_file(side.path, O_RDWR);
    struct stat info{};
    if (::fstat(side.fd.get(), &info) != 0) fail_errno(format("stat {}", side.path), errno);
    side.capacity = static_cast<std::uint64_t>(info.st_size);
    headers[i] = read_header(side);
  }
  if (!headers[0] && !headers[1]) {
    fail(Code::kCorruption, format("{}: neither journal has a valid header", directory.string()),
         "The local state of this volume is damaged. Its image in the vault is not: make a new volume from that.");
  }
  active_ = headers[1] && (!headers[0] || headers[1]->sequence > headers[0]->sequence) ? 1 : 0;
  replay(*headers[active_], apply);
  append(opened);
  sync();
}

void Journal::replay(const Header& header, const std::function<void(ByteView)>& apply) {
  const Side& side = sides_[active_];
  sequence_ = header.sequence;
  chain_ = header.check;
  const Bytes all = read_file(side.path, std::size_t{4} << 30U);
  std::size_t at = kJournalHeaderBytes;
  while (all.size() - at > kFrameBytes) {
    Decoder in(ByteView(all).subspan(at), side.path);
    const std::uint32_t length = in.u32();
    const ByteView check = in.raw(chain_.size());
    if (length == 0 || length > kPayloadBytesMax || length > in.left()) break;
    const ByteView payload = in.raw(length);
    const Check expected = first_eight(codec::sha256({chain_, ByteView(all).subspan(at, 4), payload}));
    if (!std::ranges::equal(expected, check)) break;
    apply(payload);
    chain_ = expected;
    at += kFrameBytes + length;
  }
  if (at - kJournalHeaderBytes < header.checkpoint_bytes) {
    fail(Code::kCorruption, format("{}: damaged at byte {}, inside its checkpoint", side.path, at),
         "The local state of this volume is damaged. Its image in the vault is not: make a new volume from that.");
  }
  file_end_ = at;
}

void Journal::check_usable() const {
  if (!failed_) return;
  fail(Code::kIo, format("{}: an earlier write or sync failed, nothing more is accepted", sides_[active_].path),
       "Look for disk errors in the kernel log, then mount the volume again: it goes back to what was synced.");
}

JournalPosition Journal::append(ByteView payload) {
  const std::scoped_lock lock(mutex_);
  check_usable();
  LIFEBOAT_CHECK(!payload.empty() && payload.size() <= kPayloadBytesMax);
  frame(buffer_, chain_, payload);
  appended_ += kFrameBytes + payload.size();
  update_wants_checkpoint();
  return appended_;
}

JournalPosition Journal::position() const {
  const std::scoped_lock lock(mutex_);
  return appended_;
}

bool Journal::durable(JournalPosition position) const {
  const std::scoped_lock lock(mutex_);
  return durable_ >= position;
}

void Journal::sync(JournalPosition position) {
  std::unique_lock lock(mutex_);
  while (durable_ < position) {
    check_usable();
    if (writing_) {
      wake_.wait(lock);
    } else {
      write_buffer(lock);
    }
  }
}

void Journal::write_buffer(std::unique_lock<std::mutex>& lock) {
  const Bytes bytes = std::exchange(buffer_, {});
  const JournalPosition end = appended_;
  writing_ = true;
  lock.unlock();
  bool done = false;
  std::exception_ptr error;
  try {
    Side& side = sides_[active_];
    if (file_end_ + bytes.size() > side.capacity) grow(side, file_end_ + bytes.size() + kJournalHeadroomBytes);
    write(side, bytes, file_end_);
    sync(side);
    done = true;
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  writing_ = false;
  failed_ = failed_ || !done;
  if (done) {
    file_end_ += bytes.size();
    durable_ = end;
  }
  wake_.notify_all();
  if (error) std::rethrow_exception(error);
}

void Journal::update_wants_checkpoint() {
  const std::uint64_t capacity = std::min(sides_[0].capacity.load(), sides_[1].capacity.load());
  wants_checkpoint_ = file_end_ + buffer_.size() + kJournalHeadroomBytes > capacity;
}

void Journal::begin_checkpoint(std::span<const Bytes> records) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return !writing_; });
  check_usable();
  writing_ = true;
  checkpoint_ = encode_checkpoint(sequence_ + 1, records, chain_);
  checkpoint_.position = appended_;
  buffer_.clear();
}

void Journal::finish_checkpoint() {
  Side& other = sides_[1 - active_];
  try {
    write_checkpoint(other, checkpoint_);
    grow_if_room(sides_[active_], other.capacity);
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    writing_ = false;
    failed_ = true;
    wake_.notify_all();
    throw;
  }
  const std::scoped_lock lock(mutex_);
  active_ = 1 - active_;
  ++sequence_;
  file_end_ = kJournalHeaderBytes + checkpoint_.records.size();
  durable_ = checkpoint_.position;
  checkpoint_ = {};
  writing_ = false;
  update_wants_checkpoint();
  wake_.notify_all();
}

std::uint64_t Journal::bytes() const {
  const std::scoped_lock lock(mutex_);
  return sides_[0].capacity + sides_[1].capacity;
}

}  // namespace lifeboat::volume
