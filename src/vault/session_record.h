/// What a session object says, and who on which machine wrote it. Layout: docs/internals/vault-format.md, "sessions".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/session.h"

namespace lifeboat::vault {

/// Where a process runs, as far as pids mean something there.
struct ProcessPlace {
  std::string host;
  std::string machine;  ///< boot id and pid namespace; empty if not known
  std::int64_t pid = 0;
  std::uint64_t start = 0;

  static ProcessPlace ours();
  /// True only if that process ran where we run and is there no longer.
  bool gone() const;
};

struct SessionRecord {
  SessionInfo info;  ///< all but id, number, dead, damage
  ProcessPlace place;
};

std::string encode_session(const SessionRecord& record);
SessionRecord decode_session(std::string_view payload);

std::string session_object_name(const Id& id, std::uint64_t number);
struct SessionObject {
  Id id{};
  std::uint64_t number = 0;
};
/// Empty if it is not the name of a session object.
std::optional<SessionObject> parse_session_object_name(std::string_view name);

inline constexpr std::string_view kEndedWord = "ended";

}  // namespace lifeboat::vault
