#include "base/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "base/printable.h"
#include "base/random.h"
#include "base/units.h"

namespace lifeboat {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

UniqueFd open_file(const Path& path, int flags, unsigned mode) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, static_cast<mode_t>(mode)));
  if (!fd.valid()) fail_errno(format("open {}", path.string()), errno);
  return fd;
}

UniqueFd find_file(const Path& path, int flags) {
  UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC));
  if (!fd.valid() && errno != ENOENT) fail_errno(format("open {}", path.string()), errno);
  return fd;
}

std::size_t pread_full(int fd, ByteSpan out, std::uint64_t offset, std::string_view name) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n == 0) break;
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno(format("read {}", name), errno);
    }
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void pwrite_full(int fd, ByteView in, std::uint64_t offset, std::string_view name) {
  std::size_t done = 0;
  while (done < in.size()) {
    const ssize_t n = ::pwrite(fd, in.data() + done, in.size() - done, static_cast<off_t>(offset + done));
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno(format("write {}", name), errno);
    }
    done += static_cast<std::size_t>(n);
  }
}

void write_full(int fd, ByteView in, std::string_view name) {
  while (!in.empty()) {
    const ssize_t n = ::write(fd, in.data(), in.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno(format("write {}", name), errno);
    }
    in = in.subspan(static_cast<std::size_t>(n));
  }
}

void sync_data(int fd, std::string_view name) {
  if (::fdatasync(fd) != 0) fail_errno(format("sync {}", name), errno);
}

void sync_file(int fd, std::string_view name) {
  if (::fsync(fd) != 0) fail_errno(format("sync {}", name), errno);
}

void sync_directory(const Path& directory) {
  const UniqueFd fd = open_file(directory.empty() ? Path(".") : directory, O_RDONLY | O_DIRECTORY);
  sync_file(fd.get(), directory.string());
}

namespace {
Bytes read_open_file(int fd, const Path& path, std::size_t max_size) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) fail_errno(format("stat {}", path.string()), errno);
  // Only a hint: files below /proc say 0, others may grow. One byte more shows the end.
  constexpr std::size_t kGuessMin = 4096;
  Bytes content(std::max(kGuessMin, std::min(static_cast<std::size_t>(info.st_size), max_size)) + 1);
  std::size_t size = 0;
  for (;;) {
    size += pread_full(fd, ByteSpan(content).subspan(size), size, path.string());
    if (size > max_size) fail(Code::kCorruption, format("{}: more than {} bytes", path.string(), max_size));
    if (size < content.size()) break;
    content.resize(content.size() * 2);
  }
  content.resize(size);
  return content;
}
}  // namespace

Bytes read_file(const Path& path, std::size_t max_size) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  return read_open_file(fd.get(), path, max_size);
}

std::optional<Bytes> find_and_read_file(const Path& path, std::size_t max_size) {
  const UniqueFd fd = find_file(path, O_RDONLY);
  if (!fd.valid()) return std::nullopt;
  return read_open_file(fd.get(), path, max_size);
}

namespace {

std::string read_secret(const Path& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) fail_errno(format("stat {}", path.string()), errno);
  if (S_ISREG(info.st_mode) && (info.st_mode & 077U) != 0) {
    fail(Code::kRefused, format("{} holds a secret but others can read it", path.string()),
         format("Run: chmod 600 {}", shell_word(path.string())));
  }
  // A pipe or descriptor path has no size, so read until it ends. One byte more shows that it is too large.
  constexpr std::size_t kSecretBytesMax = std::size_t{64} << 10U;
  Bytes content(kSecretBytesMax + 1);
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t n = ::read(fd.get(), content.data() + size, content.size() - size);
    if (n < 0) fail_errno(format("read {}", path.string()), errno);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > kSecretBytesMax) {
    fail(Code::kUsage,
         format("{} is larger than the {} that a secret may have", path.string(), format_size(kSecretBytesMax)),
         "Is it the right file?");
  }
  std::string secret(as_text(ByteView(content).first(size)));
  if (!secret.empty() && secret.back() == '\n') secret.pop_back();
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.empty()) fail(Code::kUsage, format("{} is empty", path.string()));
  return secret;
}

}  // namespace

std::string read_secret_file(const Path& path) {
  try {
    return read_secret(path);
  } catch (const Exception& e) {
    Error error = e.error();
    if (error.hint.empty()) error.hint = format("{} must be a readable file with the secret in it.", path.string());
    throw Exception(std::move(error));
  }
}

void write_file_durably(const Path& path, ByteView content, unsigned mode) {
  const Path temporary = path.string() + ".tmp-" + random_hex(6);
  try {
    const UniqueFd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    write_full(fd.get(), content, temporary.string());
    sync_file(fd.get(), temporary.string());
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_errno(format("rename to {}", path.string()), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_directory(path.parent_path());
}

void make_directories(const Path& path) {
  if (path.empty() || std::filesystem::is_directory(path)) return;
  make_directories(path.parent_path());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail_errno(format("mkdir {}", path.string()), errno);
  sync_directory(path.parent_path());
}

std::vector<std::string> list_directory(const Path& path) {
  std::error_code error;
  std::filesystem::directory_iterator it(path, error);
  if (error) fail_errno(format("list {}", path.string()), error.value());
  std::vector<std::string> names;
  for (; it != std::filesystem::directory_iterator(); it.increment(error)) {
    if (error) fail_errno(format("list {}", path.string()), error.value());
    names.push_back(it->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

std::uint64_t free_space(const Path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) fail_errno(format("statvfs {}", path.string()), errno);
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

TempDir::TempDir(std::string_view prefix) {
  const char* root = std::getenv("TMPDIR");
  std::string pattern = format("{}/{}-XXXXXX", root != nullptr ? root : "/tmp", prefix);
  if (::mkdtemp(pattern.data()) == nullptr) fail_errno(format("mkdtemp {}", pattern), errno);
  path_ = pattern;
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {
constexpr std::chrono::milliseconds kLockLookEvery{5};

bool is_at(int fd, const Path& path) {
  struct stat open{};
  struct stat there{};
  if (::fstat(fd, &open) != 0) fail_errno(format("stat {}", path.string()), errno);
  return ::stat(path.c_str(), &there) == 0 && there.st_dev == open.st_dev && there.st_ino == open.st_ino;
}
}  // namespace

FileLock::FileLock(const Path& path, std::string_view what, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  do {
    fd_ = open_file(path, O_RDWR | O_CREAT);
    while (::flock(fd_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) fail_errno(format("lock {}", path.string()), errno);
      if (std::chrono::steady_clock::now() >= deadline) {
        fail(Code::kBusy, format("{} is in use by another process", what),
             "Another lifeboat works there: wait until it ends, or stop it.");
      }
      std::this_thread::sleep_for(kLockLookEvery);
    }
  } while (!is_at(fd_.get(), path));  // moved away between open and flock, by who held it
}

bool FileLock::held(const Path& path) {
  const UniqueFd fd = find_file(path, O_RDWR);
  if (!fd.valid()) return false;
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return false;
  return errno == EWOULDBLOCK;
}

}  // namespace lifeboat
