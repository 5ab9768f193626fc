#include "file_model.h"

#include <algorithm>

#include "base/format.h"

namespace lifeboat::fs_model {
namespace {

constexpr std::uint64_t kSectorBytes = 512;

}  // namespace

Bytes FileModel::sector(std::uint64_t number) const {
  Bytes out(kSectorBytes);
  const std::uint64_t from = number * kSectorBytes;
  if (from < content_.size()) {
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(from),
                std::min<std::uint64_t>(kSectorBytes, content_.size() - from), out.begin());
  }
  return out;
}

void FileModel::remember(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  for (std::uint64_t number = offset / kSectorBytes; number <= (offset + length - 1) / kSectorBytes; ++number) {
    Bytes now = sector(number);
    std::vector<Bytes>& versions = earlier_[number];
    if (std::ranges::find(versions, now) == versions.end()) versions.push_back(std::move(now));
  }
}

void FileModel::write(std::uint64_t offset, ByteView bytes) {
  if (offset + bytes.size() > content_.size()) resize(offset + bytes.size());
  remember(offset, bytes.size());
  std::ranges::copy(bytes, content_.begin() + static_cast<std::ptrdiff_t>(offset));
}

void FileModel::resize(std::uint64_t size) {
  const std::uint64_t low = std::min<std::uint64_t>(size, content_.size());
  remember(low, std::max<std::uint64_t>(size, content_.size()) - low);
  content_.resize(size);
  sizes_.insert(size);
}

void FileModel::zero(std::uint64_t offset, std::uint64_t length) {
  remember(offset, length);
  std::fill_n(content_.begin() + static_cast<std::ptrdiff_t>(offset), length, std::uint8_t{0});
}

void FileModel::synced() {
  earlier_.clear();
  sizes_ = {content_.size()};
}

std::optional<std::string> FileModel::objection(ByteView found) const {
  if (!sizes_.contains(found.size())) return format("{} bytes long, now {}", found.size(), content_.size());
  for (std::uint64_t number = 0; number * kSectorBytes < found.size(); ++number) {
    const std::uint64_t from = number * kSectorBytes;
    const ByteView there = found.subspan(from, std::min<std::uint64_t>(kSectorBytes, found.size() - from));
    const auto is_there = [&](const Bytes& version) {
      return std::ranges::equal(there, ByteView(version).first(there.size()));
    };
    if (is_there(sector(number))) continue;
    const auto versions = earlier_.find(number);
    if (versions != earlier_.end() && std::ranges::any_of(versions->second, is_there)) continue;
    return format("offset {}: {}, which it never held since its last sync ({} versions)", from,
                  all_zero(there) ? "zeros" : "bytes", versions == earlier_.end() ? 1 : versions->second.size() + 1);
  }
  return std::nullopt;
}

void FileModel::becomes(Bytes found) {
  content_ = std::move(found);
  synced();
}

}  // namespace lifeboat::fs_model
