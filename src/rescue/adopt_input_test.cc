#include "rescue/adopt_input.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/process.h"
#include "net/scripted_server.h"
#include "net/sigpipe.h"

namespace lifeboat::rescue {
namespace {

std::string read_all(BackupInput& input, std::size_t piece = 10'000) {
  std::string text;
  Bytes buffer(piece);
  for (ByteView got = input.read(buffer); !got.empty(); got = input.read(buffer)) text.append(as_text(got));
  return text;
}

Code code_of_input(const std::string& what) {
  try {
    BackupInput input(what);
    read_all(input);
  } catch (const Exception& e) {
    return e.code();
  }
  return Code::kInternal;
}

class AdoptInputTest : public ::testing::Test {
 protected:
  AdoptInputTest() {
    for (int i = 0; i < 50'000; ++i) content_ += format("line {}\n", i * 7919 % 50'021);
  }

  std::string file(const std::string& name, ByteView bytes) const {
    write_file_durably(directory_.path() / name, bytes);
    return (directory_.path() / name).string();
  }
  Bytes packed(const std::string& tool) const {
    const std::string plain = file("plain", as_bytes(content_));
    const ProcessResult result = run_process({.argv = {tool, "-c", plain}});
    const ByteView bytes = as_bytes(result.out);
    return {bytes.begin(), bytes.end()};
  }

  TempDir directory_;
  std::string content_;
};

TEST_F(AdoptInputTest, AFileComesAsItIs) {
  BackupInput input(file("a", as_bytes(content_)));
  EXPECT_EQ(as_text(input.head()), std::string_view(content_).substr(0, input.head().size()));
  EXPECT_EQ(input.size(), content_.size());
  EXPECT_EQ(read_all(input), content_);
  EXPECT_EQ(input.consumed(), content_.size());
  EXPECT_EQ(code_of_input("/nowhere/at/all"), Code::kNotFound);
}

TEST_F(AdoptInputTest, WhatIsPackedComesUnpackedWhateverItsName) {
  for (const char* tool : {"gzip", "zstd"}) {
    const Bytes bytes = packed(tool);
    BackupInput input(file("b.sql", bytes));
    EXPECT_EQ(read_all(input), content_) << tool;
    EXPECT_EQ(input.consumed(), bytes.size()) << tool;
    EXPECT_EQ(input.size(), bytes.size()) << tool;
  }
}

TEST_F(AdoptInputTest, WhatIsPackedAndCutOffOrDamagedIsSaid) {
  for (const char* tool : {"gzip", "zstd"}) {
    Bytes bytes = packed(tool);
    EXPECT_EQ(code_of_input(file("c", ByteView(bytes).first(bytes.size() - 5))), Code::kCorruption) << tool;
    EXPECT_EQ(code_of_input(file("c", ByteView(bytes).first(bytes.size() / 2))), Code::kCorruption) << tool;
    bytes[bytes.size() / 2] ^= 0x10;
    EXPECT_EQ(code_of_input(file("d", bytes)), Code::kCorruption) << tool;
  }
}

/// A file server that gives parts, and breaks the connection now and then.
class Remote {
 public:
  explicit Remote(std::string content)
      : content_(std::move(content)), server_([this](const auto& r) { return on(r); }) {}
  std::string url() const { return server_.url() + "/nightly.sql.gz?signature=secret"; }
  int status = 206;
  int breaks = 0;

 private:
  net::testing::Reply on(const net::testing::SeenRequest& request) {
    const std::string range = request.header("range").substr(6);
    const std::size_t dash = range.find('-');
    const std::size_t begin = std::stoul(range.substr(0, dash));
    const std::size_t end = std::min(std::stoul(range.substr(dash + 1)) + 1, content_.size());
    if (begin > 0 && breaks-- > 0) return {.bytes = "HTTP/1.1 206 X\r\nContent-Length: 100\r\n\r\nabc", .close = true};
    if (status == 200) return net::testing::reply(200, content_);
    if (status != 206) return net::testing::reply(status);
    return net::testing::reply(206, std::string_view(content_).substr(begin, end - begin),
                               format("Content-Range: bytes {}-{}/{}\r\n", begin, end - 1, content_.size()));
  }

  std::string content_;
  net::testing::ScriptedServer server_;
};

TEST_F(AdoptInputTest, WhatLiesBehindAUrlComesInPiecesAndIsUnpacked) {
  const Bytes bytes = packed("gzip");
  Remote remote{std::string(as_text(bytes))};
  remote.breaks = 1;
  BackupInput input(remote.url());
  EXPECT_EQ(input.size(), bytes.size());
  EXPECT_EQ(read_all(input), content_);
  EXPECT_EQ(input.consumed(), bytes.size());
}

TEST_F(AdoptInputTest, ADamagedRestBehindAUrlIsNotWaitedFor) {
  for (int i = 0; i < 4; ++i) content_ += content_;  // far more than a pipe holds, after the damage
  Bytes bytes = packed("gzip");
  bytes[bytes.size() / 10] ^= 0x10;
  Remote remote{std::string(as_text(bytes))};
  const net::SigpipeGuard guard;
  EXPECT_EQ(code_of_input(remote.url()), Code::kCorruption);
}

TEST_F(AdoptInputTest, AUrlThatGivesNothingOrNoPartsIsSaidWithoutItsSecrets) {
  const std::vector<std::pair<int, Code>> cases = {
      {404, Code::kNotFound}, {403, Code::kDenied}, {302, Code::kUnsupported}, {200, Code::kUnsupported}};
  for (const auto& [status, code] : cases) {
    Remote remote("some content");
    remote.status = status;
    try {
      BackupInput input(remote.url());
      ADD_FAILURE() << status;
    } catch (const Exception& e) {
      EXPECT_EQ(e.code(), code) << status << e.what();
      EXPECT_EQ(e.error().message.find("secret"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace lifeboat::rescue
