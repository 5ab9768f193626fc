// Every single-bit flip in one object of every kind is found: by the check that scrub, copy and heal use, and in normal
// use. And what else may be wrong with an object is told apart: truncated, foreign, misplaced, from a newer Lifeboat.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "vault/marks.h"
#include "vault/object_check.h"
#include "vault/pins.h"
#include "vault/proofs.h"
#include "vault/prune_testing.h"
#include "vault/scrub.h"
#include "vault/sealed_object.h"
#include "vault/session.h"

namespace lifeboat::vault {
namespace {

class Integrity : public ::testing::Test {
 protected:
  /// A vault with one object of every kind, all of them small.
  Integrity() {
    log::configure(log::Level::kError, log::Style::kText);  // damaged slots and marks are warned of, thousands of times
    ImageWriter writer(*vault_, nullptr);
    FileEntry entry{.path = "db/t1.ibd", .size = 5 * kChunkBytes};
    ChunkMapEditor editor(writer, {}, 0);
    editor.set(0, writer.store_chunk(content_, {}));
    entry.chunks = editor.finish(5);
    writer.put_entry(entry);
    image_ = writer.publish({}, false).name;
    pin_image(*vault_, image_);
    scrub(*vault_, {});
    mark_ = put_mark(*vault_, {.images = {"20000101-000000-000000"}}, "test");
    settle_mark(*vault_, mark_.id, MarkState::kUndone);
    put_object(*vault_, ObjectKind::kLaunch, format("{}{}-{}", kLaunchPrefix, image_, id_text(random_id())),
               as_bytes("a list"));
    put_proof(*vault_, {.image = image_, .id = make_proof_id(now())}, now(), {.passed = true, .restored = true}, {});
    session_.emplace(*vault_, SessionKind::kRead, image_);
    names_ = object_names(*vault_, "");
  }
  ~Integrity() override { log::configure(log::Level::kInfo, log::Style::kText); }

  std::string name_of(std::string_view prefix) {
    const auto at = std::ranges::find_if(names_, [&](const std::string& name) { return name.starts_with(prefix); });
    return at == names_.end() ? "" : *at;
  }

  Error check(const std::string& name, ByteView object) {
    return error_of([&] { check_object(vault_->keys(), name, object); });
  }

  static Bytes sparse_content() {
    Bytes content(kChunkBytes);
    std::ranges::copy(ContentMaker(1).bytes(500), content.begin());
    return content;
  }

