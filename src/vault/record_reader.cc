#include <map>
#include <mutex>

#include "base/error.h"
#include "codec/compress.h"
#include "vault/keys.h"
#include "vault/pack_format.h"
#include "vault/records.h"

namespace lifeboat::vault {

namespace {

/// A cached key takes some 200 bytes; deriving one again takes microseconds.
constexpr std::size_t kCachedKeysMax = 4096;

void open_record(const codec::SealKey& key, const RecordRef& ref, RecordKind kind, ByteView sealed, ByteSpan out) {
  const auto kind_byte = static_cast<std::uint8_t>(kind);
  if (key.open(pack_nonce(ref.offset), ByteView(&kind_byte, 1), sealed, out)) return;
  fail(Code::kCorruption, format("{}: damaged", record_text(ref, kind)), kDamageHint);
}

PayloadCodec check_codec(std::uint8_t codec, const RecordRef& ref, RecordKind kind) {
  if (codec > static_cast<std::uint8_t>(PayloadCodec::kZstdPrefix)) {
    fail(Code::kCorruption, format("{}: unknown codec {}", record_text(ref, kind), codec));
  }
  return static_cast<PayloadCodec>(codec);
}

void check_ref(const RecordRef& ref, RecordKind kind) {
  if (ref.length < kRecordOverheadBytes || ref.length > kRecordBytesMax || ref.offset < kHeaderBytes) {
    fail(Code::kCorruption, format("{}: impossible length {}", record_text(ref, kind), ref.length));
  }
}

}  // namespace

std::string_view kind_name(RecordKind kind) {
  switch (kind) {
    case RecordKind::kChunk:
      return "chunk";
    case RecordKind::kDelta:
      return "delta";
    case RecordKind::kNode:
      return "node";
    case RecordKind::kIndex:
      return "index";
  }
  return "record of unknown kind";
}

std::string record_text(const RecordRef& ref, RecordKind kind) {
  return format("pack {}: {} at {}", id_text(ref.pack), kind_name(kind), ref.offset);
}

Bytes Record::content(std::size_t max_size) const {
  if (codec_ == PayloadCodec::kZstd) return codec::decompress(payload(), max_size);
  if (codec_ != PayloadCodec::kNone) fail(Code::kCorruption, "a record made against a prefix stands alone");
  if (size_ > max_size) fail(Code::kCorruption, "a record is larger than allowed");
  const ByteView bytes = payload();
  return {bytes.begin(), bytes.end()};
}

PackRange::PackRange(Id pack, std::shared_ptr<const codec::SealKey> key, std::uint32_t offset, std::size_t size)
    : pack_(pack),
      key_(std::move(key)),
      offset_(offset),
      size_(size),
      sealed_(std::make_shared_for_overwrite<std::uint8_t[]>(size)) {}

bool PackRange::contains(const RecordRef& ref) const {
  return ref.pack == pack_ && ref.offset >= offset_ &&
         std::uint64_t{ref.offset} + ref.length <= std::uint64_t{offset_} + size_;
}

void PackRange::open(const RecordRef& ref, RecordKind kind, Record& into) const {
  check_ref(ref, kind);
  LIFEBOAT_CHECK(contains(ref));
  const std::size_t size = ref.length - codec::kSealTagBytes;
  into.buffer_.resize(size);
  open_record(*key_, ref, kind, ByteView(sealed_.get(), size_).subspan(ref.offset - offset_, ref.length), into.buffer_);
  into.size_ = size - 1;
  into.codec_ = check_codec(into.buffer_[0], ref, kind);
}

struct RecordReader::State {
  explicit State(Vault& vault_in) : vault(vault_in) {}

  std::shared_ptr<const codec::SealKey> key(const Id& pack) {
    {
      const std::lock_guard lock(mutex);
      if (const auto found = keys.find(pack); found != keys.end()) return found->second;
    }
    auto key = std::make_shared<const codec::SealKey>(vault.keys().pack_key(pack));
    const std::lock_guard lock(mutex);
    if (keys.size() >= kCachedKeysMax) keys.clear();
    return keys.emplace(pack, std::move(key)).first->second;
  }

  Vault& vault;
  std::mutex mutex;
  std::map<Id, std::shared_ptr<const codec::SealKey>> keys;
};

RecordReader::RecordReader(Vault& vault) : state_(std::make_unique<State>(vault)) {}
RecordReader::~RecordReader() = default;

void RecordReader::read(const RecordRef& ref, RecordKind kind, Record& into) {
  check_ref(ref, kind);
  into.buffer_.resize(ref.length);
  state_->vault.store().get_range(pack_name(ref.pack), ref.offset, into.buffer_);
  const std::size_t size = ref.length - codec::kSealTagBytes;
  open_record(*state_->key(ref.pack), ref, kind, into.buffer_, ByteSpan(into.buffer_).first(size));
  into.size_ = size - 1;
  into.codec_ = check_codec(into.buffer_[0], ref, kind);
}

Record RecordReader::read(const RecordRef& ref, RecordKind kind) {
  Record record;
  read(ref, kind, record);
  return record;
}

PackRange RecordReader::fetch(const Id& pack, std::uint32_t offset, std::uint32_t size) {
  PackRange range(pack, state_->key(pack), offset, size);
  state_->vault.store().get_range(pack_name(pack), offset, ByteSpan(range.sealed_.get(), size));
  return range;
}

}  // namespace lifeboat::vault
