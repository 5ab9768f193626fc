#include "volume/launch_list.h"

#include <map>
#include <optional>

#include "base/error.h"
#include "vault/format.h"
#include "vault/image_object.h"
#include "vault/sealed_object.h"
#include "volume/block_set.h"

namespace lifeboat::volume {

namespace {

constexpr int kAncestorsMax = 64;
constexpr std::size_t kPathBytesMax = 4096;

/// The object that holds the newest list of each image.
std::map<vault::ImageName, store::ObjectInfo> newest_lists(vault::Vault& vault) {
  std::map<vault::ImageName, store::ObjectInfo> newest;
  vault.store().list(vault::kLaunchPrefix, [&](const store::ObjectInfo& object) {
    const std::size_t dash = object.name.rfind('-');
    if (dash == std::string::npos || dash < vault::kLaunchPrefix.size()) return;
    const vault::ImageName image = object.name.substr(vault::kLaunchPrefix.size(), dash - vault::kLaunchPrefix.size());
    const auto [entry, added] = newest.try_emplace(image, object);
    if (!added && entry->second.modified <= object.modified) entry->second = object;
  });
  return newest;
}

}  // namespace

Bytes encode_launch_list(const std::vector<LaunchRun>& runs) {
  std::map<std::string_view, std::uint64_t> numbers;
  std::vector<std::string_view> paths;
  for (const LaunchRun& run : runs) {
    if (numbers.try_emplace(run.path, paths.size()).second) paths.push_back(run.path);
  }
  Encoder out;
  out.varint(paths.size());
  for (const std::string_view path : paths) out.text(path);
  out.varint(runs.size());
  for (const LaunchRun& run : runs) {
    out.varint(numbers.at(run.path));
    out.varint(run.first);
    out.varint(run.count);
  }
  return out.take();
}

std::vector<LaunchRun> decode_launch_list(ByteView payload) {
  Decoder in(payload, "launch list");
  std::vector<std::string> paths(in.count());
  for (std::string& path : paths) path = in.text(kPathBytesMax);
  std::vector<LaunchRun> runs(in.count(3));
  for (LaunchRun& run : runs) {
    const std::uint64_t path = in.varint();
    if (path >= paths.size()) in.bad("path number out of range");
    run.path = paths[path];
    run.first = in.varint();
    run.count = in.varint();
    if (run.first > kChunkNumberMax || run.count > kChunkNumberMax) in.bad("chunk number out of range");
  }
  in.expect_end();
  return runs;
}

void store_launch_list(vault::Vault& vault, const vault::ImageName& image, const std::vector<LaunchRun>& runs) {
  const std::string name = format("{}{}-{}", vault::kLaunchPrefix, image, vault::id_text(vault::random_id()));
  vault::put_object(vault, vault::ObjectKind::kLaunch, name, encode_launch_list(runs));
}

std::vector<LaunchRun> load_launch_list(vault::Vault& vault, const vault::ImageName& image) {
  const auto lists = newest_lists(vault);
  if (lists.empty()) return {};
  vault::ImageName at = image;
  for (int i = 0; i < kAncestorsMax && !at.empty(); ++i) {
    const auto list = lists.find(at);
    if (list != lists.end()) {
      return decode_launch_list(vault::get_object(vault, vault::ObjectKind::kLaunch, list->second.name));
    }
    try {
      at = vault::load_image(vault, at).info.parent;
    } catch (const Exception& error) {
      if (error.code() != Code::kNotFound) throw;
      break;  // the ancestor was let go
    }
  }
  return {};
}

}  // namespace lifeboat::volume
