#include "rescue/backup_stream.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "rescue/backup_stream_testing.h"

namespace lifeboat::rescue {
namespace {

/// The files as a directory would hold them.
class Directory : public BackupSink {
 public:
  void begin(const std::string& path, bool rewrite) override {
    if (files.contains(path) && !rewrite) fail(Code::kExists, path);
    files[path].clear();
    open.insert(path);
  }
  void write(const std::string& path, std::uint64_t offset, ByteView content) override {
    std::string& file = files.at(path);
    if (file.size() < offset + content.size()) file.resize(offset + content.size());
    file.replace(offset, content.size(), as_text(content));
  }
  void end(const std::string& path) override { open.erase(path); }
  void rename(const std::string& from, const std::string& to) override {
    files[to] = files.at(from);
    files.erase(from);
  }
  void remove(const std::string& path) override { files.erase(path); }

  std::map<std::string, std::string> files;
  std::set<std::string> open;
};

Directory decode(ByteView stream, std::size_t piece = 1U << 20U) {
  Directory directory;
  BackupStreamDecoder decoder(directory);
  while (!stream.empty()) {
    const ByteView next = stream.first(std::min(piece, stream.size()));
    decoder.feed(next);
    stream = stream.subspan(next.size());
  }
  decoder.finish();
  return directory;
}

Code code_of(ByteView stream) {
  try {
    decode(stream);
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

/// Everything that a stream can hold, as one.
StreamWriter everything() {
  StreamWriter out;
  out.content("./ibdata1", 0, "abc").content("db/t.ibd", 0, "one").content("./ibdata1", 3, "def");
  out.content("db/t.ibd", 3, "two").end("db/t.ibd").end("ibdata1");
  out.file("db/gone.ibd", "x").remove("db/gone.ibd");
  out.file("db/old.frm", "y").rename("db/old.frm", "db/new.frm");
  out.content("aria_log.00000001", 0, "0123456789").seek("aria_log.00000001", 2).content("aria_log.00000001", 2, "--");
  out.end("aria_log.00000001").end("empty");
  out.file("mysql/slow_log.CSV", "first").content("mysql/slow_log.CSV", 0, "again", 2).end("mysql/slow_log.CSV");
  out.content("sparse", 0, "a").seek("sparse", 4).content("sparse", 4, "b").end("sparse");
  return out;
}

const std::map<std::string, std::string> kEverything = {{"aria_log.00000001", "01--456789"},
                                                        {"db/new.frm", "y"},
                                                        {"db/t.ibd", "onetwo"},
                                                        {"empty", ""},
                                                        {"ibdata1", "abcdef"},
                                                        {"mysql/slow_log.CSV", "again"},
                                                        {"sparse", std::string("a\0\0\0b", 5)}};

TEST(BackupStream, FilesThatComeInterleavedSoughtRenamedRemovedAndRewrittenAreWhatTheyWere) {
  const Directory directory = decode(everything().bytes());
  EXPECT_EQ(directory.files, kEverything);
  EXPECT_TRUE(directory.open.empty());
}

TEST(BackupStream, TheSameWhateverThePiecesItComesIn) {
  for (std::size_t piece = 1; piece < 40; ++piece) EXPECT_EQ(decode(everything().bytes(), piece).files, kEverything);
}

TEST(BackupStream, CountsWhatIsOfTablespacesAndWhatIsOfTheRedoLog) {
  const StreamWriter stream = StreamWriter()
                                  .file("./ibdata1", "1")
                                  .file("db/t.ibd", "22")
                                  .file("undo001", "4444")
                                  .file("db/undo1.MYD", "not of InnoDB")
                                  .file("db/rebuilt.new", "while DDL is held back")
                                  .file("db/ib_logfile0", "no log")
                                  .content("./ib_logfile0", 0, "logs")
                                  .file("aria_log.00000001", "of another engine")
                                  .content("ib_logfile0", 4, "more")
                                  .end("ib_logfile0");
  Directory directory;
  BackupStreamDecoder decoder(directory);
  StreamContent whole;
  for (const std::uint8_t& byte : stream.bytes()) {
    decoder.feed({&byte, 1});
    const StreamContent taken = decoder.take_content();
    whole.tablespaces += taken.tablespaces;
    whole.redo_log += taken.redo_log;
  }
  EXPECT_EQ(whole.tablespaces, 7);
  EXPECT_EQ(whole.redo_log, 8);
}

TEST(BackupStream, CutAnywhereItSaysSo) {
  const Bytes whole = everything().bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const ByteView cut = ByteView(whole).first(size);
    bool between_files = true;
    try {
      between_files = decode(cut).open.empty();
      // Only where a file had ended and no other begun: then what is missing is for who knows the files to notice.
      EXPECT_TRUE(size > 0 && between_files) << size;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), Code::kUnavailable) << size << ": " << e.what();
    }
  }
}

TEST(BackupStream, AByteChangedInContentDoesNotFitItsChecksum) {
  Bytes stream = StreamWriter().file("db/t.ibd", "content").bytes();
  stream[8 + 2 + 4 + 8 + 20] ^= 1;
  EXPECT_EQ(code_of(stream), Code::kCorruption);
}

TEST(BackupStream, ContentOutOfOrderIsRefused) {
  EXPECT_EQ(code_of(StreamWriter().content("a", 0, "xx").content("a", 1, "yy").end("a").bytes()), Code::kCorruption);
  EXPECT_EQ(code_of(StreamWriter().content("a", 7, "late").end("a").bytes()), Code::kCorruption);
}

TEST(BackupStream, HostileLengthsAreRefusedWithoutBeingBelieved) {
  Bytes path = StreamWriter().end("a").bytes();
  path[13] = 0xff;  // a path of four gigabytes
  EXPECT_EQ(code_of(path), Code::kCorruption);
  Bytes content = StreamWriter().file("a", "x").bytes();
  content[8 + 2 + 4 + 1 + 7] = 0x7f;  // content of 2^62 bytes
  EXPECT_EQ(code_of(content), Code::kCorruption);
  EXPECT_EQ(code_of(StreamWriter().content("a", 0, "x").seek("a", ~std::uint64_t{0}).bytes()), Code::kCorruption);
  EXPECT_EQ(code_of(StreamWriter().end("").bytes()), Code::kCorruption);
}

TEST(BackupStream, APathThatLeavesTheDirectoryIsRefused) {
  for (const char* path : {"/etc/passwd", "../t.ibd", "db/../../t.ibd", "db//t.ibd", ".", "./.", "db/"}) {
    EXPECT_EQ(code_of(StreamWriter().file(path, "x").bytes()), Code::kCorruption) << path;
    EXPECT_EQ(code_of(StreamWriter().file("a", "x").rename("a", path).bytes()), Code::kCorruption) << path;
  }
}

TEST(BackupStream, WhatIsOpenIsNeitherRenamedNorRemoved) {
  EXPECT_EQ(code_of(StreamWriter().content("a", 0, "x").rename("a", "b").bytes()), Code::kCorruption);
  EXPECT_EQ(code_of(StreamWriter().content("a", 0, "x").remove("a").bytes()), Code::kCorruption);
}

TEST(BackupStream, UnknownTypesArePassedOverOnlyIfTheyMayBe) {
  StreamWriter ignorable;
  ignorable.head('X', "a", 1);
  Encoder rest;
  rest.raw(ByteView(ignorable.bytes()));
  rest.u64(3);
  rest.u64(0);
  rest.u32(0);
  rest.raw(std::string_view("..."));
  rest.raw(ByteView(StreamWriter().file("b", "x").bytes()));
  const Directory directory = decode(rest.bytes());
  EXPECT_EQ(directory.files, (std::map<std::string, std::string>{{"b", "x"}}));
  EXPECT_EQ(code_of(StreamWriter().head('X', "a").bytes()), Code::kCorruption);
}

TEST(BackupStream, FilesThatBeginAndNeverEndAreBounded) {
  StreamWriter stream;
  for (int i = 0; i < 1000; ++i) stream.content(format("f{}", i), 0, "x");
  EXPECT_EQ(code_of(stream.bytes()), Code::kCorruption);
}

TEST(BackupStream, WhatIsNoStreamIsSaidToBeNone) {
  EXPECT_EQ(code_of(as_bytes("mariadb-backup: Access denied\n")), Code::kCorruption);
  EXPECT_EQ(code_of({}), Code::kUnavailable);
}

}  // namespace
}  // namespace lifeboat::rescue