  CacheInTempDir cache_;
  TestVault vault_;
  Bytes content_ = sparse_content();
  ImageName image_;
  Mark mark_;
  std::optional<Session> session_;
  std::vector<std::string> names_;
};

TEST_F(Integrity, TheSampleHasEveryKind) {
  for (const std::string_view prefix :
       {kConfigName, kKeysPrefix, kPacksPrefix, kImagesPrefix, kPinsPrefix, kSessionsPrefix, kMarksPrefix, kUndoPrefix,
        kLaunchPrefix, kScrubPrefix, kProofsPrefix}) {
    EXPECT_NE(name_of(prefix), "") << prefix;
  }
  for (const std::string& name : names_) EXPECT_NO_THROW(check_object(vault_->keys(), name, vault_.content(name)));
}

TEST_F(Integrity, EverySingleBitOfEveryObjectIsFound) {
  for (const std::string& name : names_) {
    std::size_t bits = 0;
    for_each_flipped_bit(vault_.content(name), [&](const Bytes& changed, std::size_t bit) {
      ++bits;
      if (!tells_of_damage(check(name, changed))) ADD_FAILURE() << name << " bit " << bit;
    });
    EXPECT_GT(bits, 300U) << name;
  }
}

TEST_F(Integrity, EveryLengthButTheRightOneIsFound) {
  for (const std::string& name : names_) {
    const Bytes good = vault_.content(name);
    for (std::size_t size = 0; size < good.size(); ++size) {
      if (!tells_of_damage(check(name, ByteView(good).first(size)))) ADD_FAILURE() << name << " cut at " << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_TRUE(tells_of_damage(check(name, longer))) << name;
  }
}

TEST_F(Integrity, AForeignObjectIsCalledForeign) {
  TestVault other;
  for (const std::string& name : names_) {
    const Error error = error_of([&] { check_object(other->keys(), name, vault_.content(name)); });
    EXPECT_EQ(error.code, Code::kCorruption) << name;
    if (name != kConfigName) EXPECT_NE(error.message.find("foreign"), std::string::npos) << error.message;
  }
}

TEST_F(Integrity, AMisplacedObjectIsCalledMisplaced) {
  for (const std::string& name : names_) {
    if (name == kConfigName) continue;  // there is only one
    std::string elsewhere = name;
    elsewhere[name.rfind('/') + 3] = name[name.rfind('/') + 3] == '0' ? '1' : '0';
    const Error error = check(elsewhere, vault_.content(name));
    EXPECT_EQ(error.code, Code::kCorruption) << name;
    EXPECT_NE(error.message.find("misplaced"), std::string::npos) << error.message;
  }
}

TEST_F(Integrity, ANewerFormatIsCalledNewer) {
  for (const std::string& name : names_) {
    Bytes object = vault_.content(name);
    object[6] = kFormatVersion + 1;
    const Error error = check(name, object);
    EXPECT_EQ(error.code, Code::kUnsupported) << name;
    EXPECT_NE(error.message.find("newer"), std::string::npos) << error.message;
  }
}

/// In normal use, that is: what reads an object of this kind notices.
class IntegrityInUse : public Integrity {
 protected:
  void expect_noticed(std::string_view prefix, const std::function<bool()>& notices, std::size_t step = 1) {
    const std::string name = name_of(prefix);
    const Bytes good = vault_.content(name);
    ASSERT_FALSE(notices()) << "nothing is wrong yet";
    for (std::size_t bit = 0; bit < good.size() * 8; bit += step) {
      Bytes changed = good;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      overwrite(vault_.path(name), 0, changed);
      if (!notices()) ADD_FAILURE() << name << " bit " << bit;
    }
    overwrite(vault_.path(name), 0, good);
  }
  static bool fails(const std::function<void()>& call) {
    try {
      call();
      return false;
    } catch (const Exception& e) {
      return tells_of_damage(e.error());
    }
  }
};

TEST_F(IntegrityInUse, AnImageThatIsListed) {
  expect_noticed(kImagesPrefix, [&] {
    std::vector<std::string> damaged;
    return list_images(*vault_, &damaged).empty() && damaged.size() == 1;
  });
}

TEST_F(IntegrityInUse, AMarkIsLeftOut) {
  expect_noticed(kMarksPrefix, [&] {
    std::vector<std::string> damaged;
    return read_marks(*vault_, damaged).empty() && damaged.size() == 1;
  });
}

TEST_F(IntegrityInUse, AnUndoIsUnclear) {
  expect_noticed(kUndoPrefix, [&] {
    std::vector<std::string> damaged;
    return read_marks(*vault_, damaged).at(0).state == MarkState::kUnclear && damaged.size() == 1;
  });
}

TEST_F(IntegrityInUse, ASessionCountsAsAWriter) {
  expect_noticed(kSessionsPrefix, [&] { return !list_sessions(*vault_).at(0).damage.empty(); });
}

TEST_F(IntegrityInUse, AScrubResultIsLeftOut) {
  expect_noticed(kScrubPrefix,
                 [&] { return fails([&] { get_object(*vault_, ObjectKind::kScrub, name_of(kScrubPrefix)); }); });
}

TEST_F(IntegrityInUse, TheConfigKeepsTheVaultShut) {
  expect_noticed(kConfigName, [&] { return fails([&] { vault_.open(); }); }, 53);  // each opening takes scrypt
}

TEST_F(IntegrityInUse, AChunkIsNotRead) {
  ImageReader reader(*vault_, image_);
  const ChunkRef ref = reader.chunk(*reader.find("db/t1.ibd"), 0);
  const std::string name = pack_name(ref.record.pack);
  const Bytes good = vault_.content(name);
  Bytes out(kChunkBytes);
  for (std::size_t bit = 0; bit < std::size_t{ref.record.length} * 8; bit += 7) {
    Bytes changed = good;
    changed[ref.record.offset + bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    overwrite(vault_.path(name), 0, changed);
    if (!fails([&] { ImageReader(*vault_, image_).read_chunk(ref, out); })) ADD_FAILURE() << "bit " << bit;
  }
}

}  // namespace
}  // namespace lifeboat::vault
