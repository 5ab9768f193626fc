#include "vault/records.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <ranges>
#include <thread>

#include "base/random.h"
#include "codec/compress.h"
#include "store/store_testing.h"
#include "vault/keys.h"
#include "vault/pack_check.h"
#include "vault/sealed_object.h"
#include "vault/vault_testing.h"

namespace lifeboat::vault {
namespace {

std::vector<std::string> names(store::Store& store, std::string_view prefix) {
  std::vector<std::string> out;
  store.list(prefix, [&](const store::ObjectInfo& object) { out.push_back(object.name); });
  return out;
}

struct Written {
  RecordKind kind;
  RecordRef ref;
  Bytes payload;
};

/// A pack of three records of different kinds.
std::vector<Written> write_three(Vault& vault) {
  RecordWriter writer(vault);
  std::vector<Written> out;
  for (const RecordKind kind : {RecordKind::kChunk, RecordKind::kDelta, RecordKind::kNode}) {
    Bytes payload = random_bytes(20 + static_cast<std::size_t>(kind));
    const RecordRef ref = writer.add(kind, PayloadCodec::kNone, {payload});
    out.push_back({kind, ref, std::move(payload)});
  }
  writer.finish();
  return out;
}

TEST(Records, AreReadAsTheyWereAdded) {
  TestVault vault;
  RecordWriter writer(*vault);
  const Bytes mask = {1, 0, 0, 0};
  const Bytes rest = random_bytes(5000);
  const RecordRef delta = writer.add(RecordKind::kDelta, PayloadCodec::kZstdPrefix, {mask, rest});
  const RecordRef empty = writer.add(RecordKind::kNode, PayloadCodec::kNone, {});
  const RecordRef chunk = writer.add(RecordKind::kChunk, PayloadCodec::kZstd, {codec::compress(Bytes(131072, 5), 1)});
  EXPECT_TRUE(names(vault->store(), kPacksPrefix).empty()) << "visible before finish";
  writer.finish();
  ASSERT_EQ(writer.packs().size(), 1U);
  EXPECT_EQ(vault.content(pack_name(writer.packs()[0])).size(), writer.bytes_written());
  EXPECT_EQ(delta.offset, kHeaderBytes);
  EXPECT_EQ(empty.offset, delta.offset + delta.length);

  RecordReader reader(*vault);
  Record record = reader.read(delta, RecordKind::kDelta);
  Bytes whole = mask;
  whole.insert(whole.end(), rest.begin(), rest.end());
  EXPECT_EQ(record.codec(), PayloadCodec::kZstdPrefix);
  EXPECT_EQ(Bytes(record.payload().begin(), record.payload().end()), whole);
  EXPECT_EQ(error_of([&] { record.content(1000000); }).code, Code::kCorruption) << "needs its prefix";
  reader.read(empty, RecordKind::kNode, record);
  EXPECT_TRUE(record.payload().empty());
  reader.read(chunk, RecordKind::kChunk, record);
  EXPECT_EQ(record.content(131072), Bytes(131072, 5));
  EXPECT_EQ(error_of([&] { record.content(131071); }).code, Code::kCorruption);

  const PackRange range = reader.fetch(delta.pack, delta.offset, chunk.offset + chunk.length - delta.offset);
  range.open(chunk, RecordKind::kChunk, record);
  EXPECT_EQ(record.content(131072), Bytes(131072, 5));
  range.open(delta, RecordKind::kDelta, record);
  EXPECT_EQ(record.payload().size(), whole.size());
  range.open(delta, RecordKind::kDelta, record);
  EXPECT_FALSE(range.contains({delta.pack, chunk.offset, chunk.length + 1}));
  EXPECT_FALSE(range.contains({random_id(), chunk.offset, chunk.length}));
}

TEST(Records, AnotherKindPlaceOrLengthIsDamage) {
  TestVault vault;
  const std::vector<Written> written = write_three(*vault);
  RecordReader reader(*vault);
  RecordRef ref = written[0].ref;
  EXPECT_EQ(error_of([&] { reader.read(ref, RecordKind::kDelta); }).code, Code::kCorruption);
  ref.offset += 1;
  EXPECT_EQ(error_of([&] { reader.read(ref, RecordKind::kChunk); }).code, Code::kCorruption);
  ref = written[0].ref;
  ref.length = 3;
  EXPECT_EQ(error_of([&] { reader.read(ref, RecordKind::kChunk); }).code, Code::kCorruption);
  ref.length = UINT32_MAX;
  EXPECT_EQ(error_of([&] { reader.read(ref, RecordKind::kChunk); }).code, Code::kCorruption);
  ref = written[0].ref;
  ref.pack = random_id();
  EXPECT_EQ(error_of([&] { reader.read(ref, RecordKind::kChunk); }).code, Code::kNotFound);
}

TEST(RecordWriter, ThreadsFillSeveralPacksAndEverythingIsThere) {
  TestVault vault;
  RecordWriter writer(*vault, 64 << 10);
  std::vector<std::vector<Written>> written(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < written.size(); ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < 300; ++i) {
        Bytes payload(random() % 3000, static_cast<std::uint8_t>(random()));
        const RecordRef ref = writer.add(RecordKind::kChunk, PayloadCodec::kNone, {payload});
        written[t].push_back({RecordKind::kChunk, ref, std::move(payload)});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer.finish();

  RecordReader reader(*vault);
  std::map<RecordRef, int> seen;
  for (const auto& of_thread : written) {
    for (const Written& one : of_thread) {
      const Record record = reader.read(one.ref, one.kind);
      ASSERT_EQ(Bytes(record.payload().begin(), record.payload().end()), one.payload);
      ++seen[one.ref];
    }
  }
  EXPECT_EQ(seen.size(), 1200U);
  std::uint64_t bytes = 0;
  std::size_t records = 0;
  for (const Id& pack : writer.packs()) {
    const PackCheck check = check_pack(*vault, pack);
    EXPECT_TRUE(check.whole());
    records += check.records.size();
    bytes += vault.content(pack_name(pack)).size();
  }
  EXPECT_EQ(records, 1200U);
  EXPECT_EQ(bytes, writer.bytes_written());
  EXPECT_GT(writer.packs().size(), 8U);
  EXPECT_EQ(names(vault->store(), kPacksPrefix).size(), writer.packs().size());
}

TEST(RecordWriter, WithoutFinishOpenPacksVanish) {
  TestVault vault;
  {
    RecordWriter writer(*vault);
    writer.add(RecordKind::kChunk, PayloadCodec::kNone, {random_bytes(100)});
  }
  EXPECT_TRUE(names(vault->store(), kPacksPrefix).empty());
}

TEST(RecordWriter, GoesOnAfterFinishInNewPacks) {
  TestVault vault;
  RecordWriter writer(*vault);
  writer.finish();
  EXPECT_TRUE(writer.packs().empty()) << "nothing added, nothing made";
  const RecordRef first = writer.add(RecordKind::kNode, PayloadCodec::kNone, {as_bytes("one")});
  writer.finish();
  const RecordRef second = writer.add(RecordKind::kNode, PayloadCodec::kNone, {as_bytes("two")});
  writer.finish();
  EXPECT_NE(first.pack, second.pack);
  EXPECT_EQ(as_text(RecordReader(*vault).read(second, RecordKind::kNode).payload()), "two");
}

/// A store that runs out of space after some bytes, as disks do.
class FullStore : public store::ForwardingStore {
 public:
  FullStore(std::unique_ptr<store::Store> store, std::int64_t space)
      : ForwardingStore(std::move(store)), space_(space) {}

  std::unique_ptr<store::ObjectWriter> create(std::string_view name) override {
    return std::make_unique<Writer>(*this, ForwardingStore::create(name));
  }

 private:
  struct Writer : store::ObjectWriter {
    Writer(FullStore& store_in, std::unique_ptr<store::ObjectWriter> writer_in)
        : store(store_in), writer(std::move(writer_in)) {}
    void append(ByteView bytes) override { writer->append(bytes); }
    void commit() override {
      if (store.space_.fetch_sub(1) <= 0) fail(Code::kOutOfSpace, "the store is full");
      writer->commit();
    }
    FullStore& store;
    std::unique_ptr<store::ObjectWriter> writer;
  };
  std::atomic<std::int64_t> space_;
};

TEST(RecordWriter, TheFirstErrorSticks) {
  TestVault made;
  const auto vault = Vault::open(std::make_unique<FullStore>(made.open_store(), 3), credential(TestVault::kPassphrase));
  RecordWriter writer(*vault, 4096);
  const auto add_many = [&] {
    for (int i = 0; i < 1000; ++i) writer.add(RecordKind::kChunk, PayloadCodec::kNone, {Bytes(5000)});
  };
  EXPECT_EQ(error_of(add_many).code, Code::kOutOfSpace);
  EXPECT_EQ(error_of([&] { writer.add(RecordKind::kChunk, PayloadCodec::kNone, {}); }).code, Code::kOutOfSpace);
  EXPECT_EQ(error_of([&] { writer.finish(); }).code, Code::kOutOfSpace);
  EXPECT_EQ(error_of([&] { writer.finish(); }).code, Code::kOutOfSpace);
  EXPECT_LE(writer.packs().size(), 3U);
}

TEST(PackCheck, EveryFlippedBitIsFoundAndNamed) {
  TestVault vault;
  const std::vector<Written> written = write_three(*vault);
  const Id pack = written[0].ref.pack;
  const Bytes bytes = vault.content(pack_name(pack));
  const std::size_t records_end = written[2].ref.offset + written[2].ref.length;
  for_each_flipped_bit(bytes, [&](const Bytes& changed, std::size_t bit) {
    // Written in place: durable replacement of a file per bit would take minutes.
    const UniqueFd file = open_file(vault.path(pack_name(pack)), O_WRONLY);
    pwrite_full(file.get(), changed, 0, "pack");
    try {
      const PackCheck check = check_pack(*vault, pack);
      ASSERT_EQ(check.damage.size(), 1U) << bit;
      const std::size_t byte = bit / 8;
      const RecordRef& found = check.damage[0].entry.ref;
      if (byte >= kHeaderBytes && byte < records_end) {
        EXPECT_TRUE(found.offset <= byte && byte < found.offset + found.length) << bit;
      } else {
        EXPECT_EQ(found.length, 0U) << bit;
      }
    } catch (const Exception& e) {
      EXPECT_TRUE(e.code() == Code::kUnsupported && (bit / 8 == 6 || bit / 8 == 7)) << bit << ": " << e.what();
    }
  });
}

TEST(PackCheck, TruncationAtEveryLengthIsFound) {
  TestVault vault;
  const std::vector<Written> written = write_three(*vault);
  const Id pack = written[0].ref.pack;
  const Path path = vault.path(pack_name(pack));
  std::vector<PackEntry> entries;
  for (const Written& one : written) entries.push_back({one.kind, one.ref});
  EXPECT_EQ(read_pack_index(*vault, pack), entries);
  EXPECT_TRUE(check_records(*vault, pack, entries).whole());
  for (std::size_t size = std::filesystem::file_size(path); size-- > 0;) {
    std::filesystem::resize_file(path, size);
    EXPECT_FALSE(check_pack(*vault, pack).whole()) << size;
    const auto lost =
        std::ranges::count_if(entries, [&](const PackEntry& e) { return e.ref.offset + e.ref.length > size; });
    EXPECT_EQ(check_records(*vault, pack, entries).damage.size(), static_cast<std::size_t>(lost)) << size;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(error_of([&] { check_pack(*vault, pack); }).code, Code::kNotFound);
}

TEST(PackCheck, ForeignAndMisplacedPacksAreNamed) {
  TestVault vault;
  TestVault other;
  const Id pack = write_three(*vault)[0].ref.pack;
  const Id foreign = write_three(*other)[0].ref.pack;
  const auto finding = [&](const Bytes& bytes) {
    vault.replace(pack_name(pack), bytes);
    return check_pack(*vault, pack).damage.at(0).what;
  };
  EXPECT_NE(finding(other.content(pack_name(foreign))).find("foreign object"), std::string::npos);
  const Id second = write_three(*vault)[0].ref.pack;
  EXPECT_NE(finding(vault.content(pack_name(second))).find("misplaced object"), std::string::npos);
  EXPECT_NE(finding(Bytes(200, 1)).find("not a Lifeboat object"), std::string::npos);
}

TEST(SealedObject, RoundTripsSmallAndLarge) {
  TestVault vault;
  for (const Bytes& payload : {Bytes{}, random_bytes(10), Bytes(1000000, 7), random_bytes(1000000)}) {
    const Bytes object = seal_object(vault->keys(), ObjectKind::kPin, "pins/x", payload);
    EXPECT_EQ(open_object(vault->keys(), ObjectKind::kPin, "pins/x", object), payload);
    EXPECT_LT(object.size(), payload.size() + 100);
  }
  put_object(*vault, ObjectKind::kPin, "pins/x", as_bytes("why"));
  EXPECT_EQ(as_text(get_object(*vault, ObjectKind::kPin, "pins/x")), "why");
  EXPECT_EQ(error_of([&] { put_object(*vault, ObjectKind::kPin, "pins/x", {}); }).code, Code::kExists);
  EXPECT_EQ(error_of([&] { get_object(*vault, ObjectKind::kPin, "pins/y"); }).code, Code::kNotFound);
}

TEST(SealedObject, EveryFlippedBitAndTruncationIsFound) {
  TestVault vault;
  TestVault other;
  const Keys& keys = vault->keys();
  const Bytes object = seal_object(keys, ObjectKind::kMark, "marks/1", as_bytes("{\"packs\":[]}"));
  for_each_flipped_bit(object, [&](const Bytes& changed, std::size_t bit) {
    const Error error = error_of([&] { open_object(keys, ObjectKind::kMark, "marks/1", changed); });
    EXPECT_TRUE(tells_of_damage(error)) << bit << ": " << error.text();
  });
  for (std::size_t size = 0; size < object.size(); ++size) {
    const auto open = [&] { open_object(keys, ObjectKind::kMark, "marks/1", ByteView(object).first(size)); };
    EXPECT_EQ(error_of(open).code, Code::kCorruption) << size;
  }
  const auto message = [&](const Keys& with, ObjectKind kind, std::string_view name) {
    return error_of([&] { open_object(with, kind, name, object); }).message;
  };
  EXPECT_NE(message(other->keys(), ObjectKind::kMark, "marks/1").find("foreign object"), std::string::npos);
  EXPECT_NE(message(keys, ObjectKind::kMark, "marks/2").find("misplaced object"), std::string::npos);
  EXPECT_NE(message(keys, ObjectKind::kUndo, "marks/1").find("misplaced object"), std::string::npos);
}

}  // namespace
}  // namespace lifeboat::vault
