#include "worker.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace lifeboat::fs_model {
namespace {

constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 20U;
constexpr std::size_t kOpenMax = 8;
constexpr std::size_t kPathsMax = 40;
constexpr std::size_t kWriteBytesMax = std::size_t{128} << 10U;
constexpr std::size_t kPageBytes = 4096;

bool may_open_direct(std::string_view path) {
  return path.ends_with(".ibd");
}

/// How a file was opened, as flags for open(2).
int flags_of(bool direct, bool durable) {
  return O_RDWR | O_CLOEXEC | (direct ? O_DIRECT : 0) | (durable ? O_DSYNC : 0);
}

}  // namespace

Worker::Worker(Path top, std::uint64_t seed, const std::atomic<bool>& crash_expected, std::atomic<std::uint64_t>& done)
    : top_(std::move(top)),
      random_(seed),
      crash_expected_(crash_expected),
      done_(done),
      pool_(2 * kWriteBytesMax),
      memory_(kWriteBytesMax + 2 * kPageBytes) {
  for (std::uint8_t& each : pool_) each = static_cast<std::uint8_t>(random_());
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  aligned_ = memory_.data() + (kPageBytes - address % kPageBytes) % kPageBytes;
  // Whatever the image held there is durable.
  tree_.change([&](Tree& tree) { tree = read_tree(top_); });
  tree_.synced();
}

void Worker::run(std::uint64_t count) {
  try {
    while (done_ < count) {
      if (step()) ++done_;
    }
  } catch (const Crashed&) {
    // As was to come.
  }
}

void Worker::take_over_after_crash() {
  open_.clear();
  tree_.take_over_after_crash(top_);
}

long Worker::check(long result, const std::string& what) {
  if (result >= 0) return result;
  if (crash_expected_) throw Crashed{};
  fail_errno(what, errno);
}

bool Worker::step() {
  // Most operations need an open file. Room for one may have to be made first.
  if (open_.empty()) return pick(4) == 0 ? remove_directory() : open_existing();
  struct Choice {
    unsigned weight;
    bool (Worker::*act)();
  };
  static constexpr std::array kChoices{
      Choice{30, &Worker::write},
      Choice{30, &Worker::read},
      Choice{4, &Worker::append},
      Choice{3, &Worker::write_mapped},
      Choice{4, &Worker::truncate},
      Choice{4, &Worker::allocate},
      Choice{6, &Worker::sync},
      Choice{1, &Worker::sync_directory_of},
      Choice{6, &Worker::create},
      Choice{5, &Worker::open_existing},
      Choice{4, &Worker::close_one},
      Choice{2, &Worker::make_directory},
      Choice{1, &Worker::remove_directory},
      Choice{4, &Worker::remove_file},
      Choice{5, &Worker::rename},
      Choice{1, &Worker::make_symlink},
      Choice{2, &Worker::change_mode},
      Choice{1, &Worker::list},
      Choice{4, &Worker::check_attributes},
  };
  static constexpr unsigned kTotal = [] {
    unsigned sum = 0;
    for (const Choice& each : kChoices) sum += each.weight;
    return sum;
  }();
  auto at = static_cast<unsigned>(pick(kTotal));
  for (const Choice& each : kChoices) {
    if (at < each.weight) return (this->*each.act)();
    at -= each.weight;
  }
  return false;
}

// What to work on

std::string Worker::random_path(NodeType type) {
  std::vector<const std::string*> paths;
  for (const auto& [path, node] : tree_.now()) {
    if (node.type == type) paths.push_back(&path);
  }
  return paths.empty() ? std::string() : *paths[pick(paths.size())];
}

std::string Worker::random_directory() {
  return pick(2) == 0 ? std::string() : random_path(NodeType::kDirectory);
}

std::string Worker::new_path() {
  const std::string directory = random_directory();
  constexpr std::array<std::string_view, 4> kEndings{".ibd", ".MYD", ".ibd", ".frm"};
  std::string name = format("n{}{}", ++counter_, kEndings[pick(kEndings.size())]);
  return directory.empty() ? name : directory + "/" + name;
}

ByteView Worker::random_bytes(std::size_t size) {
  // A fresh stamp in every sector, so that no two writes look alike.
  const std::size_t from = pick(kWriteBytesMax);
  for (std::size_t at = 0; at < size; at += 512) {
    const std::uint64_t stamp = random_();
    std::memcpy(pool_.data() + from + at, &stamp, std::min(sizeof stamp, size - at));
  }
  return {pool_.data() + from, size};
}

