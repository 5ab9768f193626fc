#include "vault/image_writer.h"

#include "base/error.h"
#include "vault/confirm_image.h"
#include "vault/image_object.h"
#include "vault/image_writer_internal.h"
#include "vault/sealed_object.h"
#include "vault/tree_builder.h"

namespace lifeboat::vault {

namespace {

using Changes = std::map<std::string, std::optional<FileEntry>>;

/// Runs over the parent's tree and the changes side by side; what did not change goes over leaf by leaf.
class Merge {
 public:
  Merge(NodeReader& nodes, TreeBuilder& out, Changes& changes)
      : nodes_(nodes), out_(out), changes_(changes), next_(changes.begin()) {}

  /// `end` is the first path of what comes after the node; null: nothing does.
  void node(const DirectoryNode& node, const std::string* end) {
    if (node.level == 0) {
      leaf(node, end);
      return;
    }
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const DirectoryChild& child = node.children[i];
      const std::string* child_end = i + 1 < node.children.size() ? &node.children[i + 1].first_path : end;
      if (node.level == 1 && !has_changes_before(child_end) && !out_.wants_more()) {
        out_.add_leaf(child);
      } else {
        this->node(*nodes_.directory_node(child.record, static_cast<std::uint8_t>(node.level - 1)), child_end);
      }
    }
  }

  void rest() { changes_before(nullptr); }
  std::int64_t bytes_added() const { return bytes_; }
  std::int64_t files_added() const { return files_; }

 private:
  bool has_changes_before(const std::string* end) const {
    return next_ != changes_.end() && (end == nullptr || next_->first < *end);
  }

  void leaf(const DirectoryNode& node, const std::string* end) {
    for (const FileEntry& entry : node.entries) {
      changes_before(&entry.path);
      if (next_ != changes_.end() && next_->first == entry.path) {
        count(entry, -1);
        put_next();
      } else {
        out_.add(entry);
      }
    }
    changes_before(end);
  }

  void changes_before(const std::string* end) {
    while (has_changes_before(end)) put_next();
  }

  void put_next() {
    std::optional<FileEntry>& entry = (next_++)->second;
    if (!entry) return;
    count(*entry, 1);
    out_.add(std::move(*entry));
  }

  void count(const FileEntry& entry, std::int64_t sign) {
    if (entry.type != FileType::kFile) return;
    files_ += sign;
    bytes_ += sign * static_cast<std::int64_t>(entry.size);
  }

  NodeReader& nodes_;
  TreeBuilder& out_;
  Changes& changes_;
  Changes::iterator next_;
  std::int64_t bytes_ = 0;
  std::int64_t files_ = 0;
};

std::uint64_t add_signed(std::uint64_t count, std::int64_t change) {
  return count + static_cast<std::uint64_t>(change);
}

/// The greatest name of an image in the vault; hidden ones count too: they may be undeleted.
ImageName newest_name(Vault& vault) {
  ImageName newest;
  vault.store().list(kImagesPrefix, [&](const store::ObjectInfo& object) {
    ImageName name = object.name.substr(kImagesPrefix.size());
    if (valid_image_name(name) && name > newest) newest = std::move(name);
  });
  return newest;
}

/// Puts the image object under a new name, at least a second after all that were there, and fills it in: "latest" is
/// the one published last, also among two of one second and when this host's clock is behind.
void put_image(Vault& vault, SystemTime time, ImageInfo& info, const DirectoryNode& root) {
  const Bytes payload = encode_image(info, root);
  const ImageName newest = std::max(newest_name(vault), info.parent);
  if (!newest.empty()) time = std::max(time, image_name_time(newest) + std::chrono::seconds(1));
  while (true) {
    info.name = make_image_name(time);
    try {
      put_object(vault, ObjectKind::kImage, format("{}{}", kImagesPrefix, info.name), payload);
      return;
    } catch (const Exception& e) {
      if (e.code() != Code::kExists) throw;
    }
  }
}

}  // namespace

ImageWriter::State::State(Vault& vault_in, ImageReader* parent_in, const WriterOptions& options)
    : vault(vault_in),
      parent(parent_in),
      session(vault_in, SessionKind::kWrite),
      hidden(read_hidden(vault_in)),
      packs(vault_in, hidden.packs),
      records(vault_in, options.pack_bytes),
      nodes(parent_in != nullptr ? parent_in->nodes() : own_nodes.emplace(vault_in, ReaderOptions{}.node_cache_bytes)),
      chunks(nodes.records(), vault_in.store().latency()),
      store({.prf = vault_in.keys().block_prf(),
             .writer = records,
             .reader = chunks,
             .packs = packs,
             .index = options.use_dedup_index ? &index.emplace(cache_directory(vault_in), vault_in.id()) : nullptr,
             .compression_level = options.compression_level}) {
  session.obey(hidden.marks);
  if (parent == nullptr) return;
  // Opened before the session was registered, so it may have been marked, or even swept, since.
  const ImageName& name = parent->info().name;
  if (hidden.images.contains(name) || !vault.store().find(format("{}{}", kImagesPrefix, name))) {
    fail(Code::kConflict, format("image {} was just marked for removal", name),
         "Choose another image as the parent, or take its removal back with: lifeboat vault undelete");
  }
}

ImageWriter::ImageWriter(Vault& vault, ImageReader* parent, WriterOptions options)
    : state_(std::make_unique<State>(vault, parent, options)) {}
ImageWriter::~ImageWriter() = default;

ChunkRef ImageWriter::store_chunk(ByteView content, const ChunkRef& previous) {
  return state_->store.store(content, previous);
}

ChunkRef ImageWriter::update_chunk(BlockMask dirty, const ChunkSource& source, const ChunkRef& previous) {
  return state_->store.update(dirty, source, previous);
}

void ImageWriter::put_entry(FileEntry entry) {
  if (!valid_path(entry.path)) {
    fail(Code::kUnsupported, format("{}: an image cannot hold a path like this", entry.path));
  }
  std::string path = entry.path;
  state_->changes.insert_or_assign(std::move(path), std::move(entry));
}

void ImageWriter::remove_entry(std::string_view path) {
  state_->changes.insert_or_assign(std::string(path), std::nullopt);
}

ImageInfo ImageWriter::publish(ImageInfo info, bool inherit) {
  State& state = *state_;
  ImageReader* const inherited = inherit ? state.parent : nullptr;
  TreeBuilder tree(state.records);
  Merge merge(state.nodes, tree, state.changes);
  if (inherited != nullptr) merge.node(inherited->root(), nullptr);
  merge.rest();
  const DirectoryNode root = tree.finish();
  state.records.finish();

  info.parent = state.parent != nullptr ? state.parent->info().name : "";
  info.bytes = add_signed(inherited != nullptr ? inherited->info().bytes : 0, merge.bytes_added());
  info.files = add_signed(inherited != nullptr ? inherited->info().files : 0, merge.files_added());
  info.new_bytes = state.records.bytes_written();
  state.session.check();
  const SystemTime time = state.session.store_now();
  if (info.time == SystemTime{}) info.time = time;
  put_image(state.vault, time, info, root);
  if (!state.session.finish()) confirm_image(state.vault, info.name);
  return info;
}

std::uint64_t ImageWriter::bytes_stored() const {
  return state_->records.bytes_written();
}

}  // namespace lifeboat::vault
