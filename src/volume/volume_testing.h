/// For the tests of the engine: a vault with one image, a volume over it that can be killed, and disks that break.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "store/store_testing.h"
#include "vault/image_testing.h"
#include "vault/import.h"
#include "vault/vault_testing.h"
#include "volume/io_hook.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

/// A store that stops taking writes or giving reads when told to, and lets a test step in between.
class SwitchedStore : public store::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  std::atomic<bool> refuse_writes{false};
  std::atomic<bool> refuse_reads{false};
  std::function<void()> before_next_list;  ///< called once
  std::function<void(std::string_view name)> after_put;

  void put(std::string_view name, ByteView bytes) override {
    check(refuse_writes);
    ForwardingStore::put(name, bytes);
    if (after_put) after_put(name);
  }
  std::unique_ptr<store::ObjectWriter> create(std::string_view name) override {
    check(refuse_writes);
    return ForwardingStore::create(name);
  }
  void get_range(std::string_view name, std::uint64_t offset, ByteSpan out) override {
    check(refuse_reads);
    ForwardingStore::get_range(name, offset, out);
  }
  Bytes get(std::string_view name, std::size_t max_size) override {
    check(refuse_reads);
    return ForwardingStore::get(name, max_size);
  }
  void list(std::string_view prefix, const std::function<void(const store::ObjectInfo&)>& each) override {
    if (before_next_list) std::exchange(before_next_list, nullptr)();
    ForwardingStore::list(prefix, each);
  }

 private:
  static void check(bool refuse) {
    if (refuse) fail(Code::kUnavailable, "store: switched off by the test");
  }
};

/// Installed for as long as it lives.
template <typename Hook>
class InstalledHook : public Hook {
 public:
  template <typename... Args>
  explicit InstalledHook(Args&&... args) : Hook(std::forward<Args>(args)...) {
    IoHook::installed = this;
  }
  ~InstalledHook() override { IoHook::installed = nullptr; }
};

using Files = std::map<std::string, Bytes>;

/// Bytes that no other seed has.
inline Bytes pattern(std::size_t size, std::uint32_t seed) {
  return vault::ContentMaker(seed).bytes(size);
}

/// Writes `in` into `content`, which grows if it has to.
inline void put(Bytes& content, std::uint64_t offset, ByteView in) {
  if (content.size() < offset + in.size()) content.resize(offset + in.size());
  std::ranges::copy(in, content.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// A vault, an image of `files` in it, and a volume over that.
class TestVolume {
 public:
  explicit TestVolume(const Files& files, VolumeOptions options = {}) : options_(options) {
    auto store = std::make_unique<SwitchedStore>(vault_files_.open_store());
    store_ = store.get();
    vault_ = vault::Vault::open(std::move(store), vault::credential(vault::TestVault::kPassphrase));
    const TempDir source;
    for (const auto& [path, content] : files) vault::write_content(source.path() / path, content);
    image_ = vault::import_directory(*vault_, {.directory = source.path()}).name;
    Volume::create(directory(), *vault_, image_);
    open();
  }

  Path directory() const { return local_.path() / "volume"; }
  vault::Vault& vault() { return *vault_; }
  SwitchedStore& store() { return *store_; }
  const vault::ImageName& image() const { return image_; }
  Volume& operator*() { return *volume_; }
  Volume* operator->() { return volume_.get(); }
  Volume::State& state() { return *state_; }

  void close() { volume_.reset(); }
  void open(bool with_vault = true) {
    auto state = std::make_unique<Volume::State>(directory(), options_);
    if (with_vault) state->attach(*vault_);
    state_ = state.get();
    volume_ = std::make_unique<Volume>(std::move(state));
  }
  /// A new volume of the same image.
  void start_over() {
    close();
    std::filesystem::remove_all(directory());
    Volume::create(directory(), *vault_, image_);
    open();
  }
  /// As kill -9: nothing is synced, nothing is told.
  void kill_and_open() {
    close();
    open();
  }

  InodeNumber inode(std::string_view path) {
    InodeNumber at = kRootInode;
    while (!path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      at = volume_->lookup(at, path.substr(0, slash)).inode;
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return at;
  }
  Bytes content(InodeNumber number) {
    Bytes out(volume_->attributes(number).size);
    EXPECT_EQ(volume_->read(number, 0, out), out.size());
    return out;
  }
  Bytes content(std::string_view path) { return content(inode(path)); }
  Files files() {
    Files all;
    collect(kRootInode, "", all);
    return all;
  }
  Files files_of_image(const vault::ImageName& name) {
    vault::ImageReader reader(*vault_, name);
    Files all;
    reader.for_each_entry([&](const vault::FileEntry& entry) {
      if (entry.type != vault::FileType::kFile) return;
      Bytes& content = all[entry.path];
      content.resize(vault::chunk_count(entry.size) * kChunkBytes);
      reader.for_each_chunk(entry, 0, vault::chunk_count(entry.size),
                            [&](std::uint64_t chunk, const vault::ChunkRef& ref) {
                              reader.read_chunk(ref, ByteSpan(content).subspan(chunk * kChunkBytes, kChunkBytes));
                            });
      content.resize(entry.size);
    });
    return all;
  }
  /// As if the vault were away.
  void fail_to_commit() {
    store().refuse_writes = true;
    EXPECT_THROW(volume_->commit({}), Exception);
    store().refuse_writes = false;
  }
  /// After the snapshot, so that nothing of the frozen layers is synced.
  void give_up_a_commit() {
    CommitProgress progress;
    EXPECT_THROW(volume_->commit({}, progress, [](vault::ImageInfo&) { fail(Code::kTimeout, "given up"); }), Exception);
  }
  InodeNumber create_file(InodeNumber parent, std::string_view name) {
    return volume_->create(parent, name, vault::FileType::kFile, 0600, 0, 0).inode;
  }
  void truncate(InodeNumber number, std::uint64_t size) { volume_->set_attributes(number, {.size = size}); }

 private:
  void collect(InodeNumber directory, const std::string& prefix, Files& all) {
    for (const DirectoryEntry& entry : volume_->list(directory)) {
      if (entry.type == vault::FileType::kDirectory) collect(entry.inode, prefix + entry.name + "/", all);
      if (entry.type == vault::FileType::kFile) all[prefix + entry.name] = content(entry.inode);
    }
  }

  vault::CacheInTempDir cache_;
  vault::TestVault vault_files_;
  TempDir local_;
  VolumeOptions options_;
  SwitchedStore* store_ = nullptr;
  std::unique_ptr<vault::Vault> vault_;
  vault::ImageName image_;
  Volume::State* state_ = nullptr;
  std::unique_ptr<Volume> volume_;
};

}  // namespace lifeboat::volume
