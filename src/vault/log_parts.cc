#include "vault/log_parts.h"

#include <algorithm>

#include "vault/format.h"

namespace lifeboat::vault {
namespace {

/// Enough for the metadata of nearly every part.
constexpr std::size_t kFirstGetBytes = 2048;

std::vector<ListedLogPart> list_under(Vault& vault, const std::string& prefix) {
  std::vector<ListedLogPart> parts;
  vault.store().list(prefix, [&](const store::ObjectInfo& object) {
    if (const auto name = parse_log_part_object(object.name)) parts.push_back({*name, object.size, object.modified});
  });
  return parts;
}

}  // namespace

std::vector<ListedLogPart> list_log_parts(Vault& vault) {
  return list_under(vault, std::string(kLogsPrefix));
}

std::vector<ListedLogPart> list_log_parts(Vault& vault, const Id& stream) {
  return list_under(vault, log_stream_prefix(stream));
}

void put_log_part(Vault& vault, const LogPartName& name, ByteView metadata, ByteView content) {
  vault.store().put(log_part_object(name), seal_log_part(vault.keys(), name, metadata, content));
}

LogPart read_log_part(Vault& vault, const LogPartName& name) {
  return open_log_part(vault.keys(), name, vault.store().get(log_part_object(name), kLogObjectBytesMax));
}

Bytes read_log_metadata(Vault& vault, const ListedLogPart& part) {
  const std::string object = log_part_object(part.name);
  Bytes head(static_cast<std::size_t>(std::min<std::uint64_t>(part.stored_bytes, kFirstGetBytes)));
  vault.store().get_range(object, 0, head);
  const std::size_t extent = log_metadata_extent(vault.keys(), part.name, head);
  if (extent > head.size() && extent <= part.stored_bytes) {
    head.resize(extent);
    vault.store().get_range(object, 0, head);
  }
  return open_log_metadata(vault.keys(), part.name, head);
}

void remove_log_part(Vault& vault, const LogPartName& name) {
  vault.store().remove(log_part_object(name));
}

}  // namespace lifeboat::vault
