// Images by name, hidden ones, damaged ones; and what lies under them: nodes, the local index.
#include "vault/image.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "vault/dedup_index.h"
#include "vault/directory_nodes.h"
#include "vault/format.h"
#include "vault/image_object.h"
#include "vault/image_reader.h"
#include "vault/image_testing.h"
#include "vault/image_writer.h"
#include "vault/marks.h"
#include "vault/sealed_object.h"

namespace lifeboat::vault {
namespace {

class ImageTest : public testing::Test {
 protected:
  ImageName publish(int files = 1) {
    ImageWriter writer(*vault_, nullptr);
    for (int i = 0; i < files; ++i) writer.put_entry({.path = format("f{:06}", i), .link_target = {}, .chunks = {}});
    ImageInfo info;
    info.origin = "a test";
    info.server = {{"version", "10.11"}};
    info.attachments = {{"key", "c2VjcmV0"}};
    return writer.publish(info, false).name;
  }

  void put_json(ObjectKind kind, const std::string& name, const json::object& object) {
    put_object(*vault_, kind, name, as_bytes(json::serialize(object)));
  }

  CacheInTempDir cache_;
  TestVault vault_;
};

TEST_F(ImageTest, MetadataComesBack) {
  const ImageName name = publish(3);
  EXPECT_TRUE(valid_image_name(name));
  const ImageInfo info = list_images(*vault_).at(0);
  EXPECT_EQ(info.name, name);
  EXPECT_EQ(info.origin, "a test");
  EXPECT_EQ(info.files, 3U);
  EXPECT_EQ(info.server.at("version").as_string(), "10.11");
  EXPECT_EQ(info.attachments.at("key").as_string(), "c2VjcmV0");
  EXPECT_FALSE(image_to_json(info).contains("attachments"));
}

TEST_F(ImageTest, NamesAreResolved) {
  EXPECT_EQ(error_of([&] { resolve_image(*vault_, "latest"); }).code, Code::kNotFound);
  const ImageName name = publish();
  EXPECT_EQ(resolve_image(*vault_, "latest"), name);
  EXPECT_EQ(resolve_image(*vault_, name), name);
  EXPECT_EQ(resolve_image(*vault_, name.substr(0, 8)), name);
  const Error absent = error_of([&] { resolve_image(*vault_, "1999"); });
  EXPECT_EQ(absent.code, Code::kNotFound);
  EXPECT_NE(absent.hint.find(name), std::string::npos);
  EXPECT_EQ(error_of([&] { resolve_image(*vault_, ""); }).code, Code::kNotFound);
  ImageReader parent(*vault_, name);
  const ImageName newer = ImageWriter(*vault_, &parent).publish({}, true).name;
  EXPECT_EQ(resolve_image(*vault_, "latest"), newer);
  EXPECT_EQ(error_of([&] { resolve_image(*vault_, "2"); }).code, Code::kUsage);
}

TEST_F(ImageTest, LatestIsTheOnePublishedLastAlsoWithinOneSecondAndWhenTheClockFellBehind) {
  for (int i = 0; i < 12; ++i) {
    const ImageName name = publish();
    EXPECT_EQ(resolve_image(*vault_, "latest"), name);
  }
  const ImageName ahead = make_image_name(from_unix_ms(4'102'444'799'000));
  EXPECT_EQ(unix_ms(image_name_time(ahead)), 4'102'444'799'000);
  put_object(*vault_, ObjectKind::kImage, format("{}{}", kImagesPrefix, ahead), encode_image({}, {}));
  const ImageName after = publish();
  EXPECT_TRUE(after.starts_with("21000101-000000-")) << after;
  EXPECT_EQ(resolve_image(*vault_, "latest"), after);
}

TEST_F(ImageTest, MarkedImagesAreHiddenUnlessTheMarkIsUndone) {
  const ImageName name = publish();
  const Mark mark = put_mark(*vault_, {.images = {name}}, "test");
  EXPECT_TRUE(list_images(*vault_).empty());
  EXPECT_EQ(error_of([&] { resolve_image(*vault_, name); }).code, Code::kNotFound);
  ImageReader parent(*vault_, name);
  EXPECT_EQ(error_of([&] { ImageWriter(*vault_, &parent); }).code, Code::kConflict);
  settle_mark(*vault_, mark.id, MarkState::kUndone);
  EXPECT_EQ(resolve_image(*vault_, "latest"), name);
}

TEST_F(ImageTest, MarkedPacksAreNotUsedAgain) {
  ContentMaker make(1);
  const Bytes content = make.bytes(kChunkBytes);
  ChunkRef first;
  {
    ImageWriter writer(*vault_, nullptr);
    first = writer.store_chunk(content, {});
    writer.publish({}, false);
  }
  EXPECT_EQ(ImageWriter(*vault_, nullptr).store_chunk(content, {}), first);
  put_json(ObjectKind::kMark, "marks/" + id_text(random_id()),
           {{"time", 1}, {"images", json::array()}, {"packs", {id_text(first.record.pack)}}, {"reason", "test"}});
  EXPECT_NE(ImageWriter(*vault_, nullptr).store_chunk(content, {}).record.pack, first.record.pack);
}

TEST_F(ImageTest, EveryFlippedByteOfAnImageIsFoundAndDoesNotHideTheOthers) {
  const ImageName name = publish();
  const ImageName other = publish();
  const std::string object = format("images/{}", name);
  const Bytes whole = vault_.content(object);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes changed = whole;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    vault_.replace(object, changed);
    std::vector<std::string> damaged;
    const auto images = list_images(*vault_, &damaged);
    ASSERT_EQ(images.size(), 1U);
    EXPECT_EQ(images[0].name, other);
    ASSERT_EQ(damaged.size(), 1U);
    EXPECT_NE(damaged[0].find(name), std::string::npos) << damaged[0];
    EXPECT_TRUE(tells_of_damage(error_of([&] { ImageReader(*vault_, name); })));
  }
  EXPECT_TRUE(tells_of_damage(error_of([&] { list_images(*vault_); })));
}

TEST_F(ImageTest, EveryFlippedByteOfANodeIsFound) {
  const ImageName name = publish(3000);
  ImageReader reader(*vault_, name);
  ASSERT_EQ(reader.root().level, 1);
  const RecordRef node = reader.root().children.at(1).record;
  const std::string pack = pack_name(node.pack);
  const Bytes whole = vault_.content(pack);
  for (std::uint32_t at = node.offset; at < node.offset + node.length; at += 3) {
    Bytes changed = whole;
    changed[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    vault_.replace(pack, changed);
    ImageReader damaged(*vault_, name);
    const Error error = error_of([&] { damaged.for_each_entry([](const FileEntry&) {}); });
    EXPECT_EQ(error.code, Code::kCorruption);
    EXPECT_NE(error.text().find(id_text(node.pack).substr(0, 8)), std::string::npos) << error.text();
  }
}

TEST_F(ImageTest, ATopDirectoryIsKeptAndOneOutOfRangeIsDamage) {
  ImageInfo info;
  info.top = TopDirectory{.mode = 07777, .uid = 0xFFFFFFFF, .gid = 1};
  EXPECT_EQ(decode_image("i", encode_image(info, {})).info.top, info.top);
  info.top->mode = 010000;
  EXPECT_EQ(error_of([&] { decode_image("i", encode_image(info, {})); }).code, Code::kCorruption);
  info.top.reset();
  EXPECT_EQ(decode_image("i", encode_image(info, {})).info.top, std::nullopt);
}

TEST_F(ImageTest, ANodeOfTheWrongLevelIsRefused) {
  const Bytes payload = encode_image({}, {.level = 2, .entries = {}, .children = [&] {
                                            ImageReader reader(*vault_, publish(3000));
                                            return reader.root().children;
                                          }()});
  const ImageName name = make_image_name(now());
  put_object(*vault_, ObjectKind::kImage, format("images/{}", name), payload);
  ImageReader reader(*vault_, name);
  EXPECT_EQ(error_of([&] { reader.for_each_entry([](const FileEntry&) {}); }).code, Code::kCorruption);
}

TEST_F(ImageTest, TheIndexFindsWhatWasPutIn) {
  const TempDir directory;
  ContentMaker make(2);
  std::vector<ChunkRef> refs(2000);
  for (ChunkRef& ref : refs) {
    ref.kind = ChunkKind::kPlain;
    ref.record = {random_id(), make.any(), 20};
    ref.digest = random_id();
  }
  {
    DedupIndex index(directory.path(), vault_->id(), 1U << 20U);
    for (const ChunkRef& ref : refs) index.insert(ref);
  }
  DedupIndex index(directory.path(), vault_->id(), 1U << 20U);
  for (const ChunkRef& ref : refs) EXPECT_EQ(index.find(ref.digest), ref);
  EXPECT_EQ(index.find(random_id()), std::nullopt);
  refs[0].record.offset += 1;
  index.insert(refs[0]);
  EXPECT_EQ(index.find(refs[0].digest), refs[0]);
  // Another vault's index is not believed; and neither is this one once the other has taken its place.
  EXPECT_EQ(DedupIndex(directory.path(), random_id(), 1U << 20U).find(refs[1].digest), std::nullopt);
  EXPECT_EQ(DedupIndex(directory.path(), vault_->id(), 1U << 20U).find(refs[1].digest), std::nullopt);
}

TEST_F(ImageTest, TheIndexStaysBoundedAndFindsTheNewest) {
  const TempDir directory;
  DedupIndex index(directory.path(), vault_->id(), 16U << 10U);
  int found = 0;
  for (int i = 0; i < 5000; ++i) {
    const ChunkRef ref{ChunkKind::kPlain, {random_id(), 1, 20}, {}, random_id()};
    index.insert(ref);
    found += index.find(ref.digest) == ref ? 1 : 0;
  }
  EXPECT_EQ(found, 5000);
  EXPECT_EQ(std::filesystem::file_size(directory.path() / "dedup"), 16U << 10U);
}

TEST_F(ImageTest, AFlippedByteOfAnIndexEntryIsNotBelieved) {
  const TempDir directory;
  const ChunkRef ref{ChunkKind::kPlain, {random_id(), 1, 20}, {}, random_id()};
  DedupIndex index(directory.path(), vault_->id(), 8192);
  index.insert(ref);
  const Path file = directory.path() / "dedup";
  const Bytes whole = read_file(file);
  for (std::size_t at = 4096; at < 4096 + 48; ++at) {
    const std::uint8_t changed = whole[at] ^ 1U;
    overwrite(file, at, {&changed, 1});
    EXPECT_EQ(index.find(ref.digest), std::nullopt) << at;
    overwrite(file, at, ByteView(whole).subspan(at, 1));
  }
  EXPECT_EQ(index.find(ref.digest), ref);
}

TEST_F(ImageTest, WithoutAPlaceForTheIndexAllGoesOn) {
  DedupIndex index("/proc/nowhere", vault_->id());
  index.insert({ChunkKind::kPlain, {random_id(), 1, 20}, {}, random_id()});
  EXPECT_EQ(index.find(random_id()), std::nullopt);
}

}  // namespace
}  // namespace lifeboat::vault
