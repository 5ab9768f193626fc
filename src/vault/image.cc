#include "vault/image.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "vault/format.h"
#include "vault/image_object.h"
#include "vault/marks.h"

namespace lifeboat::vault {

namespace {

/// Gets running at once while listing a store with latency.
constexpr std::size_t kParallelLoads = 16;

/// Names of the images that are there and not hidden, ascending, so newest last.
std::vector<ImageName> visible_images(Vault& vault, std::vector<std::string>* misnamed = nullptr) {
  const std::set<ImageName> hidden = hidden_images(vault);
  std::vector<ImageName> names;
  vault.store().list(kImagesPrefix, [&](const store::ObjectInfo& object) {
    ImageName name = object.name.substr(kImagesPrefix.size());
    if (!valid_image_name(name)) {
      if (misnamed != nullptr) misnamed->push_back(format("{}: not the name of an image", object.name));
    } else if (!hidden.contains(name)) {
      names.push_back(std::move(name));
    }
  });
  std::ranges::sort(names);
  return names;
}

struct Loaded {
  std::optional<ImageInfo> info;  ///< empty: gone meanwhile, or see error
  std::optional<Error> error;
};

Loaded load(Vault& vault, const ImageName& name) {
  try {
    return {load_image(vault, name).info, std::nullopt};
  } catch (...) {
    Error error = current_error();
    if (error.code == Code::kNotFound) return {};  // swept since it was listed
    return {std::nullopt, std::move(error)};
  }
}

std::vector<Loaded> load_all(Vault& vault, const std::vector<ImageName>& names) {
  std::vector<Loaded> loaded(names.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < names.size(); i = next++) loaded[i] = load(vault, names[i]);
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t threads = vault.store().latency().count() > 0 ? std::min(kParallelLoads, names.size()) : 1;
    while (helpers.size() + 1 < threads) helpers.emplace_back(work);
    work();
  }
  return loaded;
}

}  // namespace

std::vector<ImageInfo> list_images(Vault& vault, std::vector<std::string>* damaged) {
  const std::vector<ImageName> names = visible_images(vault, damaged);
  std::vector<ImageInfo> images;
  for (Loaded& loaded : load_all(vault, names)) {
    if (loaded.info) images.push_back(std::move(*loaded.info));
    if (!loaded.error) continue;
    const bool reportable = loaded.error->code == Code::kCorruption || loaded.error->code == Code::kUnsupported;
    if (damaged == nullptr || !reportable) throw Exception(std::move(*loaded.error));
    damaged->push_back(loaded.error->text());
  }
  return images;
}

std::map<ImageName, SystemTime> stored_images(Vault& vault) {
  std::map<ImageName, SystemTime> stored;
  vault.store().list(kImagesPrefix, [&](const store::ObjectInfo& object) {
    stored[object.name.substr(kImagesPrefix.size())] = object.modified;
  });
  return stored;
}

std::set<ImageName> names_of(const std::vector<ImageInfo>& images) {
  std::set<ImageName> names;
  for (const ImageInfo& image : images) names.insert(image.name);
  return names;
}

ImageName resolve_image(Vault& vault, std::string_view text) {
  const std::vector<ImageName> names = visible_images(vault);
  if (names.empty()) {
    fail(Code::kNotFound, format("image {}: the vault holds no image", text),
         "Make one with: lifeboat image import DIR");
  }
  if (text == "latest") return names.back();
  std::vector<ImageName> fitting;
  std::ranges::copy_if(names, std::back_inserter(fitting),
                       [&](const ImageName& name) { return name.starts_with(text); });
  if (text.empty() || fitting.empty()) {
    fail(Code::kNotFound, format("there is no image '{}'", text),
         format("The newest is {}; list them with: lifeboat image ls", names.back()));
  }
  if (fitting.size() > 1) {
    fail(Code::kUsage,
         format("'{}' fits {} images, from {} to {}", text, fitting.size(), fitting.front(), fitting.back()),
         "Give more of the name, or say latest.");
  }
  return fitting.front();
}

json::object image_to_json(const ImageInfo& info) {
  json::object object{
      {"image", info.name},   {"time", format_time(info.time)}, {"bytes", info.bytes},   {"new_bytes", info.new_bytes},
      {"files", info.files},  {"parent", info.parent},          {"origin", info.origin}, {"top", nullptr},
      {"server", info.server}};
  if (info.top) object["top"] = {{"mode", info.top->mode}, {"uid", info.top->uid}, {"gid", info.top->gid}};
  return object;
}

}  // namespace lifeboat::vault
