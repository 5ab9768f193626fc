/// Sessions: objects that say somebody is at work, so that a prune spares what they build on or read.
/// Protocol: docs/internals/vault-format.md, "Pruning". Safety never depends on clocks: whoever takes a session for
/// dead says so in the vault, under the name that the owner would use next, so that its owner finds out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/units.h"
#include "vault/image.h"
#include "vault/vault.h"

namespace lifeboat::vault {

enum class SessionKind {
  kWrite,  ///< builds an image on what is there
  kRead,   ///< needs one image to stay
  kKeep,   ///< a volume that needs one image to stay, whether a process serves it now or not
  kPrune,  ///< decides what goes; one at a time
};
std::string_view session_kind_name(SessionKind kind);

/// How long after its last renewal a session counts as alive.
inline constexpr std::chrono::minutes kSessionLifetime{10};
/// The same of a volume that is not mounted: as long as the log is kept by default.
inline constexpr std::chrono::hours kKeepLifetime{35 * 24};

/// One of ours, registered by the constructor (before its owner reads marks), renewed by a thread of its own, ended by
/// finish or destruction. Where its host stood still for longer than the lifetime (a laptop asleep, a paused machine)
/// it counts as dead meanwhile; if nobody has said so in the vault it goes on with its next renewal, else a reader
/// begins anew and a writer learns it from check(). Removing its objects is best effort: credentials that can't remove
/// leave them to prune. Ownership: borrows the vault. Threads: safe from any thread. Errors: the store's.
class Session {
 public:
  /// `image` for kRead and kKeep; `holder` for kKeep: what stays the same from one process of a volume to the next.
  Session(Vault& vault, SessionKind kind, ImageName image = {}, std::string holder = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// From now on it says that its owner has read these marks and obeys them.
  void obey(const std::vector<Id>& marks);
  /// Renews at once. Throws kConflict if somebody has ended it: then what its owner builds on may be gone.
  void check();
  /// Ends it. False if somebody else had ended it before.
  [[nodiscard]] bool finish();
  /// Renews it no more, and does not end it: it counts as alive until it expires.
  void leave();

  Id id() const;
  /// The store's clock as of the last renewal, and what has passed since.
  SystemTime store_now() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Keeps an image from being swept while it is read for long (an export), as far as can be: with credentials
/// that only read, or a store that fails, there is no session but a warning, since nothing may stop a rescue.
class ReadSession {
 public:
  ReadSession(Vault& vault, const ImageName& image);

 private:
  std::optional<Session> session_;
};

/// Anybody's, as found in the vault.
struct SessionInfo {
  Id id{};
  std::uint64_t number = 0;  ///< of its newest object
  SessionKind kind = SessionKind::kWrite;
  std::string host;
  std::int64_t pid = 0;
  SystemTime started;
  SystemTime expires;
  ImageName image;
  std::string holder;  ///< of kKeep
  std::set<Id> knows;  ///< marks
  bool ended = false;
  bool dead = false;   ///< expired, or its process is known to be gone; it may still need to be ended
  std::string damage;  ///< empty if it can be read; else it counts as a writer that knows nothing, until it expires

  bool alive() const { return !ended && !dead; }
  /// "pid 71 on host db1 (write)", "a volume of host db1 (keep, until 2026-11-22 10:00:00Z)".
  std::string text() const;
};

/// Every session there is, ended and dead ones too.
std::vector<SessionInfo> list_sessions(Vault& vault);
/// Ends the dead and returns those that are alive.
std::vector<SessionInfo> live_sessions(Vault& vault);
/// Ends it whether it is dead or not. False if its owner went on meanwhile.
bool end_session(Vault& vault, const SessionInfo& session);
/// Removes the objects of an ended session.
void remove_session(Vault& vault, const SessionInfo& session);
/// Ends the sessions of kind kKeep that `holder` has, `except` these. Removing their objects is best effort.
void end_keeping(Vault& vault, std::string_view holder, const std::set<Id>& except = {});

}  // namespace lifeboat::vault
