// What only a directory can get wrong: links, foreign files, full disks, killed writers.

#include "store/directory_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "base/random.h"

namespace lifeboat::store {
namespace {

template <typename Call>
Code code_of(Call call) {
  try {
    call();
  } catch (const Exception& e) {
    return e.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return Code::kInternal;
}

std::string names(Store& store, std::string_view prefix = "") {
  std::string all;
  store.list(prefix, [&](const ObjectInfo& info) { all += info.name + " "; });
  return all;
}

class DirectoryStoreTest : public ::testing::Test {
 protected:
  TempDir directory_;
  Path root_ = directory_.path() / "new" / "store";
  std::unique_ptr<Store> store_ = open_directory_store(root_);
};

TEST_F(DirectoryStoreTest, NothingIsMadeBeforeTheFirstPut) {
  EXPECT_EQ(names(*store_), "");
  EXPECT_FALSE(store_->find("a"));
  store_->remove("a");
  EXPECT_EQ(store_->remove_unfinished({}), 0U);
  store_->clock();
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "new"));
  store_->put("a/b", as_bytes("x"));
  struct stat info{};
  ASSERT_EQ(::stat((root_ / "a" / "b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

/// What every call says of a store that is gone; none of them makes anything.
void expect_gone(Store& store) {
  Bytes out(1);
  EXPECT_EQ(code_of([&] { store.put("c", {}); }), Code::kUnavailable);
  EXPECT_EQ(code_of([&] { store.get("a/b"); }), Code::kUnavailable);
  EXPECT_EQ(code_of([&] { store.get_range("a/c", 0, out); }), Code::kUnavailable);
  EXPECT_EQ(code_of([&] { store.find("a/b"); }), Code::kUnavailable);
  EXPECT_EQ(code_of([&] { store.remove("a/b"); }), Code::kUnavailable);
  EXPECT_EQ(code_of([&] { names(store, "a/"); }), Code::kUnavailable);
}

TEST_F(DirectoryStoreTest, AStoreThatIsGoneIsNotMadeAgain) {
  store_->put("a/b", as_bytes("x"));
  const auto other = open_directory_store(root_);
  std::filesystem::rename(root_, directory_.path() / "moved");
  expect_gone(*store_);
  expect_gone(*other);
  EXPECT_FALSE(std::filesystem::exists(root_));
  // As beneath a disk that was unmounted: a directory, but not the store's.
  std::filesystem::create_directory(root_);
  expect_gone(*store_);
  expect_gone(*other);
  EXPECT_TRUE(std::filesystem::is_empty(root_));
  std::filesystem::remove(root_);
  std::filesystem::rename(directory_.path() / "moved", root_);
  EXPECT_EQ(names(*store_), "a/b ");
  other->put("c", as_bytes("y"));
}

TEST_F(DirectoryStoreTest, AFileIsNoStore) {
  write_file_durably(directory_.path() / "file", as_bytes("x"));
  EXPECT_EQ(code_of([&] { open_directory_store(directory_.path() / "file"); }), Code::kUsage);
}

TEST_F(DirectoryStoreTest, LinksInsideAreNotFollowed) {
  store_->put("dir/object", as_bytes("x"));
  write_file_durably(directory_.path() / "outside", as_bytes("secret"));
  std::filesystem::create_symlink(directory_.path() / "outside", root_ / "dir" / "link");
  std::filesystem::create_symlink("object", root_ / "dir" / "inner");
  std::filesystem::create_directory_symlink(directory_.path(), root_ / "up");
  for (const std::string name : {"dir/link", "dir/inner", "up/outside"}) {
    EXPECT_EQ(code_of([&] { store_->get(name); }), Code::kDenied) << name;
    Bytes out(1);
    EXPECT_EQ(code_of([&] { store_->get_range(name, 0, out); }), Code::kDenied) << name;
  }
  EXPECT_EQ(code_of([&] { store_->put("up/new", {}); }), Code::kDenied);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "new" / "new"));
  EXPECT_EQ(code_of([&] { store_->put("dir/link", {}); }), Code::kExists);
  EXPECT_EQ(names(*store_), "dir/object ");
}

TEST_F(DirectoryStoreTest, TheRootItselfMayBeReachedByALink) {
  std::filesystem::create_directories(root_);
  std::filesystem::create_directory_symlink(root_, directory_.path() / "link");
  open_directory_store(directory_.path() / "link")->put("a", as_bytes("x"));
  EXPECT_EQ(names(*store_), "a ");
}

TEST_F(DirectoryStoreTest, ForeignFilesAreNotObjects) {
  store_->put("a", as_bytes("x"));
  write_file_durably(root_ / "b~", {});
  write_file_durably(root_ / "with blank", {});
  std::filesystem::create_directory(root_ / "lost+found");
  write_file_durably(root_ / "lost+found" / "x", {});
  std::filesystem::create_directories(root_ / std::string(150, 'd') / std::string(150, 'd'));
  write_file_durably(root_ / std::string(150, 'd') / std::string(150, 'd') / "x", {});
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(names(*store_), "a ");
  EXPECT_EQ(code_of([&] { store_->get("pipe"); }), Code::kNotFound);
  EXPECT_FALSE(store_->find("pipe"));
}

TEST_F(DirectoryStoreTest, NamesThatCannotBeFilesAreErrors) {
  store_->put("dir/a", as_bytes("x"));
  std::filesystem::create_directory(root_ / "dir" / "b");
  EXPECT_EQ(code_of([&] { store_->put("dir/b", {}); }), Code::kExists);
  EXPECT_NE(code_of([&] { store_->put("dir/a/c", {}); }), Code::kInternal);
  EXPECT_EQ(code_of([&] { store_->list("../", [](const ObjectInfo&) {}); }), Code::kUsage);
  EXPECT_EQ(code_of([&] { store_->list("/etc/", [](const ObjectInfo&) {}); }), Code::kUsage);
}

TEST_F(DirectoryStoreTest, MoreFilesAreReadThanStayOpen) {
  for (int i = 0; i < 200; ++i) store_->put(format("many/{}", i), as_bytes(format("content {}", i)));
  const auto open_files = [] { return list_directory("/proc/self/fd").size(); };
  const std::size_t before = open_files();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 200; ++i) {
      Bytes out(3);
      store_->get_range(format("many/{}", i), 8, ByteSpan(out).first(1));
      EXPECT_EQ(out[0], format("{}", i)[0]);
    }
  }
  EXPECT_LE(open_files(), before + 128);
}

TEST_F(DirectoryStoreTest, AKilledWriterLeavesOnlyWhatIsRemovedByAge) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto writer = store_->create("killed");
    writer->append(Bytes(100'000, 'x'));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(names(*store_), "");
  EXPECT_EQ(store_->remove_unfinished(std::chrono::hours(1)), 0U);
  EXPECT_EQ(store_->remove_unfinished({}), 100'000U);
  EXPECT_TRUE(list_directory(root_ / "~tmp").empty());
}

// In a mount namespace of its own, so that nothing is left mounted whatever happens. Exit 0: as it should be.
int fill_small_disk(const Path& mount_point) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", mount_point.c_str(), "tmpfs", 0, "size=1m") != 0) {
    return 77;
  }
  const auto store = open_directory_store(mount_point / "store");
  store->put("small", Bytes(1000, 'x'));
  const auto code = [&](const std::function<void()>& call) {
    try {
      call();
      return Code::kInternal;
    } catch (const Exception& e) {
      return e.code();
    }
  };
  if (code([&] { store->put("large", Bytes(2'000'000, 'x')); }) != Code::kOutOfSpace) return 1;
  if (!list_directory(mount_point / "store" / "~tmp").empty()) return 2;
  if (names(*store) != "small " || store->get("small").size() != 1000) return 3;
  if (store->clock() < now() - std::chrono::minutes(1)) return 4;
  store->put("fits", Bytes(500'000, 'x'));
  return names(*store) == "fits small " ? 0 : 5;
}

TEST_F(DirectoryStoreTest, AFullDiskIsOutOfSpaceAndLeavesNothing) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    int result = 99;
    try {
      result = fill_small_disk(directory_.path());
    } catch (...) {  // 99 says so
    }
    ::_exit(result);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "may not mount a tmpfs here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DirectoryStoreTest, ARemovedObjectIsNotServedFromAnOpenFile) {
  store_->put("a", as_bytes("old"));
  Bytes out(3);
  store_->get_range("a", 0, out);
  std::filesystem::remove(root_ / "a");
  EXPECT_EQ(code_of([&] { store_->get_range("a", 0, out); }), Code::kNotFound);
}

}  // namespace
}  // namespace lifeboat::store
