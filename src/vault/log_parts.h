/// The log parts in a vault: put, listed, read, removed. A part is write-once like every object; a log grows by parts
/// at its end, and small ones are replaced by one that holds their bytes together.
///
/// Threads: functions without state, from any. Errors: the store's; kCorruption naming the part. Durability: a part
/// that was put survives as the store's objects do.
#pragma once

#include <vector>

#include "base/units.h"
#include "vault/log_part.h"
#include "vault/vault.h"

namespace lifeboat::vault {

struct ListedLogPart {
  LogPartName name;
  std::uint64_t stored_bytes = 0;
  SystemTime stored;  ///< by the store's clock: what it holds was written before
};

/// Every part of every log, or of one; in the order of logs, files and bytes. Names that are none are left out.
std::vector<ListedLogPart> list_log_parts(Vault& vault);
std::vector<ListedLogPart> list_log_parts(Vault& vault, const Id& stream);

/// `name` from new_log_part, used once: after an error another try takes another name.
void put_log_part(Vault& vault, const LogPartName& name, ByteView metadata, ByteView content);
LogPart read_log_part(Vault& vault, const LogPartName& name);
/// Costs one ranged get of a few KiB.
Bytes read_log_metadata(Vault& vault, const ListedLogPart& part);
void remove_log_part(Vault& vault, const LogPartName& name);

}  // namespace lifeboat::vault
