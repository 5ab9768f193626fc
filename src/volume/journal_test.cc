// A journal file damaged in every place: what is replayed is always what was appended, up to some point.
#include "volume/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "codec/hash.h"
#include "vault/image_testing.h"

namespace lifeboat::volume {
namespace {

using Payloads = std::vector<Bytes>;

Bytes payload(std::uint32_t number) {
  Bytes bytes = vault::ContentMaker(number).bytes(1 + number * 7 % 20);
  bytes[0] = static_cast<std::uint8_t>(number);
  return bytes;
}

class JournalFiles {
 public:
  explicit JournalFiles(std::uint32_t checkpoint) {
    for (std::uint32_t i = 0; i < checkpoint; ++i) expected_.push_back(payload(i));
    Journal::create(path(), expected_);
  }

  Path path() const { return directory_.path(); }
  Path side(int number) const { return path() / format("journal.{}", number); }
  const Payloads& expected() const { return expected_; }

  /// Opens it, appends so many, each synced, and closes it.
  void append(std::uint32_t count) {
    const Bytes opened = random_bytes(9);
    Journal journal(path(), [](ByteView) {}, opened);
    expected_.push_back(opened);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Bytes next = payload(static_cast<std::uint32_t>(expected_.size()));
      journal.sync(journal.append(next));
      expected_.push_back(next);
    }
  }
  void checkpoint(const Payloads& records) {
    const Bytes opened = random_bytes(9);
    Journal journal(path(), [](ByteView) {}, opened);
    journal.begin_checkpoint(records);
    journal.finish_checkpoint();
    expected_ = records;
  }
  /// What an opening replays. It appends `last_opened()`, which is random as it is in life: that is what keeps a tail
  /// that was cut off from ever fitting again.
  Payloads replayed() {
    Payloads found;
    last_opened_ = random_bytes(9);
    const Journal journal(path(), [&](ByteView each) { found.emplace_back(each.begin(), each.end()); }, last_opened_);
    return found;
  }
  const Bytes& last_opened() const { return last_opened_; }
  /// Where record `index` begins; after the last: the end.
  std::uint64_t offset_of(std::size_t index) const {
    std::uint64_t offset = kJournalHeaderBytes;
    for (std::size_t i = 0; i < index; ++i) offset += 12 + expected_[i].size();
    return offset;
  }

 private:
  TempDir directory_;
  Payloads expected_;
  Bytes last_opened_;
};

void write_at(const Path& path, std::uint64_t offset, ByteView bytes) {
  const UniqueFd fd = open_file(path, O_WRONLY);
  pwrite_full(fd.get(), bytes, offset, path.string());
}

Payloads first_of(const Payloads& all, std::size_t count) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count)};
}

constexpr std::uint32_t kCheckpoint = 3;
constexpr std::uint32_t kAppended = 6;

/// For every length: the file as it was up to there, and behind it what `tail` makes of what was there.
template <typename Tail>
void cut_everywhere(Tail tail) {
  JournalFiles files(kCheckpoint);
  files.append(kAppended);
  const Bytes whole = read_file(files.side(0), std::size_t{64} << 20U);
  const std::uint64_t end = files.offset_of(files.expected().size());
  const std::uint64_t begin = files.offset_of(kCheckpoint);
  std::size_t left = kCheckpoint;
  for (std::uint64_t length = begin; length < end; ++length) {
    while (left < files.expected().size() && files.offset_of(left + 1) <= length) ++left;
    const Bytes rest = tail(ByteView(whole).subspan(length, end - length));
    const UniqueFd fd = open_file(files.side(0), O_WRONLY);
    pwrite_full(fd.get(), ByteView(whole).first(end), 0, "journal");
    if (rest.empty()) {
      ASSERT_EQ(::ftruncate(fd.get(), static_cast<off_t>(length)), 0);
    } else {
      pwrite_full(fd.get(), rest, length, "journal");
    }
    Payloads expected = first_of(files.expected(), left);
    ASSERT_EQ(files.replayed(), expected) << "cut at " << length;
    // What was cut off stays off: the opening has gone on from there.
    expected.push_back(files.last_opened());
    ASSERT_EQ(files.replayed(), expected) << "cut at " << length << ", second opening";
    if (rest.empty()) write_at(files.side(0), 0, whole);
  }
}

