#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/error.h"

namespace lifeboat {
namespace {

Code code_of(const auto& work) {
  try {
    work();
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

unsigned mode_of(const Path& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 07777U;
}

bool descriptor_is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(UniqueFd, ClosesOnceAndOnlyWhatItOwns) {
  const TempDir dir;
  UniqueFd first = open_file(dir.path() / "a", O_RDWR | O_CREAT);
  const int number = first.get();
  UniqueFd second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_TRUE(descriptor_is_open(number));
  EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
  second = UniqueFd();
  EXPECT_FALSE(descriptor_is_open(number));
}

TEST(OpenFile, AnAbsentFileIsNotFoundAndFindIsEmpty) {
  const TempDir dir;
  EXPECT_EQ(code_of([&] { open_file(dir.path() / "no", O_RDONLY); }), Code::kNotFound);
  EXPECT_FALSE(find_file(dir.path() / "no", O_RDONLY).valid());
  EXPECT_FALSE(find_and_read_file(dir.path() / "no").has_value());
  EXPECT_EQ(code_of([&] { list_directory(dir.path() / "no"); }), Code::kNotFound);
}

TEST(PreadFull, ReturnsWhatThereIs) {
  const TempDir dir;
  const UniqueFd fd = open_file(dir.path() / "a", O_RDWR | O_CREAT);
  pwrite_full(fd.get(), as_bytes("0123456789"), 5, "a");
  Bytes buffer(20, 0xff);
  EXPECT_EQ(pread_full(fd.get(), buffer, 3, "a"), 12U);
  EXPECT_EQ(as_text(ByteView(buffer).first(12)), std::string_view("\0\0"
                                                                  "0123456789",
                                                                  12));
  EXPECT_EQ(pread_full(fd.get(), buffer, 100, "a"), 0U);
}

TEST(WriteFileDurably, ReplacesWholeAndLeavesNothingBeside) {
  const TempDir dir;
  const Path path = dir.path() / "config";
  write_file_durably(path, as_bytes("a longer first content"));
  write_file_durably(path, as_bytes("second"), 0640);
  EXPECT_EQ(as_text(read_file(path)), "second");
  EXPECT_EQ(mode_of(path), 0640U);
  EXPECT_EQ(list_directory(dir.path()), std::vector<std::string>{"config"});
}

TEST(WriteFileDurably, LeavesNothingBehindWhenItFails) {
  const TempDir dir;
  const Path target = dir.path() / "folder";
  make_directories(target / "inside");
  EXPECT_ANY_THROW(write_file_durably(target, as_bytes("x")));
  EXPECT_EQ(list_directory(dir.path()), std::vector<std::string>{"folder"});
}

TEST(ReadFile, RefusesMoreThanItsBound) {
  const TempDir dir;
  write_file_durably(dir.path() / "a", Bytes(1000));
  EXPECT_EQ(read_file(dir.path() / "a", 1000).size(), 1000U);
  EXPECT_EQ(code_of([&] { read_file(dir.path() / "a", 999); }), Code::kCorruption);
}

TEST(ReadFile, ReadsFilesThatDoNotTellTheirSize) {
  EXPECT_FALSE(read_file("/proc/self/mounts").empty());
  EXPECT_EQ(code_of([] { read_file("/proc/self/mounts", 3); }), Code::kCorruption);
}

TEST(ReadSecretFile, WantsAFileThatOnlyTheOwnerReads) {
  const TempDir dir;
  const Path path = dir.path() / "passphrase";
  write_file_durably(path, as_bytes("correct horse \r\n"));
  EXPECT_EQ(read_secret_file(path), "correct horse ");
  for (const unsigned mode : {0640U, 0604U, 0644U, 0660U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_EQ(code_of([&] { read_secret_file(path); }), Code::kRefused) << mode;
  }
}

TEST(ReadSecretFile, AnEmptySecretIsNoSecret) {
  const TempDir dir;
  write_file_durably(dir.path() / "a", as_bytes("\n"));
  EXPECT_EQ(code_of([&] { read_secret_file(dir.path() / "a"); }), Code::kUsage);
}

TEST(ReadSecretFile, ASecretIsNeverCutShort) {
  const TempDir dir;
  write_file_durably(dir.path() / "a", Bytes(std::size_t{64} << 10U, 'x'));
  EXPECT_EQ(read_secret_file(dir.path() / "a").size(), std::size_t{64} << 10U);
  write_file_durably(dir.path() / "a", Bytes((std::size_t{64} << 10U) + 1, 'x'));
  EXPECT_EQ(code_of([&] { read_secret_file(dir.path() / "a"); }), Code::kUsage);
}

TEST(ReadSecretFile, ReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  {
    const UniqueFd write_end(ends[1]);
    write_full(write_end.get(), as_bytes("key\n"), "pipe");
  }
  EXPECT_EQ(read_secret_file(format("/dev/fd/{}", read_end.get())), "key");
}

TEST(MakeDirectories, MakesAllAndIsRepeatable) {
  const TempDir dir;
  make_directories(dir.path() / "a/b/c");
  make_directories(dir.path() / "a/b/c");
  EXPECT_EQ(mode_of(dir.path() / "a/b/c"), 0700U);
  write_file_durably(dir.path() / "file", as_bytes("x"));
  EXPECT_ANY_THROW(make_directories(dir.path() / "file/under"));
}

TEST(TempDir, IsGoneWithItsContent) {
  Path path;
  {
    const TempDir dir("some");
    path = dir.path();
    make_directories(path / "deep/er");
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(FileLock, IsExclusiveAndEndsWithItsOwner) {
  const TempDir dir;
  const Path path = dir.path() / "lock";
  EXPECT_FALSE(FileLock::held(path));
  {
    const FileLock lock(path, "volume a");
    EXPECT_TRUE(FileLock::held(path));
    try {
      const FileLock second(path, "volume a");
      ADD_FAILURE() << "locked twice";
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kBusy);
      EXPECT_NE(e.error().message.find("volume a"), std::string::npos);
    }
  }
  EXPECT_FALSE(FileLock::held(path));
  EXPECT_NO_THROW(FileLock(path, "volume a"));
}

TEST(FileLock, IsWaitedForAsLongAsAsked) {
  const TempDir dir;
  const Path path = dir.path() / "lock";
  auto held = std::make_unique<FileLock>(path, "volume a");
  EXPECT_EQ(code_of([&] { FileLock(path, "volume a", std::chrono::milliseconds(20)); }), Code::kBusy);
  const std::jthread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    held.reset();
  });
  EXPECT_NO_THROW(FileLock(path, "volume a", std::chrono::minutes(1)));
}

TEST(FileLock, ItsDirectoryMayBeTakenAwayByTheHolderWhileOthersTryToLock) {
  const TempDir dir;
  const Path place = dir.path() / "place";
  std::atomic<int> holders{0};
  std::atomic<int> held{0};
  const auto work = [&](int thread) {
    for (int i = 0; i < 500; ++i) {
      try {
        make_directories(place);
        const FileLock lock(place / "lock", "place");
        EXPECT_EQ(++holders, 1);
        ++held;
        --holders;
        const Path going = dir.path() / format("going-{}-{}", thread, i);
        std::filesystem::rename(place, going);
        std::error_code ignored;  // who was about to lock may still make its file there
        std::filesystem::remove_all(going, ignored);
      } catch (const Exception& e) {  // another has it, or took the directory away
        EXPECT_TRUE(e.code() == Code::kBusy || e.code() == Code::kNotFound) << e.error().text();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
  }
  EXPECT_GT(held, 0);
}

TEST(FreeSpace, IsKnownForAPlaceThatExists) {
  const TempDir dir;
  EXPECT_GT(free_space(dir.path()), 0U);
  EXPECT_EQ(code_of([&] { free_space(dir.path() / "no"); }), Code::kNotFound);
}

}  // namespace
}  // namespace lifeboat
