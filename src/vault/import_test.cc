// Import and export: what goes in comes out, what did not change is not stored again, what must be refused is refused.
#include "vault/import.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "vault/diff.h"
#include "vault/directory_nodes.h"
#include "vault/export.h"
#include "vault/image_testing.h"
#include "vault/image_writer.h"
#include "vault/scrub.h"

namespace lifeboat::vault {
namespace {

class ImportTest : public testing::Test {
 protected:
  ImageInfo import(const std::vector<std::string>& exclude = {}) {
    ImportOptions options;
    options.directory = source();
    options.exclude = exclude;
    return import_directory(*vault_, options);
  }

  Path source() const { return work_.path() / "source"; }

  Path export_to(const std::string& name, const ImageName& image) {
    ImageReader reader(*vault_, image);
    ExportOptions options;
    options.directory = work_.path() / name;
    export_image(reader, options);
    return options.directory;
  }

  CacheInTempDir cache_;
  TempDir work_;
  TestVault vault_;
};

TEST_F(ImportTest, ADirectoryWithoutAFileIsRefusedUnlessItIsMeant) {
  make_directories(source() / "lost+found");
  EXPECT_EQ(error_of([&] { import(); }).code, Code::kRefused);
  EXPECT_TRUE(list_images(*vault_, nullptr).empty());
  ImportOptions options;
  options.directory = source();
  options.allow_empty = true;
  EXPECT_EQ(import_directory(*vault_, options).files, 0U);
}

/// A pack is damaged, or lost; a scrub says so; the directory is whole.
class ImportOntoDamage : public ImportTest, public testing::WithParamInterface<bool> {};

TEST_P(ImportOntoDamage, StoresAnewWhatIsKnownToBeDamaged) {
  write_content(source() / "a", ContentMaker(1).bytes(3 * kChunkBytes));
  import();
  std::vector<std::string> packs;
  vault_->store().list(kPacksPrefix, [&](const store::ObjectInfo& object) { packs.push_back(object.name); });
  for (const std::string& pack : packs) {
    Bytes bytes = vault_.content(pack);
    if (bytes.size() < kChunkBytes) continue;  // of nodes: without them nothing can be compared with the parent
    if (GetParam()) {
      std::filesystem::remove(vault_.path(pack));
    } else {
      bytes[bytes.size() / 3] ^= 1U;
      vault_.replace(pack, bytes);
    }
  }
  EXPECT_FALSE(scrub(*vault_, {}).findings.empty());
  expect_equal_trees(source(), export_to("out", import().name));
}
INSTANTIATE_TEST_SUITE_P(LostOrRotten, ImportOntoDamage, testing::Bool());

TEST_F(ImportTest, WhatLifeboatWritesItselfIsLeftOutOrRefused) {
  make_directories(source());
  write_file_durably(source() / "a", as_bytes("x"));
  std::filesystem::rename(vault_.path(""), source() / "vault");
  std::filesystem::create_directory_symlink(source() / "vault", vault_.path("").parent_path());
  EXPECT_EQ(error_of([&] { import(); }).code, Code::kRefused);
  EXPECT_EQ(import({"vault"}).files, 1U);
}

TEST_F(ImportTest, TimesBeyond2262AreKeptAsTheLast) {
  make_directories(source());
  write_file_durably(source() / "a", as_bytes("x"));
  const timespec times[2] = {{.tv_sec = 10'000'000'000, .tv_nsec = 0}, {.tv_sec = 10'000'000'000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (source() / "a").c_str(), times, 0), 0);
  struct stat info{};
  ASSERT_EQ(::stat((source() / "a").c_str(), &info), 0);
  if (info.st_mtim.tv_sec != 10'000'000'000) GTEST_SKIP() << "this file system has no such times";
  const Path out = export_to("out", import().name);
  ASSERT_EQ(::stat((out / "a").c_str(), &info), 0);
  EXPECT_GT(info.st_mtim.tv_sec, 9'000'000'000);
}

TEST_F(ImportTest, TheDirectoryItselfKeepsItsModeAndOwner) {
  write_content(source() / "a", as_bytes("x"));
  const TopDirectory top{
      .mode = 0750, .uid = ::geteuid() == 0 ? 1234 : ::geteuid(), .gid = ::geteuid() == 0 ? 2345 : ::getegid()};
  ASSERT_EQ(::chown(source().c_str(), top.uid, top.gid), 0);
  ASSERT_EQ(::chmod(source().c_str(), top.mode), 0);
  const ImageInfo image = import();
  EXPECT_EQ(list_images(*vault_)[0].top, top);
  EXPECT_EQ(stat_top(export_to("out", image.name)), top);
}

TEST_F(ImportTest, AnImageThatDoesNotSayWhatItsDirectoryWasLikeIsExportedAllTheSame) {
  ImageWriter writer(*vault_, nullptr);
  writer.put_entry({.path = "a", .type = FileType::kDirectory, .mode = 0700, .uid = ::geteuid(), .gid = ::getegid()});
  const ImageInfo image = writer.publish({}, false);
  EXPECT_EQ(list_images(*vault_)[0].top, std::nullopt);
  EXPECT_EQ(stat_top(export_to("out", image.name)).mode, 0700U);
}

TEST_F(ImportTest, RandomTreesComeOutAsTheyWentIn) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE(format("seed {}", seed));
  ContentMaker make(seed);
  make_random_tree(source(), make, 120);
  const ImageInfo image = import();
  expect_equal_trees(source(), export_to("out", image.name));
  const auto images = list_images(*vault_);
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(images[0].name, image.name);
  EXPECT_EQ(images[0].bytes, image.bytes);
  EXPECT_GT(image.files, 50U);
}

TEST_F(ImportTest, ManyFilesMakeATreeOfNodes) {
  for (int i = 0; i < 3000; ++i)
    write_content(source() / format("db{}/t{:05}.ibd", i % 3, i), as_bytes(format("file {}", i)));
  const ImageInfo image = import();
  EXPECT_EQ(image.files, 3000U);
  ImageReader reader(*vault_, image.name);
  EXPECT_GT(reader.root().level, 0);
  EXPECT_TRUE(reader.find("db1/t00001.ibd").has_value());
  EXPECT_FALSE(reader.find("db1/t00002.ibd").has_value());
  EXPECT_FALSE(reader.find("a").has_value());
  EXPECT_FALSE(reader.find("zzz").has_value());
  expect_equal_trees(source(), export_to("out", image.name));
  EXPECT_EQ(import().new_bytes, 0U);
  std::filesystem::remove(source() / "db1/t00001.ibd");
  write_content(source() / "db1/t00004.ibd", as_bytes("changed"));
  const ImageInfo changed = import();
  EXPECT_LT(changed.new_bytes, 20'000U);
  expect_equal_trees(source(), export_to("changed", changed.name));
}

TEST_F(ImportTest, HolesStayHoles) {
  write_content(source() / "sparse", {});
  overwrite(source() / "sparse", std::uint64_t{50} << 20U, as_bytes("middle"));
  std::filesystem::resize_file(source() / "sparse", std::uint64_t{100} << 20U);
  const ImageInfo image = import();
  EXPECT_LT(image.new_bytes, 10'000U);
  const Path out = export_to("out", image.name);
  struct stat info{};
  ASSERT_EQ(::stat((out / "sparse").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, off_t{100} << 20U);
  EXPECT_LT(info.st_blocks * 512, 100'000);
  expect_equal_trees(source(), out);
}

TEST_F(ImportTest, ASecondImportStoresAlmostNothing) {
  ContentMaker make(1);
  make_random_tree(source(), make, 60);
  const ImageInfo first = import();
  const ImageInfo second = import();
  EXPECT_EQ(second.parent, first.name);
  EXPECT_GT(second.name, first.name);
  EXPECT_GT(first.new_bytes, 1'000'000U);
  EXPECT_LT(second.new_bytes, 20'000U);
  expect_equal_trees(source(), export_to("out", second.name));
}

TEST_F(ImportTest, AChangedPageIsStoredAsADelta) {
  ContentMaker make(2);
  write_content(source() / "table.ibd", make.bytes(std::size_t{8} << 20U));
  const ImageInfo first = import();
  for (std::uint64_t i = 0; i < 10; ++i)
    overwrite(source() / "table.ibd", i * 700'000 / 16384 * 16384 + 100, as_bytes("changed row"));
  const ImageInfo second = import();
  EXPECT_LT(second.new_bytes, 20'000U);
  ImageReader reader(*vault_, second.name);
  const FileEntry table = reader.find("table.ibd").value();
  int deltas = 0;
  reader.for_each_chunk(table, 0, 64,
                        [&](std::uint64_t, const ChunkRef& ref) { deltas += ref.kind == ChunkKind::kDelta; });
  EXPECT_EQ(deltas, 10);
  expect_equal_trees(source(), export_to("second", second.name));
  ImageReader before(*vault_, first.name);
  std::vector<DiffEntry> differences;
  diff_images(before, reader, [&](const DiffEntry& entry) { differences.push_back(entry); });
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(differences[0].path, "table.ibd");
  EXPECT_EQ(differences[0].bytes, 10U * kChunkBytes);
}

TEST_F(ImportTest, DeltasStayAgainstThePlainChunkUntilItIsRewritten) {
  ContentMaker make(3);
  const Path table = source() / "table.ibd";
  write_content(table, make.bytes(kChunkBytes));
  import();
  RecordRef base;
  bool rewritten = false;
  for (std::uint32_t i = 0; i < kBlocksPerChunk; ++i) {
    overwrite(table, std::uint64_t{i} * kBlockBytes, make.bytes(kBlockBytes));
    const ImageInfo image = import();
    ImageReader reader(*vault_, image.name);
    const ChunkRef ref = reader.chunk(reader.find("table.ibd").value(), 0);
    if (i == 0) base = ref.base;
    rewritten |= ref.kind == ChunkKind::kPlain;
    if (!rewritten) EXPECT_EQ(ref.base, base);
    Bytes content(kChunkBytes);
    reader.read_chunk(ref, content);
    ASSERT_EQ(content, read_file(table)) << "after " << i << " changes";
  }
  EXPECT_TRUE(rewritten);
}

TEST_F(ImportTest, GrowthTruncationAndReplacementAreFollowed) {
  ContentMaker make(4);
  const Path file = source() / "file";
  write_content(source() / "other", make.bytes(100));
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{300'000}, std::uint64_t{40} << 20U,
                                   std::uint64_t{41} << 20U, std::uint64_t{700'000}, std::uint64_t{100} << 20U,
                                   std::uint64_t{400'000}, std::uint64_t{0}, std::uint64_t{33} << 20U}) {
    if (!std::filesystem::exists(file)) write_content(file, {});
    std::filesystem::resize_file(file, size);
    if (size > 200'000) overwrite(file, size - 150'000, make.bytes(100'000));
    const ImageInfo image = import();
    expect_equal_trees(source(), export_to(format("out{}", size), image.name));
    std::filesystem::remove_all(work_.path() / format("out{}", size));
  }
}

TEST_F(ImportTest, EqualContentElsewhereIsStoredOnce) {
  ContentMaker make(5);
  const Bytes content = make.bytes(std::size_t{4} << 20U);
  write_content(source() / "one", content);
  import();
  write_content(source() / "two", content);
  EXPECT_LT(import().new_bytes, 20'000U);
}

TEST_F(ImportTest, ALostOrDamagedIndexOnlyCostsSpace) {
  ContentMaker make(6);
  const Bytes content = make.bytes(std::size_t{2} << 20U);
  write_content(source() / "one", content);
  import();
  for (const auto& file : std::filesystem::recursive_directory_iterator(cache_.path())) {
    if (!file.is_regular_file()) continue;
    const UniqueFd fd = open_file(file.path(), O_WRONLY);
    const Bytes noise = make.bytes(std::size_t{1} << 20U);
    for (std::uint64_t at = 4096; at < file.file_size(); at += noise.size()) pwrite_full(fd.get(), noise, at, "noise");
  }
  write_content(source() / "two", content);
  const ImageInfo image = import();
  expect_equal_trees(source(), export_to("out", image.name));
}

TEST_F(ImportTest, APackThatTheIndexKnowsButTheStoreLostIsNotUsed) {
  ContentMaker make(7);
  const Bytes content = make.bytes(std::size_t{2} << 20U);
  write_content(source() / "one", content);
  const ImageInfo first = import();
  std::filesystem::remove_all(vault_.path("packs"));
  std::filesystem::remove_all(vault_.path("images"));
  const ImageInfo again = import();
  EXPECT_GT(again.new_bytes, first.new_bytes * 9 / 10);  // not to the byte: threads share chunks out differently
  expect_equal_trees(source(), export_to("out", again.name));
}

TEST_F(ImportTest, ExcludedPathsAreLeftOut) {
  write_content(source() / "keep", as_bytes("1"));
  write_content(source() / "drop.pid", as_bytes("2"));
  write_content(source() / "logs/a/b", as_bytes("3"));
  const ImageInfo image = import({"*.pid", "logs"});
  EXPECT_EQ(image.files, 1U);
}

TEST_F(ImportTest, SocketsAndPipesAreLeftOut) {
  write_content(source() / "file", as_bytes("1"));
  ASSERT_EQ(::mkfifo((source() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(import().files, 1U);
}

TEST_F(ImportTest, ADirectoryThatAServerHasOpenIsRefused) {
  write_content(source() / "ibdata1", as_bytes("1"));
  // Locks of our own process do not count, so another one takes it.
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::open((source() / "ibdata1").c_str(), O_RDWR);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    const bool ok = ::fcntl(fd, F_SETLK, &lock) == 0;
    static_cast<void>(::write(ready[1], ok ? "y" : "n", 1));
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const Error error = error_of([&] { import(); });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(error.code, Code::kRefused);
  EXPECT_NE(error.message.find("ibdata1"), std::string::npos);
  EXPECT_NE(error.message.find(format("process {}", child)), std::string::npos) << error.message;
  EXPECT_NO_THROW(import());
}

TEST_F(ImportTest, ADirectoryThatChangesMeanwhileIsAConflict) {
  ContentMaker make(8);
  write_content(source() / "big", make.bytes(std::size_t{64} << 20U));
  write_content(source() / "small", as_bytes("1"));
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) overwrite(source() / "small", 0, as_bytes("2"));
  });
  EXPECT_EQ(error_of([&] { import(); }).code, Code::kConflict);
  EXPECT_TRUE(list_images(*vault_).empty());
}

TEST_F(ImportTest, ExportRefusesADirectoryWithSomethingInIt) {
  write_content(source() / "file", as_bytes("1"));
  const ImageInfo image = import();
  write_content(work_.path() / "out/already", as_bytes("here"));
  EXPECT_EQ(error_of([&] { export_to("out", image.name); }).code, Code::kRefused);
}

TEST_F(ImportTest, TwoImportsAtOnceBothSucceed) {
  ContentMaker make(9);
  make_random_tree(source(), make, 60);
  std::jthread other([&] { EXPECT_NO_THROW(import()); });
  EXPECT_NO_THROW(import());
  other.join();
  const auto images = list_images(*vault_);
  ASSERT_EQ(images.size(), 2U);
  for (const ImageInfo& image : images) expect_equal_trees(source(), export_to(image.name, image.name));
}

TEST_F(ImportTest, AKilledImportLeavesOnlyReadableImages) {
  ContentMaker make(std::random_device{}());
  make_random_tree(source(), make, 40);
  for (int round = 0; round < 20; ++round) {
    write_content(source() / format("new{}", round), make.bytes(3'000'000));
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        const auto own = vault_.open();
        ImportOptions options;
        options.directory = source();
        import_directory(*own, options);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(make.below(150'000)));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  import();
  const auto images = list_images(*vault_);
  EXPECT_FALSE(images.empty());
  for (const ImageInfo& image : images) EXPECT_NO_THROW(export_to(image.name, image.name));
  expect_equal_trees(source(), work_.path() / images.back().name);
}

}  // namespace
}  // namespace lifeboat::vault
