#include "volume/data_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/error.h"
#include "volume/io_hook.h"

namespace lifeboat::volume {

DataFile::DataFile(const Path& directory, std::uint64_t number, Space& space)
    : path_((directory / file_name(number)).string()), number_(number), space_(space) {}

DataFile::~DataFile() {
  space_.used -= charged_.load();
}

std::string DataFile::file_name(std::uint64_t number) {
  return format("{:x}", number);
}

int DataFile::fd() {
  const int fd = fd_.load(std::memory_order_acquire);
  if (fd >= 0) return fd;
  const std::scoped_lock lock(open_mutex_);
  if (fd_.load() < 0) {
    owner_ = find_file(path_, O_RDWR);
    if (!owner_.valid()) {
      owner_ = open_file(path_, O_RDWR | O_CREAT | O_EXCL);
      new_name_ = true;
    }
    measure();
    fd_.store(owner_.get(), std::memory_order_release);
  }
  return fd_.load();
}

void DataFile::ask(IoKind kind, std::uint64_t offset, std::uint64_t length) {
  const int error = IoHook::ask(IoEvent{kind, path_, fd_.load(), offset, length});
  if (error != 0) fail_errno(format("change {}", path_), error);
}

void DataFile::read(ByteSpan out, std::uint64_t offset) {
  const std::size_t n = pread_full(fd(), out, offset, path_);
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(n), out.end(), std::uint8_t{0});
}

void DataFile::write(ByteView in, std::uint64_t offset) {
  std::array<iovec, 1> part{iovec{const_cast<std::uint8_t*>(in.data()), in.size()}};
  write_parts(part, offset);
}

void DataFile::write_parts(std::span<iovec> parts, std::uint64_t offset) {
  const int file = fd();
  std::uint64_t length = 0;
  for (const iovec& part : parts) length += part.iov_len;
  ask(IoKind::kWrite, offset, length);
  while (length > 0) {
    const ssize_t n = ::pwritev(file, parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(offset));
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno(format("write {}", path_), errno);
    }
    offset += static_cast<std::uint64_t>(n);
    length -= static_cast<std::uint64_t>(n);
    auto left = static_cast<std::size_t>(n);
    while (left > 0 || (!parts.empty() && parts.front().iov_len == 0 && length > 0)) {
      iovec& part = parts.front();
      const std::size_t step = std::min(left, part.iov_len);
      part.iov_base = static_cast<std::uint8_t*>(part.iov_base) + step;
      part.iov_len -= step;
      left -= step;
      if (part.iov_len == 0) parts = parts.subspan(1);
    }
  }
  note_change();
}

void DataFile::copy_from(DataFile& source, std::uint64_t offset, std::uint64_t length) {
  const int to = fd();
  const int from = source.fd();
  ask(IoKind::kWrite, offset, length);
  auto in = static_cast<off_t>(offset);
  auto out = static_cast<off_t>(offset);
  while (length > 0) {
    const ssize_t n = ::copy_file_range(from, &in, to, &out, length, 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno(format("copy to {}", path_), errno);
    }
    if (n == 0) {  // the source ends: what it would show there are zeros
      punch(static_cast<std::uint64_t>(out), length);
      break;
    }
    length -= static_cast<std::uint64_t>(n);
  }
  note_change();
}

void DataFile::cut(std::uint64_t size) {
  struct stat info{};
  if (::fstat(fd(), &info) != 0) fail_errno(format("stat {}", path_), errno);
  if (std::cmp_less_equal(info.st_size, size)) return;
  ask(IoKind::kTruncate, size, 0);
  if (::ftruncate(fd(), static_cast<off_t>(size)) != 0) fail_errno(format("truncate {}", path_), errno);
  note_change();
  measure();
}

void DataFile::punch(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  const int file = fd();
  ask(IoKind::kPunch, offset, length);
  if (::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(length)) != 0) {
    fail_errno(format("punch {}", path_), errno);
  }
  note_change();
  measure();
}

void DataFile::reserve(std::uint64_t offset, std::uint64_t length) {
  const int file = fd();
  ask(IoKind::kReserve, offset, length);
  if (::fallocate(file, 0, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0) {
    const int error = errno;
    measure();
    fail_errno(format("reserve space in {}", path_), error);
  }
  note_change();
  measure();
}

void DataFile::write_out(std::uint64_t offset, std::uint64_t length) {
  // An error is told once: no later sync would report it.
  if (::sync_file_range(fd(), static_cast<off_t>(offset), static_cast<off_t>(length),
                        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0) {
    fail_errno(format("write out {}", path_), errno);
  }
}

void DataFile::sync() {
  const std::uint64_t covered = changes_.load(std::memory_order_acquire);
  if (durable_.load(std::memory_order_acquire) >= covered) return;
  ask(IoKind::kSync, 0, 0);
  sync_data(fd(), path_);
  note_durable(covered);
}

void DataFile::note_durable(std::uint64_t changes) {
  std::uint64_t before = durable_.load(std::memory_order_relaxed);
  while (before < changes && !durable_.compare_exchange_weak(before, changes, std::memory_order_acq_rel)) {
  }
  measure();
}

void DataFile::sync_together(std::span<const std::shared_ptr<DataFile>> files, int directory, const std::string& path) {
  std::vector<std::uint64_t> covered;
  covered.reserve(files.size());
  for (const std::shared_ptr<DataFile>& file : files) covered.push_back(file->changes_.load(std::memory_order_acquire));
  const int error = IoHook::ask(IoEvent{IoKind::kSyncFileSystem, path, directory, 0, 0});
  if (error != 0) fail_errno(format("sync {}", path), error);
  if (::syncfs(directory) != 0) fail_errno(format("sync the file system of {}", path), errno);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i]->durable_.load(std::memory_order_acquire) < covered[i]) files[i]->note_durable(covered[i]);
  }
}

void DataFile::remove() {
  ask(IoKind::kRemove, 0, 0);
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) fail_errno(format("remove {}", path_), errno);
}

void DataFile::close_idle() {
  const std::scoped_lock lock(open_mutex_);
  if (unsynced()) return;
  fd_ = -1;
  owner_.reset();
}

bool DataFile::count_existing() {
  struct stat info{};
  if (::stat(path_.c_str(), &info) != 0) return false;
  charge(static_cast<std::uint64_t>(info.st_blocks) * 512);
  return true;
}

void DataFile::charge(std::uint64_t bytes) {
  charged_ += static_cast<std::int64_t>(bytes);
  space_.used += static_cast<std::int64_t>(bytes);
}

void DataFile::measure() {
  struct stat info{};
  if (::fstat(owner_.get(), &info) != 0) fail_errno(format("stat {}", path_), errno);
  const std::int64_t now = info.st_blocks * 512;
  space_.used += now - charged_.exchange(now);
}

}  // namespace lifeboat::volume
