// Random operations on a volume beside a model of what a file system promises: everything reads as written; after
// kill -9 and after power cuts every name is as after some moment since the last sync, and every byte is as at its last
// fsync or as written since. LIFEBOAT_MODEL_OPS and LIFEBOAT_MODEL_SEED make it longer or repeat a failure.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <list>
#include <mutex>
#include <set>

#include "volume/volume_testing.h"

namespace lifeboat::volume {
namespace {

constexpr std::uint64_t kSizeMax = 10 * kChunkBytes + 12345;
constexpr std::size_t kFilesMax = 10;
constexpr std::size_t kVersionsMax = 400;

/// Remembers what unsynced writes replaced, so that a power cut can take any of them back.
class PowerCut : public IoHook {
 public:
  explicit PowerCut(std::mt19937& random) : random_(random) {}

  int before(const IoEvent& event) override {
    const std::scoped_lock lock(mutex_);
    if (event.kind == IoKind::kSync || event.kind == IoKind::kRemove) {
      undo_.remove_if([&](const Undo& undo) { return undo.path == event.path; });
      return 0;
    }
    if (event.kind == IoKind::kSyncFileSystem) {
      undo_.clear();
      return 0;
    }
    struct stat info{};
    if (::fstat(event.fd, &info) != 0) return errno;
    const auto size = static_cast<std::uint64_t>(info.st_size);
    Undo undo{event.path, event.offset, {}, size};
    const std::uint64_t end = event.kind == IoKind::kTruncate ? size : event.offset + event.length;
    if (event.kind != IoKind::kReserve && end > event.offset) {
      undo.content.resize(end - event.offset);
      pread_full(event.fd, undo.content, event.offset, event.path);
    }
    undo_.push_back(std::move(undo));
    return 0;
  }

  /// The power goes: some of what was not synced never happened, some only in part.
  void cut() {
    const std::scoped_lock lock(mutex_);
    const std::uint32_t chance = random_() % 3;  // none is lost, half, all
    for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
      if (chance == 0 || (chance == 1 && random_() % 2 == 0)) continue;
      const UniqueFd fd = find_file(undo->path, O_RDWR);
      if (!fd.valid()) continue;
      std::size_t first = 0;
      std::size_t last = undo->content.size();
      if (last > 1024 && random_() % 3 == 0) {  // torn between sectors
        first = random_() % (last / 512) * 512;
        last = std::min<std::size_t>(last, first + (1 + random_() % 64) * 512);
      }
      pwrite_full(fd.get(), ByteView(undo->content).subspan(first, last - first), undo->offset + first, undo->path);
    }
    undo_.clear();
  }
  void forget() {
    const std::scoped_lock lock(mutex_);
    undo_.clear();
  }

 private:
  struct Undo {
    std::string path;
    std::uint64_t offset = 0;
    Bytes content;
    std::uint64_t size = 0;
  };
  std::mt19937& random_;
  std::mutex mutex_;
  std::list<Undo> undo_;
};

/// A file's content, and what it was since its last fsync.
struct ModelFile {
  Bytes content;
  std::map<std::uint64_t, std::vector<Bytes>> versions;  ///< by block: before each change
  std::set<std::uint64_t> sizes;
  std::size_t version_count = 0;