// Files

bool Worker::create() {
  if (open_.size() >= kOpenMax) close_one();
  if (tree_.now().size() >= kPathsMax) return remove_file();
  const std::string path = new_path();
  // Before the call: if the crash comes inside it, both trees are possible.
  auto model = std::make_shared<FileModel>();
  tree_.change([&](Tree& tree) { tree[path] = {NodeType::kFile, 0640, "", model}; });
  const bool direct = may_open_direct(path) && pick(2) == 0;
  const bool durable = pick(6) == 0;
  UniqueFd fd(
      static_cast<int>(check(::open((top_ / path).c_str(), flags_of(direct, durable) | O_CREAT | O_EXCL, 0640), path)));
  open_.push_back({model, std::move(fd), direct, durable, path});
  return true;
}

bool Worker::open_existing() {
  if (open_.size() >= kOpenMax) close_one();
  const std::string path = random_path(NodeType::kFile);
  if (path.empty()) return create();
  const std::shared_ptr<FileModel> model = tree_.now().at(path).file;
  const bool direct = may_open_direct(path) && pick(2) == 0;
  const bool durable = pick(6) == 0;
  const bool empties = pick(20) == 0;
  if (empties) model->resize(0);
  UniqueFd fd(static_cast<int>(
      check(::open((top_ / path).c_str(), flags_of(direct, durable) | (empties ? O_TRUNC : 0)), path)));
  open_.push_back({model, std::move(fd), direct, durable, path});
  return true;
}

bool Worker::close_one() {
  if (open_.empty()) return false;
  open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(pick(open_.size())));
  return true;
}

void Worker::written(OpenFile& file, std::uint64_t offset, ByteView bytes) {
  // The kernel may cut a write at any page, and a durable one is durable piece by piece.
  for (ByteView rest = bytes; !rest.empty();) {
    const std::uint64_t at = offset + (bytes.size() - rest.size());
    const std::size_t piece = file.durable ? std::min(rest.size(), kPageBytes - at % kPageBytes) : rest.size();
    file.model->write(at, rest.first(piece));
    rest = rest.subspan(piece);
  }
  const std::uint8_t* from = bytes.data();
  if (file.direct) {
    std::memcpy(aligned_, bytes.data(), bytes.size());
    from = aligned_;
  }
  const long n = check(::pwrite(file.fd.get(), from, bytes.size(), static_cast<off_t>(offset)), file.path + ": write");
  if (n != static_cast<long>(bytes.size())) {
    if (crash_expected_) throw Crashed{};
    fail(Code::kCorruption, format("{}: {} of {} bytes written", file.path, n, bytes.size()));
  }
  if (!file.durable) return;
  file.model->synced();
  tree_.synced();
}

bool Worker::write() {
  OpenFile& file = random_open();
  // As a database writes: log blocks, pages, headers of a few bytes, and anything else.
  constexpr std::array<std::size_t, 6> kSizes{512, 512, 4096, 16384, 65536, 9};
  std::size_t size = pick(4) == 0 ? 1 + pick(kWriteBytesMax) : kSizes[pick(kSizes.size())];
  std::uint64_t unit = pick(3) == 0 ? 1 : std::min<std::size_t>(size, 4096);
  if (file.direct) {
    size = std::max<std::size_t>(512, size / 512 * 512);
    unit = 512;
  }
  const std::uint64_t offset = pick(kFileBytesMax - size) / unit * unit;
  // Most writes stay near what is there, so that files do not all grow to the limit at once.
  const std::uint64_t bound = pick(8) == 0 ? offset : pick(file.model->size() + size) / unit * unit;
  written(file, std::min(offset, bound), random_bytes(size));
  return true;
}

bool Worker::append() {
  OpenFile& file = random_open();
  if (file.direct || file.model->size() + 4096 > kFileBytesMax) return false;
  written(file, file.model->size(), random_bytes(1 + pick(4096)));
  return true;
}

