/// Making a volume's local state and opening it again. Layout: docs/internals/volume-format.md.
#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/cancel.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "base/units.h"
#include "volume/description.h"
#include "volume/volume_state.h"

namespace lifeboat::volume {

namespace {

constexpr std::string_view kDescription = "volume.json";

std::string parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

/// The image's entries as the journal's first checkpoint.
std::vector<Bytes> first_checkpoint(vault::ImageReader& reader, std::string_view image) {
  Catalog catalog(nullptr);
  catalog.image = image;
  const vault::TopDirectory top = reader.info().top.value_or(vault::TopDirectory{.mode = 0755});
  catalog.add({.inode = 1, .type = vault::FileType::kDirectory, .mode = top.mode, .uid = top.uid, .gid = top.gid});
  std::map<std::string, std::uint64_t, std::less<>> directories{{"", 1}};
  reader.for_each_entry([&](const vault::FileEntry& entry) {
    throw_if_cancelled();
    const auto parent = directories.find(parent_path(entry.path));
    if (parent == directories.end()) {
      fail(Code::kCorruption, format("image {}: {} lies in no directory", image, entry.path));
    }
    if (entry.size > kFileBytesMax) {
      fail(Code::kUnsupported, format("image {}: {} is larger than a volume's files can be ({})", image, entry.path,
                                      format_size(kFileBytesMax)));
    }
    const std::uint64_t inode = catalog.take_inode_number();
    catalog.add({.inode = inode,
                 .parent = parent->second,
                 .name = entry.path.substr(entry.path.rfind('/') + 1),
                 .type = entry.type,
                 .mode = entry.mode,
                 .uid = entry.uid,
                 .gid = entry.gid,
                 .mtime_ns = entry.mtime_ns,
                 .size = entry.size,
                 .link_target = entry.link_target,
                 .image_path = entry.path,
                 .image_size = entry.size});
    if (entry.type == vault::FileType::kDirectory) directories.emplace(entry.path, inode);
  });
  return catalog.checkpoint();
}

Description read_description(const Path& directory) {
  const Path path = directory / kDescription;
  const std::optional<Bytes> text = find_and_read_file(path);
  if (!text) {
    fail(Code::kNotFound, format("{}: no volume here", directory.string()),
         "`lifeboat volume ls` shows the volumes of this host.");
  }
  return decode_description(*text, path.string());
}

}  // namespace

void Volume::State::create(const Path& directory, vault::ImageReader& reader, std::string_view image,
                           std::string_view vault_name) {
  make_directories(directory / "data");
  const FileLock lease(directory / "lease", format("volume {}", directory.string()));
  if (find_file(directory / kDescription, O_RDONLY).valid()) {
    fail(Code::kExists, format("{}: there is a volume here already", directory.string()));
  }
  for (const std::string_view name : {"journal.0", "journal.1"}) std::filesystem::remove(directory / name);
  Journal::create(directory, first_checkpoint(reader, image));
  // Last: this is what makes it a volume.
  write_file_durably(directory / kDescription, encode_description({.id = random_hex(16),
                                                                   .image = std::string(image),
                                                                   .vault = std::string(vault_name),
                                                                   .created = format_time(now())}));
  sync_directory(directory.parent_path());
}

Volume::State::State(Path where, VolumeOptions wanted)
    : directory(std::move(where)),
      data_directory(directory / "data"),
      options(wanted),
      lease((read_description(directory), directory / "lease"), format("volume {}", directory.string())),
      catalog([this](std::uint64_t number) { return std::make_shared<DataFile>(data_directory, number, space); }) {
  vault_name = read_description(directory).vault;
  const Bytes opened = encode_record(OpenedRecord{random_number()});
  journal = std::make_unique<Journal>(
      directory,
      [this](ByteView payload) {
        Decoder in(payload, directory.string() + ": journal");
        while (in.left() > 0) catalog.replay(decode_record(in));
      },
      opened);
  finish_replay();
}

void Volume::State::finish_replay() {
  std::set<std::string> known;
  const auto count = [&](const DataFilePtr& data) {
    if (!data) return true;
    known.insert(DataFile::file_name(data->number()));
    return data->count_existing();
  };
  catalog.for_each([&](const NodePtr& node) {
    if (!node->file) return;
    File& file = *node->file;
    for (const LayerRole role : {LayerRole::kCurrent, LayerRole::kFrozen}) {
      const Layer* layer = file.layer(role).get();
      if (layer != nullptr && layer->data) layer->data->doubt();
      if (layer == nullptr || count(layer->data) || layer->marks.empty()) continue;
      // Marks speak of durable data (rule 1): it would read as zeros.
      fail(Code::kCorruption,
           format("volume {}: data file {} is missing, with changes of {}", directory.string(),
                  DataFile::file_name(layer->data->number()), catalog.path(*node)),
           "The local state of this volume is damaged. Its image in the vault is not: make a new volume from that.");
    }
    count(file.base);
    // What was written beyond the size that is durable is not there, and must not come back when the file grows.
    // Journaled, so that a crash before the zeros are durable has them written again.
    if (file.current && file.current->shrink(node->size)) {
      append(ResizeRecord{node->number, node->size, node->mtime_ns});
    }
    if (file.frozen && !catalog.frozen_committed && file.frozen->shrink(node->size)) {
      append(layer_record(node->number, LayerRole::kFrozen, *file.frozen));  // a resize is of the current layer
    }
    zero_tails(file);
  });
  for (const std::string& name : list_directory(data_directory)) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    catalog.next_data = std::max(catalog.next_data.load(), number + 1);
    if (!known.contains(name)) std::filesystem::remove(data_directory / name);
  }
}

void Volume::State::zero_tails(File& file) {
  for (const LayerRole role : {LayerRole::kCurrent, LayerRole::kFrozen}) {
    Layer* layer = file.layer(role).get();
    if (layer == nullptr || !layer->data) continue;
    for (const Layer::Tail& tail : layer->tails) {
      const std::uint64_t rest = kBlockBytes - tail.offset % kBlockBytes;
      layer->data->write(Bytes(rest), tail.offset);
    }
  }
}

void Volume::create(const Path& directory, vault::Vault& vault, const vault::ImageName& image) {
  vault::ImageReader reader(vault, image);
  State::create(directory, reader, image, vault.cache_name());
}

void Volume::State::attach(vault::Vault& to) {
  if (vault_name != to.cache_name()) {
    fail(Code::kRefused, format("volume {}: made from another vault", directory.string()),
         "Name the vault that its image lies in.");
  }
  reader = std::make_shared<vault::ImageReader>(to, catalog.image);
  vault = &to;
}

std::unique_ptr<Volume> Volume::open(const Path& directory, vault::Vault* vault, VolumeOptions options) {
  auto volume = open_local(directory, options);
  if (vault != nullptr) {
    volume->attach(*vault);
  } else if (!volume->status().hydrated) {
    fail(Code::kUnavailable, format("volume {}: not fully local yet, and no vault given", directory.string()),
         "Open it with its vault.");
  }
  return volume;
}

std::unique_ptr<Volume> Volume::open_local(const Path& directory, VolumeOptions options) {
  return std::make_unique<Volume>(std::make_unique<State>(directory, options));
}

void Volume::attach(vault::Vault& vault) {
  state_->attach(vault);
}

VolumeStatus Volume::inspect(const Path& directory) {
  return State(directory, {}).status();
}

Volume::Volume(std::unique_ptr<State> state) : state_(std::move(state)) {}
Volume::~Volume() = default;

}  // namespace lifeboat::volume
