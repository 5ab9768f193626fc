/// What scrubs have proved and when, remembered in the vault. Layout: docs/internals/vault-format.md, "scrub/<id>".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "vault/vault.h"

namespace lifeboat::vault {

struct KnownDamage {
  std::string object;  ///< its name
  std::string what;
  SystemTime since;
};

/// The `what` of an object that was about to be replaced by a copy's when last heard of.
inline constexpr std::string_view kHealingNotEnded = "its healing did not end";

struct ScrubLog {
  SystemTime time;                           ///< of the newest scrub; 1970 if there was none
  std::map<std::string, SystemTime> proven;  ///< object name → when last read and found whole
  std::vector<KnownDamage> damage;           ///< found and not proven whole since
};

/// The sum of all scrub objects. Damaged ones are left out: what they prove is proved again.
ScrubLog read_scrub_log(Vault& vault);
/// Puts the log as one object and removes the ones there were before it was read (best effort: credentials that can't
/// remove leave them).
void replace_scrub_log(Vault& vault, const ScrubLog& log, const std::vector<std::string>& before);
std::vector<std::string> scrub_objects(Vault& vault);
/// Notes, before it is removed, that an object is about to be replaced: nothing else may refer to it, so the next scrub
/// has to know whom to miss. Durable when it returns the note's name, which is to be removed when the object is back.
std::string put_healing_note(Vault& vault, const std::string& object);

}  // namespace lifeboat::vault