bool Worker::write_mapped() {
  OpenFile& file = random_open();
  const std::uint64_t size = file.model->size();
  if (may_open_direct(file.path) || size == 0) return false;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd.get(), 0);
  if (memory == MAP_FAILED) {
    check(-1, file.path + ": mmap");
    return false;
  }
  const std::uint64_t offset = pick(size);
  const ByteView bytes = random_bytes(std::min<std::uint64_t>(1 + pick(2000), size - offset));
  // Touching a page of a dead mount would be SIGBUS: let the kernel read it in first, where an error is an error.
  std::array<std::uint8_t, 1> byte{};
  const bool alive = ::pread(file.fd.get(), byte.data(), 1, static_cast<off_t>(offset)) == 1 &&
                     ::pread(file.fd.get(), byte.data(), 1, static_cast<off_t>(offset + bytes.size() - 1)) == 1;
  if (alive) {
    file.model->write(offset, bytes);
    std::memcpy(static_cast<std::uint8_t*>(memory) + offset, bytes.data(), bytes.size());
  }
  const int result = ::msync(memory, size, MS_SYNC);
  const int error = errno;
  ::munmap(memory, size);
  errno = error;
  check(result, file.path + ": msync");
  return true;
}

bool Worker::read() {
  OpenFile& file = random_open();
  std::uint64_t offset = pick(file.model->size() + 4096);
  std::size_t size = 1 + pick(pick(4) == 0 ? kWriteBytesMax : 16384);
  if (file.direct) {
    offset = offset / 512 * 512;
    size = std::max<std::size_t>(512, size / 512 * 512);
  }
  const long n = check(::pread(file.fd.get(), aligned_, size, static_cast<off_t>(offset)), file.path + ": read");
  const Bytes& content = file.model->content();
  const std::uint64_t there = offset < content.size() ? std::min<std::uint64_t>(size, content.size() - offset) : 0;
  if (crash_expected_) return false;
  if (static_cast<std::uint64_t>(n) != there ||
      !std::equal(aligned_, aligned_ + n,
                  content.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, content.size())))) {
    fail(Code::kCorruption, format("{}: {} bytes at {}: read {} bytes, or others than were written (size {})",
                                   file.path, size, offset, n, content.size()));
  }
  return true;
}

bool Worker::truncate() {
  OpenFile& file = random_open();
  const std::uint64_t size = pick(3) == 0 ? pick(kFileBytesMax) : pick(file.model->size() + 1);
  file.model->resize(size);
  check(::ftruncate(file.fd.get(), static_cast<off_t>(size)), file.path + ": truncate");
  return true;
}

bool Worker::allocate() {
  OpenFile& file = random_open();
  constexpr std::array<int, 4> kModes{0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                      FALLOC_FL_ZERO_RANGE};
  const int mode = kModes[pick(kModes.size())];
  const std::uint64_t unit = pick(2) == 0 ? 4096 : 1;
  const std::uint64_t length = std::max<std::uint64_t>(unit, (1 + pick(100000)) / unit * unit);
  const std::uint64_t offset = pick(kFileBytesMax - length) / unit * unit;
  FileModel& model = *file.model;
  const std::uint64_t end = offset + length;
  if ((mode & FALLOC_FL_KEEP_SIZE) == 0 && end > model.size()) model.resize(end);
  if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0 && offset < model.size()) {
    model.zero(offset, std::min(end, model.size()) - offset);
  }
  check(::fallocate(file.fd.get(), mode, static_cast<off_t>(offset), static_cast<off_t>(length)),
        format("{}: fallocate {}", file.path, mode));
  return true;
}

bool Worker::sync() {
  OpenFile& file = random_open();
  const bool data_only = pick(2) == 0;
  check(data_only ? ::fdatasync(file.fd.get()) : ::fsync(file.fd.get()), file.path + ": fsync");
  file.model->synced();
  tree_.synced();
  return true;
}

bool Worker::sync_directory_of() {
  const UniqueFd fd(
      static_cast<int>(check(::open((top_ / random_directory()).c_str(), O_RDONLY | O_CLOEXEC), "open directory")));
  check(::fsync(fd.get()), "fsync directory");
  tree_.synced();
  return true;
}

// Names

bool Worker::make_directory() {
  if (tree_.now().size() >= kPathsMax) return remove_directory();
  const std::string directory = random_directory();
  const std::string path = (directory.empty() ? "" : directory + "/") + format("d{}", ++counter_);
  tree_.change([&](Tree& tree) { tree[path] = {NodeType::kDirectory, 0750, "", nullptr}; });
  check(::mkdir((top_ / path).c_str(), 0750), path + ": mkdir");
  return true;
}