TEST(Journal, CutAtEveryLengthReplaysToAPrefix) {
  cut_everywhere([](ByteView) { return Bytes(); });
}

TEST(Journal, ZerosFromAnywhereOnReplayToAPrefix) {
  cut_everywhere([](ByteView rest) { return Bytes(rest.size()); });
}

TEST(Journal, GarbageFromAnywhereOnReplaysToAPrefix) {
  cut_everywhere([](ByteView rest) {
    Bytes garbage = vault::ContentMaker(5).bytes(rest.size());
    garbage[0] = static_cast<std::uint8_t>(rest[0] ^ 1U);
    return garbage;
  });
}

TEST(Journal, ARecordLostInTheMiddleTakesAllAfterItAlongForGood) {
  cut_everywhere([](ByteView rest) {
    Bytes one_bit(rest.begin(), rest.end());
    one_bit[0] ^= 0x20U;
    return one_bit;
  });
}

TEST(Journal, DamageInsideTheCheckpointIsRefused) {
  JournalFiles files(kCheckpoint);
  files.append(1);
  const Bytes whole = read_file(files.side(0), std::size_t{64} << 20U);
  for (std::uint64_t at = 0; at < files.offset_of(kCheckpoint); ++at) {
    write_at(files.side(0), at, Bytes{static_cast<std::uint8_t>(whole[at] ^ 1U)});
    EXPECT_EQ(vault::error_of([&] { files.replayed(); }).code, Code::kCorruption) << "byte " << at;
    write_at(files.side(0), 0, ByteView(whole).first(files.offset_of(kCheckpoint)));
  }
}

TEST(Journal, ACheckpointCutOffAnywhereLeavesTheOneBefore) {
  JournalFiles files(kCheckpoint);
  files.append(kAppended);
  const Payloads before = files.expected();
  files.checkpoint({payload(90), payload(91)});
  // The header comes last: without every byte of it the other side is in force, with all that was appended there.
  const Bytes header(read_file(files.side(1), std::size_t{64} << 20U));
  for (std::uint64_t length = 0; length < kJournalHeaderBytes; ++length) {
    Bytes cut(header.begin(), header.begin() + kJournalHeaderBytes);
    std::fill(cut.begin() + static_cast<std::ptrdiff_t>(length), cut.end(), std::uint8_t{0});
    if (std::ranges::equal(cut, ByteView(header).first(kJournalHeaderBytes))) continue;
    write_at(files.side(1), 0, cut);
    const Payloads found = files.replayed();
    ASSERT_GE(found.size(), before.size()) << "cut at " << length;
    EXPECT_EQ(first_of(found, before.size()), before) << "cut at " << length;
  }
  write_at(files.side(1), 0, ByteView(header).first(kJournalHeaderBytes));
  EXPECT_EQ(files.replayed(), files.expected());
}

TEST(Journal, ANewerFormatIsRefusedAsThat) {
  JournalFiles files(kCheckpoint);
  Bytes header = read_file(files.side(0), std::size_t{64} << 20U);
  header.resize(kJournalHeaderBytes - 8);
  header[4] = kVolumeFormatVersion + 1;
  const codec::Hash256 hash = codec::sha256(header);
  header.insert(header.end(), hash.begin(), hash.begin() + 8);
  write_at(files.side(0), 0, header);
  const Error error = vault::error_of([&] { files.replayed(); });
  EXPECT_EQ(error.code, Code::kUnsupported);
  EXPECT_NE(error.message.find("newer"), std::string::npos);
}

}  // namespace
}  // namespace lifeboat::volume