  Bytes block(std::uint64_t number) const {
    Bytes out(kBlockBytes);
    const std::uint64_t offset = number * kBlockBytes;
    if (offset < content.size()) {
      const std::size_t n = std::min<std::size_t>(kBlockBytes, content.size() - offset);
      std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
    }
    return out;
  }
  void remember(std::uint64_t offset, std::uint64_t end) {
    sizes.insert(content.size());
    for (std::uint64_t b = offset / kBlockBytes; b * kBlockBytes < end; ++b) {
      std::vector<Bytes>& list = versions[b];
      Bytes now = block(b);
      if (!list.empty() && list.back() == now) continue;
      list.push_back(std::move(now));
      ++version_count;
    }
  }
  void write(std::uint64_t offset, ByteView in) {
    remember(offset, offset + in.size());
    if (content.size() < offset + in.size()) content.resize(offset + in.size());
    std::ranges::copy(in, content.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void resize(std::uint64_t size) {
    remember(std::min<std::uint64_t>(size, content.size()), content.size());
    content.resize(size);
  }
  void replace(const Bytes& by) {
    remember(0, std::max(content.size(), by.size()));
    content = by;
  }
  void synced() {
    versions.clear();
    sizes.clear();
    version_count = 0;
  }
  /// Whether `found` may be the content after a crash.
  ::testing::AssertionResult may_be(const Bytes& found) const {
    if (found.size() != content.size() && !sizes.contains(found.size())) {
      return ::testing::AssertionFailure() << "size " << found.size() << ", was " << content.size();
    }
    ModelFile other;
    other.content = found;
    for (std::uint64_t b = 0; b * kBlockBytes < found.size(); ++b) {
      const Bytes now = block(b);
      const Bytes is = other.block(b);
      if (is == now) continue;
      const auto list = versions.find(b);
      const std::size_t visible = std::min<std::size_t>(kBlockBytes, found.size() - b * kBlockBytes);
      for (std::size_t i = 0; i < visible; ++i) {
        bool fits = is[i] == now[i];
        if (!fits && list != versions.end()) {
          for (const Bytes& version : list->second) fits = fits || version[i] == is[i];
        }
        if (!fits) {
          return ::testing::AssertionFailure() << "byte " << b * kBlockBytes + i << " is " << int{is[i]} << ", was "
                                               << int{now[i]} << (list == versions.end() ? ", unchanged" : "");
        }
      }
    }
    return ::testing::AssertionSuccess();
  }
};

using Names = std::map<std::string, int>;  ///< name → model file

class Model {
 public:
  Model(std::uint32_t seed, bool power_cuts)
      : random_(seed), make_(seed + 1), power_cuts_(power_cuts), hook_(random_), volume_(first_files()) {
    hook_.forget();
    for (const auto& [name, content] : first_) add(name).content = content;
    names_since_sync_ = {names_};
  }

  void run(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(format("operation {}", i));
      step();
    }
    if (::testing::Test::HasFailure()) return;
    check_all();
    commit();
    crash();
  }

 private:
  const Files& first_files() {
    first_ = {{"one", make_.bytes(6 * kChunkBytes + 5000)},
              {"two", make_.bytes(100'000)},
              {"holes", Bytes(4 * kChunkBytes)},
              {"mixed", make_.bytes(3 * kChunkBytes)}};
    std::fill_n(first_["mixed"].begin() + 70'000, 150'000, std::uint8_t{0});
    std::ranges::copy(make_.bytes(5000), first_["holes"].begin() + 300'000);
    return first_;
  }
  std::uint32_t below(std::uint64_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

  ModelFile& add(const std::string& name) {
    names_[name] = next_;
    return files_[next_++];
  }
  bool pick(std::string& name) {
    if (names_.empty()) return false;
    auto at = names_.begin();
    std::advance(at, below(names_.size()));
    name = at->first;
    return true;
  }
  std::string some_name() { return format("f{}", below(14)); }
  ModelFile& file(const std::string& name) { return files_.at(names_.at(name)); }
  void named() { names_since_sync_.push_back(names_); }
  void journal_synced() { names_since_sync_ = {names_}; }

  void step() {
    const std::uint32_t dice = below(10'000);
    std::string name;
    if (dice < 7) return commit();
    if (dice < 11) return volume_.fail_to_commit();
    if (dice < 16) return volume_.give_up_a_commit();
    if (dice < 20) return crash();
    if (dice < 34) {
      if (below(3) == 0) volume_.state().last_flush = {};  // long ago
      return volume_->maintain();
    }
    if (dice < 60) return hydrate();
    if (dice < 66) {
      volume_.state().make_space(std::uint64_t{1 + below(10)} * kChunkBytes);
      return;
    }
    if (dice < 69) {
      volume_.state().force_checkpoint();
      return journal_synced();
    }
    if (dice < 150) return create();
    if (!pick(name)) return;
    if (dice < 200) return remove(name);
    if (dice < 280) return rename(name);
    if (dice < 420) return fsync(name);
    if (dice < 700) return truncate(name);
    if (dice < 1000) return allocate(name);
    if (dice < 5500) return write(name);
    check_range(name);
  }

  /// On one thread, so that a seed repeats what happened.
  void hydrate() {
    const std::uint64_t limit = std::uint64_t{1 + below(8)} * kChunkBytes;
    const bool all = below(3) == 0;
    while (volume_->hydrate(limit, 1) && all) {
    }
  }
  void create() {
    const std::string name = some_name();
    if (names_.contains(name) || names_.size() >= kFilesMax) return;
    volume_.create_file(kRootInode, name);
    add(name);
    named();
  }
  void remove(const std::string& name) {
    volume_->remove(kRootInode, name, false);
    names_.erase(name);
    named();
  }
  void rename(const std::string& name) {
    const std::string to = some_name();
    volume_->rename(kRootInode, name, kRootInode, to, false);
    const int number = names_.at(name);
    names_.erase(name);
    names_[to] = number;
    named();
  }
  void fsync(const std::string& name) {
    volume_->fsync(volume_.inode(name));
    file(name).synced();
    journal_synced();
  }
  void truncate(const std::string& name) {
    std::uint64_t size = below(kSizeMax);
    if (below(2) == 0) size = size / kBlockBytes * kBlockBytes;
    if (below(4) == 0) size = 0;
    volume_.truncate(volume_.inode(name), size);
    file(name).resize(size);
  }
  void allocate(const std::string& name) {
    ModelFile& model = file(name);
    const std::uint64_t offset = below(kSizeMax - 100'000);
    const std::uint64_t length = 1 + below(below(2) == 0 ? 10'000 : 100'000);
    const auto mode = static_cast<Volume::Allocate>(below(4));
    volume_->allocate(volume_.inode(name), offset, length, mode);
    const std::uint64_t end = offset + length;
    if (mode == Volume::Allocate::kPunchHole) {
      const std::uint64_t to = std::min<std::uint64_t>(end, model.content.size());
      if (offset < to) model.write(offset, Bytes(to - offset));
    } else if (mode == Volume::Allocate::kZeroRange) {
      model.write(offset, Bytes(length));
    } else if (mode == Volume::Allocate::kReserve && end > model.content.size()) {
      model.resize(end);
    }
  }
  void write(const std::string& name) {
    std::uint64_t offset = below(kSizeMax - 300'000);
    std::uint64_t size = 1 + below(3000);
    switch (below(6)) {
      case 0:  // a page
        offset = offset / 16384 * 16384;
        size = 16384;
        break;
      case 1:  // a log's piece
        offset = offset / 512 * 512;
        size = 512;
        break;
      case 2:  // an append
        offset = std::min<std::uint64_t>(file(name).content.size(), kSizeMax);
        break;
      case 3:
        if (below(10) == 0) size = 1 + below(300'000);
        break;
      default:
        break;
    }
    const Bytes data = make_.bytes(size);
    volume_->write(volume_.inode(name), offset, data);
    ModelFile& model = file(name);
    model.write(offset, data);
    if (model.version_count > kVersionsMax) fsync(name);
  }
  void check_range(const std::string& name) {
    const ModelFile& model = file(name);
    const std::uint64_t offset = below(kSizeMax);
    Bytes found(1 + below(below(8) == 0 ? 400'000 : 20'000));
    found.resize(volume_->read(volume_.inode(name), offset, found));
    const std::uint64_t begin = std::min<std::uint64_t>(offset, model.content.size());
    const std::uint64_t end =
        std::min<std::uint64_t>(offset + std::max<std::size_t>(found.size(), 1), model.content.size());
    const Bytes expected(model.content.begin() + static_cast<std::ptrdiff_t>(begin),
                         model.content.begin() + static_cast<std::ptrdiff_t>(end));
    if (found != expected) {
      const auto [a, b] = std::ranges::mismatch(found, expected);
      ADD_FAILURE() << name << ": differs at " << offset + static_cast<std::uint64_t>(a - found.begin()) << " of "
                    << model.content.size() << ", read " << found.size() << " at " << offset;
    }
  }
  void check_all() {
    const Files found = volume_.files();
    ASSERT_EQ(found.size(), names_.size());
    for (const auto& [name, number] : names_) {
      EXPECT_TRUE(found.contains(name)) << name;
      EXPECT_TRUE(found.at(name) == files_.at(number).content) << name;
    }
  }
  Files expected() const {
    Files all;
    for (const auto& [name, number] : names_) all[name] = files_.at(number).content;
    return all;
  }
  void check_image(const vault::ImageName& image) {
    const Files found = volume_.files_of_image(image);
    const Files wanted = expected();
    ASSERT_EQ(found.size(), wanted.size());
    for (const auto& [name, content] : wanted) {
      ASSERT_TRUE(found.contains(name)) << name;
      const auto [a, b] = std::ranges::mismatch(found.at(name), content);
      EXPECT_TRUE(found.at(name) == content)
          << "image: " << name << " differs at " << a - found.at(name).begin() << " of " << content.size();
    }
  }
  void commit() {
    const vault::ImageInfo info = volume_->commit({});
    check_image(info.name);
    if (::testing::Test::HasFailure()) return;
    // The snapshot was synced with all that was in it.
    for (auto& [number, model] : files_) model.synced();
    journal_synced();
    check_all();
  }

  /// kill -9, or the end of the power as well.
  void crash() {
    const bool kill_only = power_cuts_ && below(3) == 0;
    volume_.close();
    if (power_cuts_ && !kill_only) hook_.cut();
    if (!kill_only) hook_.forget();
    volume_.open();
    const Files found = volume_.files();
    bool matched = false;
    for (const Names& names : names_since_sync_) {
      if (matched || names.size() != found.size()) continue;
      matched = std::ranges::equal(names, found, [](const auto& a, const auto& b) { return a.first == b.first; }) &&
                std::ranges::all_of(names, [&](const auto& entry) {
                  return bool{files_.at(entry.second).may_be(found.at(entry.first))};
                });
      if (matched) names_ = names;
    }
    if (!matched) {
      ADD_FAILURE() << "after a crash the volume is in no state it has been in";
      for (const auto& [name, number] : names_) {
        if (!found.contains(name)) {
          std::cerr << name << " is missing\n";
        } else if (const auto fits = files_.at(number).may_be(found.at(name)); !fits) {
          std::cerr << name << ": " << fits.message() << '\n';
        }
      }
      return;
    }
    if (kill_only) {  // what it left is not on the disk for that: the power may still take it
      for (const auto& [name, number] : names_) files_.at(number).replace(found.at(name));
      return named();
    }
    std::map<int, ModelFile> kept;
    for (const auto& [name, number] : names_) kept[number].content = found.at(name);
    files_ = std::move(kept);
    journal_synced();
  }

  std::mt19937 random_;
  vault::ContentMaker make_;
  bool power_cuts_;
  InstalledHook<PowerCut> hook_;
  Files first_;
  TestVolume volume_;
  std::map<int, ModelFile> files_;
  Names names_;
  int next_ = 0;
  std::vector<Names> names_since_sync_;
};

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void run_model(bool power_cuts) {
  const auto seed = static_cast<std::uint32_t>(setting("LIFEBOAT_MODEL_SEED", std::random_device()()));
  const std::uint64_t operations = setting("LIFEBOAT_MODEL_OPS", 10'000);
  std::cout << "LIFEBOAT_MODEL_SEED=" << seed << " LIFEBOAT_MODEL_OPS=" << operations << "\n" << std::flush;
  Model(seed, power_cuts).run(operations);
}

TEST(VolumeModel, AgreesThroughKills) {
  run_model(false);
}
TEST(VolumeModel, AgreesThroughPowerCuts) {
  run_model(true);
}

}  // namespace
}  // namespace lifeboat::volume