bool Worker::remove_directory() {
  const std::string path = random_path(NodeType::kDirectory);
  if (path.empty()) return false;
  const auto next = tree_.now().upper_bound(path + "/");
  const bool is_empty = next == tree_.now().end() || !next->first.starts_with(path + "/");
  if (!is_empty) {
    if (::rmdir((top_ / path).c_str()) != -1 || errno != ENOTEMPTY) {
      if (crash_expected_) throw Crashed{};
      fail(Code::kCorruption, format("{}: rmdir of what is not empty: {}", path, std::strerror(errno)));
    }
    return true;
  }
  tree_.change([&](Tree& tree) { tree.erase(path); });
  check(::rmdir((top_ / path).c_str()), path + ": rmdir");
  return true;
}

bool Worker::remove_file() {
  const std::string path = random_path(pick(10) == 0 ? NodeType::kSymlink : NodeType::kFile);
  if (path.empty()) return false;
  tree_.change([&](Tree& tree) { tree.erase(path); });
  check(::unlink((top_ / path).c_str()), path + ": unlink");
  return true;
}

bool Worker::rename() {
  const bool directory = pick(6) == 0;
  const std::string from = random_path(directory ? NodeType::kDirectory : NodeType::kFile);
  if (from.empty()) return false;
  std::string to = !directory && pick(3) == 0 ? random_path(NodeType::kFile) : new_path();
  if (to == from || to.starts_with(from + "/")) return false;
  const bool exists = tree_.now().contains(to);
  const unsigned flags = exists || pick(2) == 0 ? 0 : 1U << 0U;  // RENAME_NOREPLACE
  tree_.change([&](Tree& tree) {
    Tree moved;
    for (auto each = tree.lower_bound(from); each != tree.end();) {
      if (each->first == from || each->first.starts_with(from + "/")) {
        moved[to + each->first.substr(from.size())] = each->second;
        each = tree.erase(each);
      } else if (each->first.starts_with(from)) {
        ++each;  // "d1" and "d10"
      } else {
        break;
      }
    }
    for (auto& [path, node] : moved) tree[path] = node;
  });
  check(::renameat2(AT_FDCWD, (top_ / from).c_str(), AT_FDCWD, (top_ / to).c_str(), flags),
        format("rename {} to {}", from, to));
  return true;
}

bool Worker::make_symlink() {
  if (tree_.now().size() >= kPathsMax) return false;
  const std::string path = format("l{}", ++counter_);
  const std::string target = format("somewhere/{}", pick(1000));
  tree_.change([&](Tree& tree) { tree[path] = {NodeType::kSymlink, 0777, target, nullptr}; });
  check(::symlink(target.c_str(), (top_ / path).c_str()), path + ": symlink");
  return true;
}

bool Worker::change_mode() {
  const std::string path = random_path(pick(3) == 0 ? NodeType::kDirectory : NodeType::kFile);
  if (path.empty()) return false;
  const auto mode = static_cast<unsigned>(0700 | pick(0100));
  tree_.change([&](Tree& tree) { tree.at(path).mode = mode; });
  check(::chmod((top_ / path).c_str(), mode), path + ": chmod");
  return true;
}

bool Worker::list() {
  const std::string directory = random_directory();
  const std::string prefix = directory.empty() ? "" : directory + "/";
  std::vector<std::string> wanted;
  for (const auto& [path, node] : tree_.now()) {
    if (path.starts_with(prefix) && path.find('/', prefix.size()) == std::string::npos) {
      wanted.push_back(path.substr(prefix.size()));
    }
  }
  std::vector<std::string> found;
  try {
    found = list_directory(top_ / directory);
  } catch (...) {
    if (crash_expected_) throw Crashed{};
    throw;
  }
  if (crash_expected_) return false;
  if (found != wanted) fail(Code::kCorruption, format("{}: other names than were made", directory));
  return true;
}

bool Worker::check_attributes() {
  const std::string path = random_path(NodeType::kFile);
  if (path.empty()) return false;
  struct stat attributes{};
  check(::stat((top_ / path).c_str(), &attributes), path + ": stat");
  const Node& node = tree_.now().at(path);
  if (static_cast<std::uint64_t>(attributes.st_size) != node.file->size() ||
      (attributes.st_mode & 07777U) != node.mode) {
    if (crash_expected_) throw Crashed{};
    fail(Code::kCorruption, format("{}: size {} mode {:o}, not {} and {:o}", path, attributes.st_size,
                                   attributes.st_mode & 07777U, node.file->size(), node.mode));
  }
  return true;
}

}  // namespace lifeboat::fs_model
