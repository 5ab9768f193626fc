/// What a vault holds of relays' logs: which sources and incarnations, in which files, found from the vault alone.
///
/// Threads: functions without state. Errors: the store's. A part that is damaged is passed over where another tells the
/// same; a log of which no part can be read is reported through `damaged`.
#pragma once

#include <string>
#include <vector>

#include "relay/log_part_record.h"
#include "vault/log_cover.h"

namespace lifeboat::relay {

struct SealedFile {
  std::vector<vault::ListedLogPart> parts;  ///< all there are, also superseded ones
  vault::LogCover cover() const { return vault::cover_log_file(parts); }
};

/// One incarnation of a source, as one relay kept it.
struct SealedLog {
  vault::Id stream{};
  std::string source;
  std::string incarnation;
  std::string note;
  std::vector<SealedFile> files;  ///< oldest first
  SystemTime last_stored;
};

/// By source and incarnation; of two relays' logs of the same incarnation the one that grew last comes last.
std::vector<SealedLog> list_sealed_logs(vault::Vault& vault, std::vector<std::string>& damaged);

/// What the first part that can be read says. Throws kCorruption if none can.
LogPartRecord first_record(vault::Vault& vault, const SealedFile& file);

}  // namespace lifeboat::relay
